/*---
id: ct-secret-shared
title: "Secret opened by a resource policy, or copied to another region"
severity: medium
attack: [T1098, T1555.006]
sources: [cloudtrail]
packs: [persistence, credential-access]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-foreign-secret}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "Others can read the secret from here on, or read it where nobody looks."
noise: Planned sharing and disaster recovery.
cite: "AWS Secrets Manager User Guide, resource-based policies and replication; ATT&CK T1098"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.secretId'), json_extract_scalar(response_elements, '$.aRN')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' of ' || coalesce(json_extract_scalar(request_parameters, '$.secretId'), '?') || coalesce(' to ' || json_extract_scalar(request_parameters, '$.addReplicaRegions[0].region'), '') AS summary,
  json_extract_scalar(request_parameters, '$.resourcePolicy') AS resource_policy,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'secretsmanager.amazonaws.com' AND event_name IN ('PutResourcePolicy', 'ReplicateSecretToRegions')
ORDER BY 1, 3, 4, 5, 6
