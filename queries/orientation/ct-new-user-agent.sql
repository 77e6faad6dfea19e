/*---
id: ct-new-user-agent
title: Long-term key used by a program it never was used by
severity: low
attack: [T1078.004]
sources: [cloudtrail]
packs: [initial-access, orientation]
params:
  - {name: baseline_hours, type: bigint, default: 6, doc: hours of use before a thing counts as new}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "The key of a job is suddenly used from a command line, a browser tool or another language: by somebody else."
noise: A job that was rewritten; a developer who tries the key by hand. Versions of the same program count as one.
cite: "Elastic new-terms rules, first occurrence of a user agent; Panther AWS analyses of user agents"
---*/
WITH uses AS (
  SELECT user_access_key_id AS who, regexp_extract(user_agent, '^[^/ ]+', 0) AS what, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls, count(error_code) AS errors,
    max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, max(source_ip_address) AS src_ip, max(user_access_key_id) AS access_key_id
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_access_key_id LIKE 'AKIA%' AND user_invoked_by IS NULL AND user_agent <> ''
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
  GROUP BY user_access_key_id, regexp_extract(user_agent, '^[^/ ]+', 0)
),
habits AS (
  SELECT *, min(first_time) OVER (PARTITION BY who) AS known_since FROM uses
)
SELECT first_time AS time, 'cloudtrail' AS source, principal, src_ip, what AS target,
  'first use after ' || CAST(date_diff('hour', known_since, first_time) AS VARCHAR) || ' h' AS summary,
  calls, errors, last_time, known_since, access_key_id
FROM habits
WHERE first_time >= known_since + $baseline_hours * INTERVAL '1' HOUR
ORDER BY 1, 3, 4, 5, 6
