/*---
id: cfg-vpc-no-flow-log
title: VPC without flow log
severity: medium
attack: [T1685.002]
sources: [config_items]
packs: [config, network]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-logs-deleted}
means: "Config knows the VPC and no flow log on it: its traffic leaves no record."
noise: A flow log on subnets or interfaces; Config not recording flow logs.
cite: "AWS Security Hub control EC2.6"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip, s.resource_id AS target,
  s.resource_id || ' has no flow log' AS summary, s.aws_account_id, s.aws_region, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::EC2::VPC'
  AND NOT EXISTS (
    SELECT 1 FROM config_states f
    WHERE f.resource_type = 'AWS::EC2::FlowLog' AND json_extract_scalar(f.configuration, '$.resourceId') = s.resource_id
      AND f.from_time < $until AND (f.to_time IS NULL OR f.to_time >= $until) AND f.configuration_item_status NOT LIKE '%Deleted%')
ORDER BY 1, 5
