/*---
id: cfg-s3-no-access-log
title: S3 bucket without server access logging
severity: low
attack: [T1685.002]
sources: [config_items]
packs: [config, data]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
means: Requests to the bucket leave no server access log; only CloudTrail data events, where they are on, show them.
noise: Log buckets themselves have none on purpose.
cite: "AWS Security Hub control S3.9"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'bucket ' || s.resource_name || ' writes no access log' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::S3::Bucket'
  AND (COALESCE(json_extract_scalar(s.supplementary_configuration, '$.BucketLoggingConfiguration.destinationBucketName'), '') = '')
ORDER BY 1, 5
