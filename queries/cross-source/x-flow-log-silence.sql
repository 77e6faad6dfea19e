/*---
id: x-flow-log-silence
title: Flow log deleted, and silence after it
severity: critical
attack: [T1685.002]
sources: [cloudtrail, vpc_flow]
packs: [triage, cross-source, defense-evasion, network]
params:
  - {name: silence_minutes, type: bigint, default: 30, doc: minutes after the deletion in which records still arrive}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-logs-deleted}
means: The flow logs of the account were deleted and no record was made afterwards, though API calls went on. What the network did from then on is unknown.
noise: None. silent_hours says how long the blind time is, as far as CloudTrail reaches.
cite: "Stratus Red Team aws.defense-evasion.vpc-remove-flow-logs; Amazon VPC User Guide, Delete a flow log; ATT&CK T1685.002"
---*/
WITH deleted AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, recipient_account_id, aws_region, event_id,
    coalesce(json_extract_scalar(request_parameters, '$.DeleteFlowLogsRequest.FlowLogId.content'),
      json_extract_scalar(request_parameters, '$.DeleteFlowLogsRequest.FlowLogId[0].content')) AS flow_log
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'ec2.amazonaws.com' AND event_name = 'DeleteFlowLogs' AND error_code IS NULL
),
last_flow AS (
  SELECT account_id, max("start") AS last_record FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND account_id IS NOT NULL
  GROUP BY account_id
),
last_call AS (
  SELECT recipient_account_id, max(event_time) AS last_call FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
  GROUP BY recipient_account_id
)
SELECT d.event_time AS time, 'cloudtrail' AS source, d.principal, d.source_ip_address AS src_ip, d.flow_log AS target,
  'no flow record after ' || CAST(f.last_record AS VARCHAR) || '; API calls went on until ' || CAST(c.last_call AS VARCHAR) AS summary,
  f.last_record, c.last_call, date_diff('hour', f.last_record, c.last_call) AS silent_hours,
  d.recipient_account_id AS account_id, d.aws_region, d.event_id
FROM deleted d
JOIN last_flow f ON f.account_id = d.recipient_account_id
JOIN last_call c ON c.recipient_account_id = d.recipient_account_id
WHERE f.last_record <= d.event_time + $silence_minutes * INTERVAL '1' MINUTE
  AND c.last_call > d.event_time + $silence_minutes * INTERVAL '1' MINUTE
ORDER BY 1, 3, 4, 5, 6
