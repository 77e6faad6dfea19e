/*---
id: ct-backups-unguarded
title: "Backups left without lock, plan or policy"
severity: high
attack: [T1490]
sources: [cloudtrail]
packs: [triage, data, defense-evasion, impact]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-bulk-delete}
  - {id: ct-principal-calls, with: {principal: principal}}
means: What stood between the data and its loss is being taken away. Deletion follows.
noise: Plans replaced by new ones; then a CreateBackupPlan is near.
cite: "SigmaHQ aws_backup_vault_or_recovery_point_deleted; Elastic AWS Backup vault access policy modified; ATT&CK T1490"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.backupVaultName'), json_extract_scalar(request_parameters, '$.backupPlanId'), json_extract_scalar(request_parameters, '$.policyId'), json_extract_scalar(request_parameters, '$.tableName'), json_extract_scalar(request_parameters, '$.dBInstanceIdentifier'), json_extract_scalar(request_parameters, '$.dBClusterIdentifier'), event_source) AS target,
  event_name || CASE WHEN json_extract_scalar(request_parameters, '$.backupRetentionPeriod') = '0' THEN ' with no backups kept' ELSE '' END || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'backup.amazonaws.com' AND event_name IN ('DeleteBackupVaultLockConfiguration', 'DeleteBackupVaultAccessPolicy', 'PutBackupVaultAccessPolicy', 'DeleteBackupPlan', 'DeleteBackupSelection', 'UpdateRecoveryPointLifecycle', 'DisassociateRecoveryPoint', 'DisassociateBackupVaultMpaApprovalTeam'))
    OR (event_source = 'dlm.amazonaws.com' AND event_name = 'DeleteLifecyclePolicy')
    OR (event_source = 'dynamodb.amazonaws.com' AND event_name = 'UpdateContinuousBackups' AND json_extract_scalar(request_parameters, '$.pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled') = 'false')
    OR (event_source = 'rds.amazonaws.com' AND event_name IN ('ModifyDBInstance', 'ModifyDBCluster') AND json_extract_scalar(request_parameters, '$.backupRetentionPeriod') = '0'))
ORDER BY 1, 3, 4, 5, 6
