/*---
id: ct-service-credential
title: "Key for Git, Cassandra, Bedrock, SSH or signing made"
severity: medium
attack: [T1098.001]
sources: [cloudtrail]
packs: [persistence]
next:
  - {id: ct-principal-calls, with: {principal: target}}
  - {id: ct-resource-hijack}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: A credential that is no access key and so is forgotten when keys are revoked. Bedrock's lets anybody who has it invoke models.
noise: Developers of CodeCommit or Keyspaces.
cite: "AWS IAM User Guide, service-specific credentials; Amazon Bedrock User Guide, API keys; ATT&CK T1098.001"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.userName'), user_name) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' for ' || coalesce(json_extract_scalar(request_parameters, '$.userName'), user_name, '?') || coalesce(', ' || json_extract_scalar(request_parameters, '$.serviceName'), '') AS summary,
  json_extract_scalar(request_parameters, '$.serviceName') AS service_name,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'iam.amazonaws.com' AND event_name IN ('CreateServiceSpecificCredential', 'ResetServiceSpecificCredential', 'UploadSSHPublicKey', 'UploadSigningCertificate')
ORDER BY 1, 3, 4, 5, 6
