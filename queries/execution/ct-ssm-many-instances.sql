/*---
id: ct-ssm-many-instances
title: Commands or sessions on many instances
severity: high
attack: [T1651, T1021.007]
sources: [cloudtrail]
packs: [triage, execution, lateral-movement]
params:
  - {name: instances, type: bigint, default: 3, doc: targets that are many}
  - {name: window_minutes, type: bigint, default: 60, doc: minutes they must lie in}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: One principal ran commands through Systems Manager on several instances, or opened sessions on them.
noise: Patching and inventory jobs (AWS-RunPatchBaseline, AWS-GatherSoftwareInventory), run by a role of their own and on a clock.
cite: "Stratus Red Team aws.execution.ssm-send-command and ssm-start-session; ATT&CK T1651 Cloud Administration Command"
---*/
WITH commands AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, event_name, user_access_key_id,
    json_extract_scalar(request_parameters, '$.documentName') AS document_name,
    CASE WHEN event_name = 'StartSession' THEN 1
      -- By tag: the number is not known, one at the least.
      ELSE greatest(1, coalesce(CAST(json_array_length(json_extract(request_parameters, '$.instanceIds')) AS BIGINT), 0)) END AS targets
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'ssm.amazonaws.com' AND event_name IN ('SendCommand', 'StartSession')
    AND error_code IS NULL
),
counted AS (
  SELECT *, sum(targets) OVER (PARTITION BY principal ORDER BY event_time
      RANGE BETWEEN $window_minutes * INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW) AS in_window
  FROM commands
)
SELECT min(CASE WHEN in_window >= $instances THEN event_time END) AS time, 'cloudtrail' AS source, principal,
  max(source_ip_address) AS src_ip,
  array_join(array_agg(DISTINCT coalesce(document_name, event_name) ORDER BY coalesce(document_name, event_name)), ', ') AS target,
  CAST(max(in_window) AS VARCHAR) || ' instances reached through Systems Manager within '
    || CAST($window_minutes AS VARCHAR) || ' minutes' AS summary,
  count(*) AS calls, CAST(max(in_window) AS BIGINT) AS most_in_window, min(event_time) AS first_time,
  max(event_time) AS last_time, max(user_access_key_id) AS access_key_id
FROM counted
GROUP BY principal
HAVING max(in_window) >= $instances
ORDER BY 1, 3, 4, 5, 6
