/*---
id: cfg-ebs-unencrypted
title: EBS volume that is not encrypted
severity: low
attack: [T1530]
sources: [config_items]
packs: [config]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
means: A snapshot of the volume can be shared and read by another account.
noise: Machines for tests, which hold nothing of worth.
cite: "AWS Security Hub control EC2.3"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'volume ' || s.resource_id || ' is not encrypted' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::EC2::Volume'
  AND (json_extract_scalar(s.configuration, '$.encrypted') = 'false')
ORDER BY 1, 5
