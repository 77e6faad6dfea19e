/*---
id: ct-encryption-weakened
title: KMS key disabled or to be deleted, default encryption off
severity: high
attack: [T1485, T1685]
sources: [cloudtrail]
packs: [triage, defense-evasion, impact, data]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: What is encrypted under a deleted key is lost. Without default encryption a shared snapshot can be read.
noise: Old keys being retired; check that nothing uses them.
cite: "AWS Key Management Service Developer Guide, Deleting keys; Elastic AWS KMS Customer Managed Key Disabled or Scheduled for Deletion, AWS EC2 Encryption Disabled"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.keyId'), aws_region) AS target,
  event_name || coalesce(' in ' || json_extract_scalar(request_parameters, '$.pendingWindowInDays') || ' days', '')
    || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'kms.amazonaws.com' AND event_name IN ('DisableKey', 'ScheduleKeyDeletion', 'DeleteImportedKeyMaterial'))
    OR (event_source = 'ec2.amazonaws.com' AND event_name = 'DisableEbsEncryptionByDefault'))
ORDER BY 1, 3, 4, 5, 6
