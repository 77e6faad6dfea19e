/*---
id: ct-permission-set-raised
title: "Identity Center permission set given more, or given to somebody"
severity: high
attack: [T1098.003]
sources: [cloudtrail]
packs: [triage, privilege-escalation, persistence]
next:
  - {id: ct-resource-calls, with: {name: permission_set}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "Identity Center opens accounts of the whole organization. One assignment of an administrator set is all an intruder needs, and IAM of the member account does not show it."
noise: "Onboarding, done by the identity team."
cite: "AWS IAM Identity Center User Guide, CloudTrail use cases; ATT&CK T1098.003"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.targetId'), json_extract_scalar(request_parameters, '$.permissionSetArn')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' ' || coalesce(json_extract_scalar(request_parameters, '$.managedPolicyArn'), json_extract_scalar(request_parameters, '$.principalType') || ' ' || json_extract_scalar(request_parameters, '$.principalId'), '') AS summary,
  json_extract_scalar(request_parameters, '$.permissionSetArn') AS permission_set, json_extract_scalar(request_parameters, '$.principalId') AS given_to,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'sso.amazonaws.com'
  AND (event_name IN ('CreateAccountAssignment', 'PutInlinePolicyToPermissionSet', 'AttachCustomerManagedPolicyReferenceToPermissionSet')
    OR (event_name = 'AttachManagedPolicyToPermissionSet' AND regexp_like(coalesce(json_extract_scalar(request_parameters, '$.managedPolicyArn'), ''), '(AdministratorAccess|PowerUserAccess|IAMFullAccess)$')))
ORDER BY 1, 3, 4, 5, 6
