/*---
id: ct-container-task
title: Container task that reads credentials or mines
severity: critical
attack: [T1610, T1496]
sources: [cloudtrail]
packs: [triage, execution, impact]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A task definition or a run names the credentials endpoint, a miner, or fetches and runs a script.
noise: Start scripts that fetch with curl. The credentials endpoint in a command is hardly ever honest.
cite: "SigmaHQ aws_ecs_task_definition_cred_endpoint_query; Amazon ECS Developer Guide, Task IAM role; ATT&CK T1610 Deploy Container"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.family'), json_extract_scalar(request_parameters, '$.taskDefinition')) AS target,
  event_name || ': ' || regexp_extract(request_parameters, '(?i)(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI|169\.254\.170\.2|169\.254\.169\.254|xmrig|minerd|stratum\+tcp|cryptonight|(curl|wget)[^"]*\|\s*(ba)?sh)', 1) AS summary,
  json_extract_scalar(request_parameters, '$.containerDefinitions[0].image') AS image, request_parameters, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ecs.amazonaws.com' AND event_name IN ('RegisterTaskDefinition', 'RunTask')
  AND regexp_like(request_parameters, '(?i)(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI|169\.254\.170\.2|169\.254\.169\.254|xmrig|minerd|stratum\+tcp|cryptonight|(curl|wget)[^"]*\|\s*(ba)?sh)')
ORDER BY 1, 3, 4, 5, 6
