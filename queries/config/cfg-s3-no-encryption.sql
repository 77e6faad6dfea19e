/*---
id: cfg-s3-no-encryption
title: S3 bucket without default encryption
severity: low
attack: [T1530]
sources: [config_items]
packs: [config, data]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
means: Config recorded no default encryption for the bucket.
noise: Since 2023 S3 encrypts new objects with its own key anyway; older items show the setting itself.
cite: "AWS Security Hub control S3.4"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'bucket ' || s.resource_name || ' has no default encryption recorded' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::S3::Bucket'
  AND (COALESCE(s.supplementary_configuration, '{}') NOT LIKE '%ServerSideEncryptionConfiguration%')
ORDER BY 1, 5
