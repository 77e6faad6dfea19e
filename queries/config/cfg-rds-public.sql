/*---
id: cfg-rds-public
title: RDS instance that the internet can reach
severity: high
attack: [T1190]
sources: [config_items]
packs: [config, data]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: flow-admin-port-from-internet}
means: The instance has a public address; its security groups alone keep people out.
noise: Demonstrations and training accounts.
cite: "AWS Security Hub control RDS.2"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'database ' || s.resource_name || ' is publicly accessible' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::RDS::DBInstance'
  AND (json_extract_scalar(s.configuration, '$.publiclyAccessible') = 'true')
ORDER BY 1, 5
