/*---
id: ct-instances-many-regions
title: Machines launched in many regions
severity: high
attack: [T1496.001, T1535]
sources: [cloudtrail]
packs: [triage, impact]
params:
  - {name: regions, type: bigint, default: 3, doc: "regions in one day, UTC"}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: x-launched-then-mining}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "Miners take every region they can, until quotas or somebody stop them. Refused launches count."
noise: "Roll-outs over many regions, by the tool that does them all."
cite: "Stratus Red Team aws.execution.ec2-launch-unusual-instances; Sysdig on AMBERSQUID; ATT&CK T1496.001"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip,
  array_join(array_agg(DISTINCT json_extract_scalar(request_parameters, '$.instanceType') ORDER BY json_extract_scalar(request_parameters, '$.instanceType')), ', ') AS target,
  'launches in ' || CAST(count(DISTINCT aws_region) AS VARCHAR) || ' regions, ' || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END
    || CASE WHEN count(error_code) > 0 THEN ', ' || CAST(count(error_code) AS VARCHAR) || ' refused' ELSE '' END AS summary,
  count(*) AS calls, count(error_code) AS errors, count(DISTINCT aws_region) AS regions,
  array_join(array_agg(DISTINCT aws_region ORDER BY aws_region), ', ') AS region_names, max(event_time) AS last_time,
  max(recipient_account_id) AS account_id, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'ec2.amazonaws.com' AND event_name IN ('RunInstances', 'RequestSpotInstances', 'CreateFleet', 'RequestSpotFleet'))
    OR (event_source = 'ecs.amazonaws.com' AND event_name IN ('CreateCluster', 'CreateService')) OR (event_source = 'sagemaker.amazonaws.com' AND event_name = 'CreateNotebookInstance'))
  AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), date_trunc('day', event_time)
HAVING count(DISTINCT aws_region) >= $regions
ORDER BY 1, 3, 4, 5, 6
