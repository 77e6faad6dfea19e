/*---
id: ct-new-account-pair
title: Account enters another for the first time
severity: medium
attack: [T1199, T1550.001]
sources: [cloudtrail]
packs: [lateral-movement]
params:
  - {name: baseline_hours, type: bigint, default: 24, doc: hours of the log in which pairs are taken for habit}
next:
  - {id: ct-key-calls, with: {key: new_access_key_id}}
  - {id: ct-role-callers, with: {role: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Accounts enter one another along few, constant ways. A new way is a new supplier, a new tool, or an intruder on the move."
noise: The habit is only as long as the logs; new accounts.
cite: "AWS CloudTrail Lake query samples, cross-account AssumeRole; AWS Incident Response Playbooks, compromised IAM credentials; ATT&CK T1199"
---*/
WITH pairs AS (
  SELECT user_account_id AS from_account, regexp_extract(json_extract_scalar(request_parameters, '$.roleArn'), ':([0-9]{12}):role/', 1) AS to_account,
    min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, max(source_ip_address) AS src_ip,
    min(json_extract_scalar(request_parameters, '$.roleArn')) AS role_arn, max(user_access_key_id) AS access_key_id, max(json_extract_scalar(response_elements, '$.credentials.accessKeyId')) AS new_access_key_id, max(user_agent) AS user_agent
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'sts.amazonaws.com' AND event_name = 'AssumeRole' AND error_code IS NULL AND user_type <> 'AWSService'
  GROUP BY user_account_id, regexp_extract(json_extract_scalar(request_parameters, '$.roleArn'), ':([0-9]{12}):role/', 1)
),
habits AS (
  SELECT *, min(first_time) OVER () AS known_since FROM pairs
)
SELECT first_time AS time, 'cloudtrail' AS source, principal, src_ip, role_arn AS target,
  'account ' || from_account || ' enters ' || to_account || ' for the first time, ' || CAST(date_diff('hour', known_since, first_time) AS VARCHAR) || ' h into the log' AS summary,
  from_account, to_account, calls, last_time, access_key_id, new_access_key_id, user_agent
FROM habits
WHERE from_account <> to_account AND to_account <> '' AND first_time >= known_since + $baseline_hours * INTERVAL '1' HOUR
ORDER BY 1, 3, 4, 5, 6
