/*---
id: cfg-rds-unprotected
title: RDS instance without encryption or backups
severity: medium
attack: [T1490]
sources: [config_items]
packs: [config, data]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: ct-database-destroyed}
means: Its snapshots can be shared in the clear, or nothing is left when it is deleted.
noise: Read replicas have no backups of their own.
cite: "AWS Security Hub controls RDS.3 and RDS.11"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'database ' || s.resource_name || CASE WHEN json_extract_scalar(s.configuration, '$.storageEncrypted') = 'false' THEN ' is not encrypted' ELSE '' END || CASE WHEN json_extract_scalar(s.configuration, '$.backupRetentionPeriod') = '0' THEN ' has no backups' ELSE '' END AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::RDS::DBInstance'
  AND (json_extract_scalar(s.configuration, '$.storageEncrypted') = 'false' OR json_extract_scalar(s.configuration, '$.backupRetentionPeriod') = '0')
ORDER BY 1, 5
