/*---
id: ct-own-rights-raised
title: Principal gives itself rights
severity: high
attack: [T1098.003]
sources: [cloudtrail]
packs: [triage, privilege-escalation]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Who may change the own policies has all rights there are, whatever they say today."
noise: "Administrators, seldom on themselves; roles of deployment tools that manage their own stack."
cite: "Rhino Security Labs, AWS IAM privilege escalation methods; AWS IAM User Guide, permissions boundaries; ATT&CK T1098.003"
---*/
WITH changes AS (
  SELECT *, coalesce(json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName')) AS changed
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'iam.amazonaws.com'
    AND event_name IN ('AttachUserPolicy', 'AttachRolePolicy', 'PutUserPolicy', 'PutRolePolicy', 'AddUserToGroup', 'UpdateAssumeRolePolicy',
      'DeleteUserPermissionsBoundary', 'DeleteRolePermissionsBoundary', 'DeleteUserPolicy', 'DeleteRolePolicy')
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip, changed AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' on itself' || coalesce(': ' || regexp_extract(json_extract_scalar(request_parameters, '$.policyArn'), '[^/]+$', 0), ': ' || json_extract_scalar(request_parameters, '$.policyName'), ': ' || json_extract_scalar(request_parameters, '$.groupName'), '') AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM changes
WHERE changed IN (user_name, session_issuer_user_name)
ORDER BY 1, 3, 4, 5, 6
