/*---
id: ct-domain-taken
title: "Domain unlocked, handed over or pointed elsewhere"
severity: high
attack: [T1584.001]
sources: [cloudtrail]
packs: [triage, impact, persistence]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "Who has the domain has its mail and its web site, and can make certificates for it."
noise: A planned move to another registrar or account.
cite: "SigmaHQ aws_route_53_domain_transferred_lock_disabled and aws_route_53_domain_transferred_to_another_account; ATT&CK T1584.001"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.domainName') AS target,
  event_name || ' of ' || coalesce(json_extract_scalar(request_parameters, '$.domainName'), '?') || coalesce(' to ' || json_extract_scalar(request_parameters, '$.accountId'), '') || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  json_extract_scalar(request_parameters, '$.accountId') AS to_account,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'route53domains.amazonaws.com' AND event_name IN ('TransferDomainToAnotherAwsAccount', 'DisableDomainTransferLock', 'RetrieveDomainAuthCode', 'UpdateDomainNameservers', 'AcceptDomainTransferFromAnotherAwsAccount')
ORDER BY 1, 3, 4, 5, 6
