/*---
id: ct-retention-shortened
title: Log group told to forget soon
severity: medium
attack: [T1685.002]
sources: [cloudtrail]
packs: [defense-evasion]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-logs-deleted}
means: "What is older than that is deleted within days, and without any call that deletes. Export the log group now."
noise: Test systems and costs. A log of production is kept longer.
cite: "Stratus Red Team aws.defense-evasion.cloudtrail-lifecycle-rule, the same idea; Elastic AWS CloudWatch short log retention; ATT&CK T1685.002"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.logGroupName') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || coalesce(json_extract_scalar(request_parameters, '$.logGroupName'), '?') || ' is kept for ' || json_extract_scalar(request_parameters, '$.retentionInDays') || ' days' AS summary,
  TRY(CAST(json_extract_scalar(request_parameters, '$.retentionInDays') AS BIGINT)) AS retention_days,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'logs.amazonaws.com' AND event_name = 'PutRetentionPolicy' AND TRY(CAST(json_extract_scalar(request_parameters, '$.retentionInDays') AS BIGINT)) <= 7
ORDER BY 1, 3, 4, 5, 6
