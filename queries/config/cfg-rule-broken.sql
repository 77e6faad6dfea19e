/*---
id: cfg-rule-broken
title: Resource that stopped complying with a Config rule
severity: medium
attack: [T1685]
sources: [config_compliance]
packs: [config]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: x-config-change-by}
means: A Config rule found the resource in order before, or saw it for the first time, and now finds it is not.
noise: A new rule finds old faults.
cite: "AWS Config Developer Guide, evaluating resources"
---*/
SELECT c.result_recorded_time AS time, 'config_compliance' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip, c.resource_type || ' ' || c.resource_id AS target,
  c.resource_id || ' breaks ' || c.config_rule_name || COALESCE(': ' || c.annotation, '') AS summary, c.aws_account_id, c.aws_region, c.config_rule_name, c.old_compliance_type, c.file_id, c.record_no
FROM config_compliance c
WHERE c.compliance_type = 'NON_COMPLIANT' AND (c.old_compliance_type IS NULL OR c.old_compliance_type <> 'NON_COMPLIANT')
  AND c.result_recorded_time >= $since AND c.result_recorded_time < $until
ORDER BY 1, 5
