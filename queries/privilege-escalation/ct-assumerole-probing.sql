/*---
id: ct-assumerole-probing
title: Many roles tried and refused
severity: medium
attack: [T1069.003, T1078.004]
sources: [cloudtrail]
packs: [triage, privilege-escalation, discovery]
params:
  - {name: roles, type: bigint, default: 5, doc: distinct roles refused that make a probe}
  - {name: window_minutes, type: bigint, default: 10, doc: minutes they must lie in}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-cross-account-role}
means: One principal tries role after role to see which will have it.
noise: A broken deployment tries one role again and again; that is not counted, for only distinct roles are.
cite: "Rhino Security Labs, Pacu iam__enum_roles; Elastic AWS STS AssumeRole enumeration"
---*/
WITH refused AS (
  -- A refused AssumeRole has no request parameters; the role stands in the message.
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id,
    coalesce(json_extract_scalar(request_parameters, '$.roleArn'),
      regexp_extract(error_message, 'on resource: (\S+)', 1)) AS role
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'sts.amazonaws.com' AND event_name = 'AssumeRole'
    AND error_code IN ('AccessDenied', 'AccessDeniedException')
),
-- Each try covers its role from its own time until the window has passed or
-- the role is tried again; so the running sum is the number of distinct roles
-- in the window that ends at each moment.
spans AS (
  SELECT principal, role, event_time,
    lead(event_time) OVER (PARTITION BY principal, role ORDER BY event_time) AS next_time
  FROM refused WHERE role <> ''
),
edges AS (
  SELECT principal, event_time AS moment, 1 AS step FROM spans
  UNION ALL
  SELECT principal, CASE WHEN next_time < event_time + $window_minutes * INTERVAL '1' MINUTE THEN next_time
      ELSE event_time + $window_minutes * INTERVAL '1' MINUTE END, -1
  FROM spans
),
running AS (
  SELECT principal, moment, sum(step) OVER (PARTITION BY principal ORDER BY moment) AS distinct_roles FROM edges
),
bursts AS (
  SELECT principal, min(moment) AS time, max(distinct_roles) AS most
  FROM running WHERE distinct_roles >= $roles GROUP BY principal
)
SELECT b.time, 'cloudtrail' AS source, b.principal, max(r.source_ip_address) AS src_ip,
  max(r.role) AS target,
  CAST(b.most AS VARCHAR) || ' distinct roles refused within ' || CAST($window_minutes AS VARCHAR) || ' minutes' AS summary,
  count(*) AS refused, count(DISTINCT r.role) AS roles, min(r.event_time) AS first_time, max(r.event_time) AS last_time,
  max(r.user_access_key_id) AS access_key_id
FROM bursts b JOIN refused r ON r.principal = b.principal
GROUP BY b.time, b.principal, b.most
ORDER BY 1, 3, 4, 5, 6
