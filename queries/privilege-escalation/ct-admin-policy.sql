/*---
id: ct-admin-policy
title: Administrator rights given
severity: high
attack: [T1098.003]
sources: [cloudtrail]
packs: [triage, privilege-escalation]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A user, group or role was given AdministratorAccess, IAMFullAccess or PowerUserAccess, or an inline policy that allows every action on everything.
noise: Administrators and infrastructure as code at work. Compare principal and address with theirs.
cite: "Elastic AWS IAM AdministratorAccess Policy Attached; Stratus Red Team aws.persistence.iam-create-admin-user; ATT&CK T1098.003"
---*/
WITH changes AS (
  SELECT *, json_extract_scalar(request_parameters, '$.policyArn') AS policy_arn,
    json_extract_scalar(request_parameters, '$.policyDocument') AS written
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'iam.amazonaws.com'
    AND event_name IN ('AttachUserPolicy', 'AttachGroupPolicy', 'AttachRolePolicy',
      'PutUserPolicy', 'PutGroupPolicy', 'PutRolePolicy')
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName'),
    json_extract_scalar(request_parameters, '$.groupName')) AS target,
  CASE WHEN error_code IS NULL THEN 'gave ' ELSE 'tried to give ' END
    || coalesce(regexp_extract(policy_arn, '[^/]+$', 0), 'Allow * on *') || ' to '
    || coalesce('user ' || json_extract_scalar(request_parameters, '$.userName'),
      'role ' || json_extract_scalar(request_parameters, '$.roleName'),
      'group ' || json_extract_scalar(request_parameters, '$.groupName'), '?') AS summary,
  policy_arn, json_extract_scalar(request_parameters, '$.policyName') AS policy_name,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM changes
WHERE regexp_like(coalesce(policy_arn, ''), ':aws:policy/(AdministratorAccess|IAMFullAccess|PowerUserAccess)$')
  OR (regexp_like(CASE WHEN written LIKE '\%7B%' ESCAPE '\' THEN url_decode(written) ELSE written END,
      '"Action"\s*:\s*(\[\s*)?"(\*|\*:\*|iam:\*)"')
    AND regexp_like(CASE WHEN written LIKE '\%7B%' ESCAPE '\' THEN url_decode(written) ELSE written END,
      '"Effect"\s*:\s*"Allow"'))
ORDER BY 1, 3, 4, 5, 6
