/*---
id: cfg-s3-public-policy
title: S3 bucket policy lets anybody in
severity: high
attack: [T1530]
sources: [config_items]
packs: [config, data]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: ct-anonymous-read}
  - {id: ct-resource-shared}
means: A statement of the bucket policy allows the principal *.
noise: A condition on the organization, VPC or address may narrow it; the policy is in the finding.
cite: "AWS Security Hub controls S3.2 and S3.3"
---*/
SELECT DISTINCT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'the policy of bucket ' || s.resource_name || ' allows every principal' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name,
  json_extract_scalar(s.supplementary_configuration, '$.BucketPolicy.policyText') AS policy, s.file_id, s.record_no
FROM (
  SELECT config_states.*, COALESCE(json_elements(TRY(json_format(json_extract(json_extract_scalar(supplementary_configuration, '$.BucketPolicy.policyText'), '$.Statement')))), json_elements('[' || TRY(json_format(json_extract(json_extract_scalar(supplementary_configuration, '$.BucketPolicy.policyText'), '$.Statement'))) || ']')) AS statements
  FROM config_states
  WHERE resource_type = 'AWS::S3::Bucket' AND supplementary_configuration LIKE '%BucketPolicy%'
) s
CROSS JOIN UNNEST(s.statements) AS p (statement)
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND json_extract_scalar(p.statement, '$.Effect') = 'Allow'
  AND (json_format(json_extract(p.statement, '$.Principal')) = '"*"' OR regexp_like(json_format(json_extract(p.statement, '$.Principal.AWS')), '(^|[\[,]\s*)"[*]"'))
ORDER BY 1, 5
