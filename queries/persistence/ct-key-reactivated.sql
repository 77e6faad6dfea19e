/*---
id: ct-key-reactivated
title: Inactive access key switched on again
severity: medium
attack: [T1098.001]
sources: [cloudtrail]
packs: [persistence]
next:
  - {id: ct-key-calls, with: {key: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "A key that was taken out of use is in use again, also one that responders had just stopped."
noise: A rotation that was rolled back.
cite: "AWS IAM API Reference, UpdateAccessKey; ATT&CK T1098.001"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.accessKeyId') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || 'key of ' || coalesce(json_extract_scalar(request_parameters, '$.userName'), user_name, '?') || ' switched on' AS summary,
  json_extract_scalar(request_parameters, '$.userName') AS key_of,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'iam.amazonaws.com' AND event_name = 'UpdateAccessKey' AND lower(json_extract_scalar(request_parameters, '$.status')) = 'active'
ORDER BY 1, 3, 4, 5, 6
