/*---
id: ct-firewall-removed
title: Network or DNS firewall deleted or taken off
severity: high
attack: [T1686.001]
sources: [cloudtrail]
packs: [triage, network, defense-evasion]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "Traffic and names pass that were blocked, and the firewall's alerts end."
noise: Firewalls rebuilt by their owners.
cite: "AWS Network Firewall API Reference; Amazon Route 53 Developer Guide, Resolver DNS Firewall; ATT&CK T1686.001"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.firewallName'), json_extract_scalar(request_parameters, '$.firewallArn'), json_extract_scalar(request_parameters, '$.firewallPolicyName'), json_extract_scalar(request_parameters, '$.ruleGroupName'), json_extract_scalar(request_parameters, '$.firewallRuleGroupAssociationId'), json_extract_scalar(request_parameters, '$.firewallRuleGroupId'), event_source) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'network-firewall.amazonaws.com' AND event_name IN ('DeleteFirewall', 'DeleteFirewallPolicy', 'DeleteRuleGroup', 'DisassociateSubnets', 'UpdateFirewallDeleteProtection'))
    OR (event_source = 'route53resolver.amazonaws.com' AND event_name IN ('DisassociateFirewallRuleGroup', 'DeleteFirewallRule', 'DeleteFirewallRuleGroup')))
  AND coalesce(json_extract_scalar(request_parameters, '$.deleteProtection'), 'false') = 'false'
ORDER BY 1, 3, 4, 5, 6
