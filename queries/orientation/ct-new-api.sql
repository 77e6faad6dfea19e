/*---
id: ct-new-api
title: Principal calls a changing API it never called before
severity: low
attack: [T1078.004]
sources: [cloudtrail]
packs: [orientation]
params:
  - {name: baseline_hours, type: bigint, default: 6, doc: hours of use before a thing counts as new}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "A user or session does something it has no habit of, in a service where that matters."
noise: "New tasks, new releases of a tool. The habit is only as long as the logs; a short log makes everything new."
cite: "Elastic new-terms rules, first occurrence of an API for a principal"
---*/
WITH uses AS (
  SELECT coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS who, event_source || ' ' || event_name AS what, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls, count(error_code) AS errors,
    max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, max(source_ip_address) AS src_ip, max(user_access_key_id) AS access_key_id
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND read_only = FALSE AND user_invoked_by IS NULL AND error_code IS NULL
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
    AND event_source IN ('iam.amazonaws.com', 'ec2.amazonaws.com', 'sts.amazonaws.com', 'lambda.amazonaws.com', 'kms.amazonaws.com', 's3.amazonaws.com', 'rds.amazonaws.com', 'cloudtrail.amazonaws.com', 'ssm.amazonaws.com', 'secretsmanager.amazonaws.com')
  GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), event_source || ' ' || event_name
),
habits AS (
  SELECT *, min(first_time) OVER (PARTITION BY who) AS known_since FROM uses
)
SELECT first_time AS time, 'cloudtrail' AS source, principal, src_ip, what AS target,
  'first call after ' || CAST(date_diff('hour', known_since, first_time) AS VARCHAR) || ' h' AS summary,
  calls, errors, last_time, known_since, access_key_id
FROM habits
WHERE first_time >= known_since + $baseline_hours * INTERVAL '1' HOUR
ORDER BY 1, 3, 4, 5, 6
