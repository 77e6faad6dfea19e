-- Which configurations fall short: resources that do not comply, as recorded last.
SELECT config_rule_name, resource_type, resource_id, annotation, result_recorded_time
FROM config_compliance_now
WHERE compliance_type = 'NON_COMPLIANT'
ORDER BY config_rule_name, resource_id;

-- Rules by resources that do not comply.
SELECT * FROM config_rules ORDER BY non_compliant DESC, config_rule_name;

-- When resources stopped complying.
SELECT result_recorded_time, config_rule_name, resource_id, old_compliance_type, compliance_type
FROM config_compliance
WHERE compliance_type = 'NON_COMPLIANT' AND (old_compliance_type IS NULL OR old_compliance_type <> 'NON_COMPLIANT')
ORDER BY result_recorded_time;

-- Evaluations of one resource.
SELECT result_recorded_time, config_rule_name, compliance_type, annotation FROM config_compliance WHERE resource_id = 'sg-0a1b2c3d' ORDER BY result_recorded_time;

-- Rules that could not tell.
SELECT config_rule_name, resource_id, annotation FROM config_compliance WHERE compliance_type = 'INSUFFICIENT_DATA' ORDER BY 1, 2;
