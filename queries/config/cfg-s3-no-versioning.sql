/*---
id: cfg-s3-no-versioning
title: S3 bucket without versioning
severity: low
attack: [T1485]
sources: [config_items]
packs: [config, data]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: ct-versioning-then-delete}
means: What is overwritten or deleted in the bucket is gone. Suspended shows that somebody turned it off.
noise: Buckets for temporary data.
cite: "AWS Security Hub control S3.14"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'versioning of bucket ' || s.resource_name || ' is ' || COALESCE(json_extract_scalar(s.supplementary_configuration, '$.BucketVersioningConfiguration.status'), 'not set') AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::S3::Bucket'
  AND (COALESCE(json_extract_scalar(s.supplementary_configuration, '$.BucketVersioningConfiguration.status'), 'Off') <> 'Enabled')
ORDER BY 1, 5
