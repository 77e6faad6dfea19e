/*---
id: ct-cluster-logging-off
title: Logging of a Kubernetes control plane switched off
severity: high
attack: [T1685.002]
sources: [cloudtrail]
packs: [triage, defense-evasion]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: What is done in the cluster leaves no audit events from here on.
noise: "Costs, in test clusters."
cite: "Amazon EKS User Guide, control plane logs; Elastic AWS EKS Control Plane Logging Disabled; ATT&CK T1685.002"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.name') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || 'logging of cluster ' || coalesce(json_extract_scalar(request_parameters, '$.name'), '?') || ' switched off, in whole or in part' AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'eks.amazonaws.com' AND event_name = 'UpdateClusterConfig'
  AND regexp_like(coalesce(json_format(json_extract(request_parameters, '$.logging')), ''), '"enabled"\s*:\s*false')
ORDER BY 1, 3, 4, 5, 6
