/*---
id: ct-admin-role-made
title: Role made and given administrator rights at once
severity: high
attack: [T1136.003, T1098.003]
sources: [cloudtrail]
packs: [triage, privilege-escalation, persistence]
params:
  - {name: window_minutes, type: bigint, default: 15, doc: minutes from the role to the policy}
next:
  - {id: ct-role-callers, with: {role: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A new identity with all rights. With ct-role-trusts-stranger on the same role it is a back door.
noise: Landing-zone automation; its principal is known.
cite: "Panther correlation rule, role created and administrator policy attached; Stratus Red Team aws.persistence.iam-create-backdoor-role"
---*/
WITH steps AS (
  SELECT *, json_extract_scalar(request_parameters, '$.roleName') AS role_name
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'iam.amazonaws.com' AND event_name IN ('CreateRole', 'AttachRolePolicy')
    AND error_code IS NULL
)
SELECT a.event_time AS time, 'cloudtrail' AS source, coalesce(a.user_arn, a.user_name, a.user_principal_id, a.user_invoked_by) AS principal, a.source_ip_address AS src_ip,
  a.role_name AS target,
  'role ' || a.role_name || ' made and given '
    || regexp_extract(json_extract_scalar(a.request_parameters, '$.policyArn'), '[^/]+$', 0) || ' '
    || CAST(date_diff('second', c.event_time, a.event_time) AS VARCHAR) || ' s later' AS summary,
  c.event_time AS created_at, a.recipient_account_id AS account_id, a.user_access_key_id AS access_key_id,
  a.user_agent, a.event_id
FROM steps c
JOIN steps a ON a.recipient_account_id = c.recipient_account_id AND a.role_name = c.role_name
  AND a.event_name = 'AttachRolePolicy'
  AND a.event_time >= c.event_time AND a.event_time <= c.event_time + $window_minutes * INTERVAL '1' MINUTE
WHERE c.event_name = 'CreateRole'
  AND regexp_like(json_extract_scalar(a.request_parameters, '$.policyArn'), ':aws:policy/(AdministratorAccess|IAMFullAccess|PowerUserAccess)$')
ORDER BY 1, 3, 4, 5, 6
