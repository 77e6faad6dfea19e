/*---
id: cfg-iam-star-policy
title: IAM policy that allows everything
severity: high
attack: [T1098.003]
sources: [config_items]
packs: [config]
means: Whoever has the policy is administrator.
noise: Administrators; break-glass roles.
cite: "AWS Security Hub control IAM.1"
---*/
SELECT s.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  COALESCE(s.arn, s.resource_id) AS target, 'policy ' || s.resource_name || ' allows * on *' AS summary,
  s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.file_id, s.record_no
FROM config_states s
WHERE s.from_time < $until AND (s.to_time IS NULL OR s.to_time >= $until) AND s.configuration_item_status NOT LIKE '%Deleted%' 
  AND s.resource_type = 'AWS::IAM::Policy'
  AND (regexp_like(url_decode(json_extract_scalar(s.configuration, '$.policyVersionList[0].document')), '"Effect"\s*:\s*"Allow"') AND regexp_like(url_decode(json_extract_scalar(s.configuration, '$.policyVersionList[0].document')), '"Action"\s*:\s*(\[\s*)?"[*](:[*])?"') AND regexp_like(url_decode(json_extract_scalar(s.configuration, '$.policyVersionList[0].document')), '"Resource"\s*:\s*(\[\s*)?"[*]"'))
ORDER BY 1, 5
