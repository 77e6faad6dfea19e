/*---
id: ct-alarms-silenced
title: Alarms or event rules silenced
severity: medium
attack: [T1685]
sources: [cloudtrail]
packs: [triage, defense-evasion]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-trail-impaired}
means: Alarms were deleted or their actions switched off, or event rules that carry alerts were disabled or emptied.
noise: Maintenance; auto scaling deletes its own TargetTracking alarms and is left out.
cite: "Elastic AWS CloudWatch Alarm Deletion and AWS EventBridge Rule Disabled or Deleted; ATT&CK T1685"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.alarmNames[0]'), json_extract_scalar(request_parameters, '$.name'),
    json_extract_scalar(request_parameters, '$.rule'), json_extract_scalar(request_parameters, '$.topicArn')) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'monitoring.amazonaws.com' AND event_name IN ('DeleteAlarms', 'DisableAlarmActions'))
    OR (event_source = 'events.amazonaws.com' AND event_name IN ('DisableRule', 'DeleteRule', 'RemoveTargets')))
  AND coalesce(user_invoked_by, '') NOT IN ('application-autoscaling.amazonaws.com', 'autoscaling.amazonaws.com', 'cloudformation.amazonaws.com')
ORDER BY 1, 3, 4, 5, 6
