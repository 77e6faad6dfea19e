/*---
id: ct-userdata-swap
title: Instance stopped, its user data changed, started again
severity: high
attack: [T1578, T1059]
sources: [cloudtrail]
packs: [triage, execution, persistence, privilege-escalation]
params:
  - {name: window_minutes, type: bigint, default: 60, doc: minutes from stop to start}
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: User data runs as root at boot. Stop, change, start is how one runs code on an instance he cannot log in to.
noise: Hardly any; automation replaces instances instead.
cite: "Stratus Red Team aws.execution.ec2-user-data; SigmaHQ aws_ec2_startup_script_change; Panther correlation rule"
---*/
WITH steps AS (
  SELECT *, coalesce(json_extract_scalar(request_parameters, '$.instanceId'),
      json_extract_scalar(request_parameters, '$.instancesSet.items[0].instanceId')) AS instance_id
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'ec2.amazonaws.com'
    AND event_name IN ('StopInstances', 'ModifyInstanceAttribute', 'StartInstances')
    AND error_code IS NULL
)
SELECT m.event_time AS time, 'cloudtrail' AS source, coalesce(m.user_arn, m.user_name, m.user_principal_id, m.user_invoked_by) AS principal, m.source_ip_address AS src_ip,
  m.instance_id AS target,
  'user data of ' || m.instance_id || ' changed between a stop and a start' AS summary,
  max(s.event_time) AS stopped_at, min(r.event_time) AS started_at, m.aws_region,
  m.recipient_account_id AS account_id, m.user_access_key_id AS access_key_id, m.event_id
FROM steps m
JOIN steps s ON s.instance_id = m.instance_id AND s.event_name = 'StopInstances'
  AND s.event_time <= m.event_time AND s.event_time >= m.event_time - $window_minutes * INTERVAL '1' MINUTE
JOIN steps r ON r.instance_id = m.instance_id AND r.event_name = 'StartInstances'
  AND r.event_time >= m.event_time AND r.event_time <= s.event_time + $window_minutes * INTERVAL '1' MINUTE
WHERE m.event_name = 'ModifyInstanceAttribute'
  AND json_extract(m.request_parameters, '$.userData') IS NOT NULL
GROUP BY m.event_time, coalesce(m.user_arn, m.user_name, m.user_principal_id, m.user_invoked_by), m.source_ip_address, m.instance_id, m.aws_region, m.recipient_account_id,
  m.user_access_key_id, m.event_id
ORDER BY 1, 3, 4, 5, 6
