/*---
id: ct-new-address
title: Long-term key from an address it never used before
severity: low
attack: [T1078.004]
sources: [cloudtrail]
packs: [orientation, initial-access]
params:
  - {name: baseline_hours, type: bigint, default: 6, doc: hours of use before an address counts as new}
next:
  - {id: ct-key-calls, with: {key: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-credentials-issued, with: {key: target}}
means: When and from where a key was first used out of its habit. The usual beginning of a leaked-key story.
noise: Laptops on the move, new machines. The habit is only as long as the logs.
cite: "Elastic new-terms rules, first occurrence of a principal and address; aws-security-analytics-bootstrap"
---*/
WITH uses AS (
  SELECT user_access_key_id, source_ip_address, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls,
    count(error_code) AS errors, count(DISTINCT event_name) AS apis, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, max(user_agent) AS user_agent
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_access_key_id LIKE 'AKIA%' AND user_invoked_by IS NULL
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
  GROUP BY user_access_key_id, source_ip_address
),
habits AS (
  SELECT *, min(first_time) OVER (PARTITION BY user_access_key_id) AS key_since FROM uses
)
SELECT first_time AS time, 'cloudtrail' AS source, principal, source_ip_address AS src_ip, user_access_key_id AS target,
  'first call from this address ' || CAST(date_diff('hour', key_since, first_time) AS VARCHAR) || ' h after the key was first seen' AS summary,
  calls, apis, errors, last_time, user_agent
FROM habits
WHERE first_time >= key_since + $baseline_hours * INTERVAL '1' HOUR
ORDER BY 1, 3, 4, 5, 6
