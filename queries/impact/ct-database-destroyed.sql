/*---
id: ct-database-destroyed
title: Database deleted or its master password changed
severity: high
attack: [T1485, T1531]
sources: [cloudtrail]
packs: [triage, impact, data]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: A database or file system goes, the more so without a final snapshot, or its owner is locked out of it.
noise: Test databases; rotation changes passwords through Secrets Manager, which is left out.
cite: "SigmaHQ aws_rds_change_master_password; Elastic AWS Deletion of RDS Instance or Cluster; ATT&CK T1485 Data Destruction, T1531 Account Access Removal"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.dBClusterIdentifier'), json_extract_scalar(request_parameters, '$.dBInstanceIdentifier'),
    json_extract_scalar(request_parameters, '$.fileSystemId'), json_extract_scalar(request_parameters, '$.name')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END
    || CASE WHEN event_name LIKE 'Modify%' THEN 'master password changed'
      WHEN json_extract_scalar(request_parameters, '$.skipFinalSnapshot') = 'true' THEN event_name || ' without a final snapshot'
      ELSE event_name END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND user_invoked_by IS NULL
  AND ((event_source = 'rds.amazonaws.com'
      AND (event_name IN ('DeleteDBInstance', 'DeleteDBCluster', 'DeleteGlobalCluster')
        OR (event_name IN ('ModifyDBInstance', 'ModifyDBCluster')
          AND json_extract_scalar(request_parameters, '$.masterUserPassword') IS NOT NULL)))
    OR (event_source = 'elasticfilesystem.amazonaws.com' AND event_name = 'DeleteFileSystem')
    OR (event_source = 'eks.amazonaws.com' AND event_name = 'DeleteCluster'))
ORDER BY 1, 3, 4, 5, 6
