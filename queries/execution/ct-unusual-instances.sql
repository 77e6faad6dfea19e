/*---
id: ct-unusual-instances
title: Launch of big, accelerated or many instances
severity: high
attack: [T1578.002, T1496]
sources: [cloudtrail]
packs: [triage, execution, impact]
params:
  - {name: max_count, type: bigint, default: 10, doc: instances asked for in one call that are many}
next:
  - {id: ct-resource-calls, with: {name: instance_id}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Somebody launches, or tries to, what miners and crackers like. Refused tries count; the quota or the policy held.
noise: Machine-learning teams, batch farms, auto scaling.
cite: "Stratus Red Team aws.execution.ec2-launch-unusual-instances; Elastic AWS EC2 hunting queries"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.instanceType') AS target,
  CASE WHEN error_code IS NULL OR error_code = 'Client.DryRunOperation' THEN 'launched ' ELSE 'tried to launch ' END
    || 'up to ' || coalesce(json_extract_scalar(request_parameters, '$.instancesSet.items[0].maxCount'), '1')
    || ' x ' || coalesce(json_extract_scalar(request_parameters, '$.instanceType'), '?') || ' in ' || aws_region AS summary,
  json_extract_scalar(request_parameters, '$.instancesSet.items[0].imageId') AS image_id,
  json_extract_scalar(response_elements, '$.instancesSet.items[0].instanceId') AS instance_id,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ec2.amazonaws.com' AND event_name = 'RunInstances'
  AND (regexp_like(coalesce(json_extract_scalar(request_parameters, '$.instanceType'), ''), '^(p[2-9]|g[3-9]|trn|inf|dl|hpc|u-)|metal|(12|16|18|24|32|48|56|96|112)xlarge')
    OR TRY_CAST(json_extract_scalar(request_parameters, '$.instancesSet.items[0].maxCount') AS BIGINT) >= $max_count)
ORDER BY 1, 3, 4, 5, 6
