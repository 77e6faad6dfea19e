/*---
id: ct-scheduled-target
title: Schedule or event made to run code
severity: low
attack: [T1546]
sources: [cloudtrail]
packs: [persistence, execution]
next:
  - {id: ct-resource-calls, with: {name: target_arn}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "A rule or schedule that runs a function, task or command again and again, or whenever something happens: a way to stay, and to hear of every new user."
noise: Deployments by hand.
cite: "Stratus Red Team and Pacu, EventBridge persistence; Amazon EventBridge User Guide, targets; ATT&CK T1546"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.rule'), json_extract_scalar(request_parameters, '$.name')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || coalesce(json_extract_scalar(request_parameters, '$.rule'), json_extract_scalar(request_parameters, '$.name'), '?') || ' runs ' || coalesce(json_extract_scalar(request_parameters, '$.targets[0].arn'), json_extract_scalar(request_parameters, '$.target.arn'), '?') AS summary,
  coalesce(json_extract_scalar(request_parameters, '$.targets[0].arn'), json_extract_scalar(request_parameters, '$.target.arn')) AS target_arn,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'events.amazonaws.com' AND event_name = 'PutTargets')
    OR (event_source = 'scheduler.amazonaws.com' AND event_name IN ('CreateSchedule', 'UpdateSchedule')))
  AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
ORDER BY 1, 3, 4, 5, 6
