/*---
id: ct-container-shell
title: Shell in a running container
severity: medium
attack: [T1609]
sources: [cloudtrail]
packs: [execution]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Somebody opened a shell in a task, and has its role's credentials there."
noise: Developers who debug. In production it should be announced.
cite: "Amazon ECS Developer Guide, ECS Exec, auditing; ATT&CK T1609"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.task'), json_extract_scalar(request_parameters, '$.cluster')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || coalesce(json_extract_scalar(request_parameters, '$.command'), 'a command') || ' in container ' || coalesce(json_extract_scalar(request_parameters, '$.container'), '?') || ' of ' || coalesce(json_extract_scalar(request_parameters, '$.cluster'), '?') AS summary,
  json_extract_scalar(request_parameters, '$.command') AS command,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ecs.amazonaws.com' AND event_name = 'ExecuteCommand'
ORDER BY 1, 3, 4, 5, 6
