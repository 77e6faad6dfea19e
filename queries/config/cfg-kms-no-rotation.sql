/*---
id: cfg-kms-no-rotation
title: KMS key that is not rotated
severity: low
attack: [T1552]
sources: [config_items]
packs: [config]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
means: The key's material stays the same for ever.
noise: Asymmetric keys and imported material cannot be rotated.
cite: "AWS Security Hub control KMS.4"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'key ' || s.resource_id || ' is not rotated' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::KMS::Key'
  AND (COALESCE(json_extract_scalar(s.configuration, '$.keyManager'), 'CUSTOMER') = 'CUSTOMER' AND COALESCE(json_extract_scalar(s.configuration, '$.keyState'), 'Enabled') = 'Enabled' AND COALESCE(json_extract_scalar(s.supplementary_configuration, '$.KeyRotationStatus'), 'true') = 'false')
ORDER BY 1, 5
