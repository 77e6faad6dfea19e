/*---
id: ct-credentials-for-another
title: Access key or password made for another user
severity: medium
attack: [T1098.001]
sources: [cloudtrail]
packs: [triage, persistence, privilege-escalation]
next:
  - {id: ct-key-calls, with: {key: new_access_key_id}}
  - {id: ct-principal-calls, with: {principal: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: The caller gave himself a way to act as somebody else. Denied tries are shown too.
noise: Administrators who help users. A user who makes his own key is left out.
cite: "Stratus Red Team aws.persistence.iam-backdoor-user and iam-create-user-login-profile; SigmaHQ aws_iam_backdoor_users_keys; ATT&CK T1098.001"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.userName') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END
    || CASE event_name WHEN 'CreateAccessKey' THEN 'access key for ' WHEN 'UpdateLoginProfile' THEN 'password changed of ' ELSE 'password made for ' END
    || json_extract_scalar(request_parameters, '$.userName') AS summary,
  json_extract_scalar(response_elements, '$.accessKey.accessKeyId') AS new_access_key_id,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'iam.amazonaws.com'
  AND event_name IN ('CreateAccessKey', 'CreateLoginProfile', 'UpdateLoginProfile')
  AND json_extract_scalar(request_parameters, '$.userName') IS NOT NULL
  AND NOT (user_type = 'IAMUser' AND user_name = json_extract_scalar(request_parameters, '$.userName'))
ORDER BY 1, 3, 4, 5, 6
