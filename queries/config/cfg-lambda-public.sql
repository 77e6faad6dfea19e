/*---
id: cfg-lambda-public
title: Lambda function that anybody may invoke
severity: high
attack: [T1648]
sources: [config_items]
packs: [config]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: ct-lambda-public}
means: The function's own policy allows the principal *.
noise: A function URL with its own authorization.
cite: "AWS Security Hub control Lambda.1"
---*/
SELECT DISTINCT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'function ' || s.resource_name || ' may be invoked by anybody' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM (
  SELECT config_states.*, COALESCE(json_elements(TRY(json_format(json_extract(COALESCE(json_extract_scalar(supplementary_configuration, '$.Policy'), json_format(json_extract(supplementary_configuration, '$.Policy'))), '$.Statement')))), json_elements('[' || TRY(json_format(json_extract(COALESCE(json_extract_scalar(supplementary_configuration, '$.Policy'), json_format(json_extract(supplementary_configuration, '$.Policy'))), '$.Statement'))) || ']')) AS statements
  FROM config_states
  WHERE resource_type = 'AWS::Lambda::Function' AND supplementary_configuration LIKE '%Policy%'
) s
CROSS JOIN UNNEST(s.statements) AS p (statement)
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND json_extract_scalar(p.statement, '$.Effect') = 'Allow'
  AND (json_format(json_extract(p.statement, '$.Principal')) = '"*"' OR regexp_like(json_format(json_extract(p.statement, '$.Principal.AWS')), '(^|[\[,]\s*)"[*]"'))
ORDER BY 1, 5
