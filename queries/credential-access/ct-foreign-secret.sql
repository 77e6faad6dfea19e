/*---
id: ct-foreign-secret
title: Secret of one account read by another
severity: high
attack: [T1555.006]
sources: [cloudtrail]
packs: [triage, credential-access]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "A secret leaves its account, by a resource policy that allows it."
noise: Shared accounts for tools that hold the secrets of all. Compare with the secret's policy.
cite: "AWS Secrets Manager User Guide, access from a different account; Panther and Elastic rules on GetSecretValue; ATT&CK T1555.006"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.secretId') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || 'account ' || user_account_id || ' read ' || regexp_extract(json_extract_scalar(request_parameters, '$.secretId'), '[^:]+$', 0) AS summary,
  user_account_id AS reader_account_id,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'secretsmanager.amazonaws.com' AND event_name IN ('GetSecretValue', 'BatchGetSecretValue')
  AND regexp_extract(coalesce(json_extract_scalar(request_parameters, '$.secretId'), ''), '^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:([0-9]{12}):', 1) <> ''
  AND regexp_extract(coalesce(json_extract_scalar(request_parameters, '$.secretId'), ''), '^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:([0-9]{12}):', 1) <> user_account_id
ORDER BY 1, 3, 4, 5, 6
