/*---
id: ct-service-role-by-hand
title: Role of a service assumed by hand
severity: medium
attack: [T1078.004, T1550.001]
sources: [cloudtrail]
packs: [triage, privilege-escalation]
params:
  - {name: window_hours, type: bigint, default: 24, doc: hours between the two}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: A role that an AWS service assumes was also assumed by a user or another role. Its trust was widened, or too wide.
noise: Roles shared by people and jobs. Do not share them.
cite: "Panther rule, role assumed by AWS service then by user; ATT&CK T1078.004"
---*/
WITH assumed AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, user_type, user_invoked_by, source_ip_address, user_access_key_id, user_agent,
    json_extract_scalar(request_parameters, '$.roleArn') AS role
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'sts.amazonaws.com' AND event_name = 'AssumeRole' AND error_code IS NULL
),
by_service AS (
  SELECT role, user_invoked_by AS service, min(event_time) AS first_time, max(event_time) AS last_time
  FROM assumed WHERE user_type = 'AWSService' GROUP BY role, user_invoked_by
)
SELECT a.event_time AS time, 'cloudtrail' AS source, a.principal, a.source_ip_address AS src_ip, a.role AS target,
  regexp_extract(a.role, '[^/]+$', 0) || ' is a role of ' || max(s.service) || ', assumed by ' || a.principal AS summary,
  max(s.service) AS service, a.user_access_key_id AS access_key_id, a.user_agent
FROM assumed a JOIN by_service s ON s.role = a.role
WHERE a.user_type <> 'AWSService' AND a.user_invoked_by IS NULL
  AND s.first_time <= a.event_time + $window_hours * INTERVAL '1' HOUR
  AND s.last_time >= a.event_time - $window_hours * INTERVAL '1' HOUR
GROUP BY a.event_time, a.principal, a.source_ip_address, a.role, a.user_access_key_id, a.user_agent
ORDER BY 1, 3, 4, 5, 6
