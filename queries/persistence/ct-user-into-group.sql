/*---
id: ct-user-into-group
title: User put into a group
severity: low
attack: [T1098.003]
sources: [cloudtrail]
packs: [privilege-escalation, persistence]
next:
  - {id: ct-principal-calls, with: {principal: target}}
  - {id: ct-resource-calls, with: {name: group_name}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: The group's rights are the user's now. Look at what the group may do.
noise: "Onboarding, and people who change teams."
cite: "Elastic AWS IAM User Addition to Group; ATT&CK T1098.003"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.userName') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || coalesce(json_extract_scalar(request_parameters, '$.userName'), '?') || ' into group ' || coalesce(json_extract_scalar(request_parameters, '$.groupName'), '?') || CASE WHEN user_name = json_extract_scalar(request_parameters, '$.userName') THEN ', by himself' ELSE '' END AS summary,
  json_extract_scalar(request_parameters, '$.groupName') AS group_name, user_name = json_extract_scalar(request_parameters, '$.userName') AS by_himself,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'iam.amazonaws.com' AND event_name = 'AddUserToGroup'
ORDER BY 1, 3, 4, 5, 6
