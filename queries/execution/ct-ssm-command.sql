/*---
id: ct-ssm-command
title: Commands and sessions through Systems Manager
severity: low
attack: [T1651]
sources: [cloudtrail]
packs: [execution]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-ssm-many-instances}
means: "Who ran what on which machine, with the rights of root there. CloudTrail hides the command's text; the instance's own logs and the command's output in S3 or CloudWatch Logs have it."
noise: Administrators and patching.
cite: "Stratus Red Team aws.execution.ssm-send-command and ssm-start-session; SigmaHQ aws_cloudtrail_ssm_malicious_usage; ATT&CK T1651"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.target'), json_extract_scalar(request_parameters, '$.instanceIds[0]'), json_extract_scalar(request_parameters, '$.targets[0].key') || ' ' || json_extract_scalar(request_parameters, '$.targets[0].values[0]'), json_extract_scalar(request_parameters, '$.documentName')) AS target,
  event_name || ' ' || coalesce(json_extract_scalar(request_parameters, '$.documentName'), 'a shell') || ', ' || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END AS summary,
  event_name, json_extract_scalar(request_parameters, '$.documentName') AS document, count(*) AS calls, count(error_code) AS errors, max(event_time) AS last_time,
  max(recipient_account_id) AS account_id, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ssm.amazonaws.com' AND event_name IN ('SendCommand', 'StartSession', 'StartAutomationExecution', 'ResumeSession')
  AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), source_ip_address, event_name, json_extract_scalar(request_parameters, '$.documentName'), coalesce(json_extract_scalar(request_parameters, '$.target'), json_extract_scalar(request_parameters, '$.instanceIds[0]'), json_extract_scalar(request_parameters, '$.targets[0].key') || ' ' || json_extract_scalar(request_parameters, '$.targets[0].values[0]'), json_extract_scalar(request_parameters, '$.documentName'))
ORDER BY 1, 3, 4, 5, 6
