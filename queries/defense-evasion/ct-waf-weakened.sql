/*---
id: ct-waf-weakened
title: WAF protection taken away
severity: high
attack: [T1686.001]
sources: [cloudtrail]
packs: [triage, defense-evasion, web]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: waf-attack-allowed}
means: A web ACL, rule group or IP set was deleted, or a load balancer or API cut loose from its web ACL.
noise: Deployments that replace web ACLs associate the new one in the same minute.
cite: "Elastic AWS WAF Access Control List Deletion and AWS WAF Rule or Rule Group Deletion; ATT&CK T1686.001"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.resourceArn'), json_extract_scalar(request_parameters, '$.name'),
    json_extract_scalar(request_parameters, '$.webACLId'), json_extract_scalar(request_parameters, '$.ruleId'),
    json_extract_scalar(request_parameters, '$.id'), event_source) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source IN ('wafv2.amazonaws.com', 'waf.amazonaws.com', 'waf-regional.amazonaws.com')
  AND event_name IN ('DeleteWebACL', 'DisassociateWebACL', 'DeleteRuleGroup', 'DeleteRule', 'DeleteRateBasedRule',
    'DeleteIPSet', 'DeleteFirewallManagerRuleGroups')
ORDER BY 1, 3, 4, 5, 6
