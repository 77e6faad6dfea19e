/*---
id: cfg-iam-star-policy
title: IAM policy that allows everything
severity: high
attack: [T1098.003]
sources: [config_items]
packs: [config]
next:
  - {id: ct-resource-calls, with: {name: resource_id}}
  - {id: ct-admin-policy}
means: Whoever has the policy is administrator.
noise: Administrators; break-glass roles.
cite: "AWS Security Hub control IAM.1"
---*/
SELECT DISTINCT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'policy ' || s.resource_name || ' allows * on *' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM (
  SELECT d.*, COALESCE(json_elements(TRY(json_format(json_extract(url_decode(json_extract_scalar(v.version, '$.document')), '$.Statement')))), json_elements('[' || TRY(json_format(json_extract(url_decode(json_extract_scalar(v.version, '$.document')), '$.Statement'))) || ']')) AS statements
  FROM (SELECT config_states.*, json_elements(json_format(json_extract(configuration, '$.policyVersionList'))) AS versions FROM config_states WHERE resource_type = 'AWS::IAM::Policy') d
  CROSS JOIN UNNEST(d.versions) AS v (version)
  WHERE COALESCE(json_extract_scalar(v.version, '$.isDefaultVersion'), 'true') = 'true'
) s
CROSS JOIN UNNEST(s.statements) AS p (statement)
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND json_extract_scalar(p.statement, '$.Effect') = 'Allow'
  AND regexp_like(json_format(json_extract(p.statement, '$.Action')), '(^|[\[,]\s*)"[*](:[*])?"') AND regexp_like(json_format(json_extract(p.statement, '$.Resource')), '(^|[\[,]\s*)"[*]"')
ORDER BY 1, 5
