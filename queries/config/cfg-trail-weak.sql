/*---
id: cfg-trail-weak
title: Trail that does not cover everything or cannot be verified
severity: medium
attack: [T1685.002]
sources: [config_items]
packs: [config]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: ct-trail-impaired}
means: What happens in other Regions, or in IAM, leaves no record there; or its files cannot be proven.
noise: "Another trail may do it: look at all of the account's."
cite: "AWS Security Hub controls CloudTrail.1 and CloudTrail.4"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'trail ' || s.resource_name || CASE WHEN json_extract_scalar(s.configuration, '$.isMultiRegionTrail') = 'false' THEN ', one Region only' ELSE '' END || CASE WHEN json_extract_scalar(s.configuration, '$.logFileValidationEnabled') = 'false' THEN ', no log file validation' ELSE '' END || CASE WHEN json_extract_scalar(s.configuration, '$.includeGlobalServiceEvents') = 'false' THEN ', no global services' ELSE '' END AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::CloudTrail::Trail'
  AND (json_extract_scalar(s.configuration, '$.isMultiRegionTrail') = 'false' OR json_extract_scalar(s.configuration, '$.logFileValidationEnabled') = 'false' OR json_extract_scalar(s.configuration, '$.includeGlobalServiceEvents') = 'false')
ORDER BY 1, 5
