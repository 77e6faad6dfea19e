/*---
id: ct-boundary-removed
title: Permissions boundary taken away
severity: high
attack: [T1098.003]
sources: [cloudtrail]
packs: [defense-evasion, privilege-escalation]
next:
  - {id: ct-principal-calls, with: {principal: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: The limit that policies could not exceed is gone.
noise: Redesigns of delegation.
cite: "AWS IAM User Guide, permissions boundaries for IAM entities; ATT&CK T1098.003"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || 'boundary of ' || coalesce(json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName'), '?') || ' taken away' AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'iam.amazonaws.com' AND event_name IN ('DeleteUserPermissionsBoundary', 'DeleteRolePermissionsBoundary')
ORDER BY 1, 3, 4, 5, 6
