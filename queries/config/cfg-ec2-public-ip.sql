/*---
id: cfg-ec2-public-ip
title: Instance with a public address
severity: info
attack: [T1190]
sources: [config_items]
packs: [config]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: flow-admin-port-from-internet}
means: The instance can be reached from the internet as far as its security groups allow.
noise: Web servers and bastions have one on purpose.
cite: "AWS Security Hub control EC2.9"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'instance ' || s.resource_id || ' has the public address ' || json_extract_scalar(s.configuration, '$.publicIpAddress') AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name,
  json_extract_scalar(s.configuration, '$.publicIpAddress') AS public_ip, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::EC2::Instance'
  AND (COALESCE(json_extract_scalar(s.configuration, '$.publicIpAddress'), '') <> '')
ORDER BY 1, 5
