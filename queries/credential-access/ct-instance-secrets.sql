/*---
id: ct-instance-secrets
title: Windows passwords or user data of instances read
severity: medium
attack: [T1552.005, T1552]
sources: [cloudtrail]
packs: [triage, credential-access, discovery]
params:
  - {name: instances, type: bigint, default: 3, doc: distinct instances asked about}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: GetPasswordData gives the first administrator password of Windows instances; user data often holds secrets. Asked for instance after instance, mostly refused.
noise: Inventory tools that read user data of all instances; GetPasswordData has hardly any.
cite: "Stratus Red Team aws.credential-access.ec2-get-password-data and aws.discovery.ec2-download-user-data; Elastic AWS EC2 user data rules"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip,
  max(json_extract_scalar(request_parameters, '$.instanceId')) AS target,
  CASE event_name WHEN 'GetPasswordData' THEN 'Windows password' ELSE 'user data' END || ' of '
    || CAST(count(DISTINCT json_extract_scalar(request_parameters, '$.instanceId')) AS VARCHAR) || ' instances asked for' AS summary,
  event_name, count(*) AS calls, count(error_code) AS errors, max(error_code) AS error_code,
  max(event_time) AS last_time, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ec2.amazonaws.com'
  AND (event_name = 'GetPasswordData' OR (event_name = 'DescribeInstanceAttribute'
    AND json_extract_scalar(request_parameters, '$.attribute') = 'userData'))
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), event_name
HAVING count(DISTINCT json_extract_scalar(request_parameters, '$.instanceId')) >= $instances
ORDER BY 1, 3, 4, 5, 6
