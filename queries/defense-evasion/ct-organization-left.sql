/*---
id: ct-organization-left
title: Organization left, account closed or Region enabled
severity: high
attack: [T1685.002, T1535]
sources: [cloudtrail]
packs: [triage, defense-evasion]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: An account out of the organization is out of its policies and its trail; a Region nobody watches is a place to work unseen.
noise: Mergers and closures, which are announced.
cite: "Stratus Red Team aws.defense-evasion.organizations-leave; SigmaHQ aws_enum and region rules; ATT&CK T1535 Unused/Unsupported Cloud Regions"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.regionName'), json_extract_scalar(request_parameters, '$.RegionName'),
    json_extract_scalar(request_parameters, '$.accountId'), json_extract_scalar(request_parameters, '$.policyId'), recipient_account_id) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'organizations.amazonaws.com'
      AND event_name IN ('LeaveOrganization', 'RemoveAccountFromOrganization', 'CloseAccount', 'DeleteOrganization',
        'DetachPolicy', 'DisablePolicyType'))
    OR (event_source = 'account.amazonaws.com' AND event_name IN ('EnableRegion', 'CloseAccount')))
ORDER BY 1, 3, 4, 5, 6
