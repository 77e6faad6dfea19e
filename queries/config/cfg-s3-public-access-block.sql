/*---
id: cfg-s3-public-access-block
title: S3 bucket does not block public access
severity: medium
attack: [T1530]
sources: [config_items]
packs: [config, data]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: ct-anonymous-read}
means: One of the four blocks of public access is off or not set on the bucket.
noise: The account may block public access as a whole; public web sites are open on purpose.
cite: "AWS Security Hub control S3.8"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'bucket ' || s.resource_name || ' does not block all public access' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::S3::Bucket'
  AND (COALESCE(json_extract_scalar(s.supplementary_configuration, '$.PublicAccessBlockConfiguration.blockPublicAcls'), 'false') <> 'true' OR COALESCE(json_extract_scalar(s.supplementary_configuration, '$.PublicAccessBlockConfiguration.blockPublicPolicy'), 'false') <> 'true' OR COALESCE(json_extract_scalar(s.supplementary_configuration, '$.PublicAccessBlockConfiguration.ignorePublicAcls'), 'false') <> 'true' OR COALESCE(json_extract_scalar(s.supplementary_configuration, '$.PublicAccessBlockConfiguration.restrictPublicBuckets'), 'false') <> 'true')
ORDER BY 1, 5
