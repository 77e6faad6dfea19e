/*---
id: ct-locked-out
title: Several users lose their access by one hand
severity: high
attack: [T1531]
sources: [cloudtrail]
packs: [triage, impact]
params:
  - {name: users, type: bigint, default: 3, doc: distinct users or roles in one hour of the clock}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Those who could stop it are shut out: keys inactive, passwords gone, users deleted."
noise: "Clean-ups of leavers, and responders. See whose address it is."
cite: "SigmaHQ aws_delete_identity; Elastic AWS IAM user and group deletion rules; ATT&CK T1531"
---*/
WITH cuts AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, recipient_account_id, event_name, error_code,
    coalesce(json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName')) AS hit
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'iam.amazonaws.com' AND error_code IS NULL
    AND (event_name IN ('DeleteUser', 'DeleteLoginProfile', 'DeleteAccessKey', 'DeactivateMFADevice', 'DetachUserPolicy', 'DeleteUserPolicy', 'RemoveUserFromGroup', 'DeleteRole')
      OR (event_name = 'UpdateLoginProfile') OR (event_name = 'UpdateAccessKey' AND lower(json_extract_scalar(request_parameters, '$.status')) = 'inactive'))
    AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, principal, max(source_ip_address) AS src_ip,
  array_join(array_agg(DISTINCT hit ORDER BY hit), ', ') AS target,
  CAST(count(DISTINCT hit) AS VARCHAR) || ' users or roles cut off within an hour' AS summary,
  count(*) AS calls, count(DISTINCT hit) AS users, array_join(array_agg(DISTINCT event_name ORDER BY event_name), ', ') AS api_names, max(event_time) AS last_time,
  max(recipient_account_id) AS account_id, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cuts
GROUP BY principal, date_trunc('hour', event_time)
HAVING count(DISTINCT hit) >= $users
ORDER BY 1, 3, 4, 5, 6
