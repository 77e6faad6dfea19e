/*---
id: ct-principal-calls
title: All that one principal did
severity: info
attack: [T1078.004]
sources: [cloudtrail]
packs: [orientation]
params:
  - {name: principal, type: varchar, default: "", doc: "ARN of a user, session or role; empty: each principal as one row"}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Which APIs a user, a session or all sessions of a role called, refused or not, between which times. Without a principal it lists the principals."
noise: It shows what is there; nothing in it is wrong by itself.
cite: "Suzaku, summary of AWS CloudTrail by principal; AWS CloudTrail User Guide, userIdentity element"
---*/
WITH calls AS (
  -- Without a value of the parameter a row is a whole principal, with one it is an API.
  SELECT *, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS of_what, CASE WHEN $principal = '' THEN '' ELSE event_source END AS service,
    CASE WHEN $principal = '' THEN '' ELSE event_name END AS api
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND ($principal = '' OR user_arn = $principal OR session_issuer_arn = $principal OR user_name = $principal OR session_issuer_user_name = $principal)
    AND coalesce(user_arn, user_name, user_principal_id, user_invoked_by) <> ''
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, of_what AS principal, max(source_ip_address) AS src_ip, array_join(array_agg(DISTINCT aws_region ORDER BY aws_region), ', ') AS target,
  CASE WHEN api = '' THEN CAST(count(DISTINCT event_name) AS VARCHAR) || ' APIs, ' ELSE replace(service, '.amazonaws.com', '') || ' ' || api || ', ' END
    || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END || CASE WHEN count(error_code) > 0 THEN ', ' || CAST(count(error_code) AS VARCHAR) || ' with an error' ELSE '' END AS summary,
  service AS event_source, api AS event_name, count(*) AS calls, count(error_code) AS errors,
  count(CASE WHEN lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' THEN 1 END) AS denied, max(event_time) AS last_time,
  count(DISTINCT source_ip_address) AS addresses, count(DISTINCT user_access_key_id) AS keys, count(DISTINCT aws_region) AS regions,
  count(DISTINCT user_agent) AS user_agents, min(user_agent) AS user_agent,
  max(user_access_key_id) AS access_key_id
FROM calls
GROUP BY of_what, service, api
ORDER BY 1, 3, 4, 5, 6
