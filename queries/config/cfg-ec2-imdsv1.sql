/*---
id: cfg-ec2-imdsv1
title: Instance that serves credentials without a token (IMDSv1)
severity: medium
attack: [T1552.005]
sources: [config_items]
packs: [config]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: ct-instance-credentials-elsewhere}
means: A server-side request forgery on the instance can read its role's credentials.
noise: Old software that knows no tokens.
cite: "AWS Security Hub control EC2.8"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'instance ' || s.resource_id || ' allows IMDSv1' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::EC2::Instance'
  AND (json_extract_scalar(s.configuration, '$.metadataOptions.httpTokens') = 'optional' AND COALESCE(json_extract_scalar(s.configuration, '$.metadataOptions.httpEndpoint'), 'enabled') = 'enabled')
ORDER BY 1, 5
