/*---
id: ct-key-calls
title: All that one access key did
severity: info
attack: [T1078.004]
sources: [cloudtrail]
packs: [orientation]
params:
  - {name: key, type: varchar, default: "", doc: "the access key id; empty: each key as one row"}
next:
  - {id: ct-credentials-issued, with: {key: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "The reach of a leaked key or of a session: which APIs it called, how often, refused or not, between which times. Without a key it lists the keys."
noise: It shows what is there; nothing in it is wrong by itself.
cite: "AWS Incident Response Playbooks, compromised IAM credentials; easttimor aws-incident-response"
---*/
WITH calls AS (
  -- Without a value of the parameter a row is a whole key, with one it is an API.
  SELECT *, user_access_key_id AS of_what, CASE WHEN $key = '' THEN '' ELSE event_source END AS service,
    CASE WHEN $key = '' THEN '' ELSE event_name END AS api
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_access_key_id <> '' AND ($key = '' OR user_access_key_id = $key)
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, max(source_ip_address) AS src_ip, of_what AS target,
  CASE WHEN api = '' THEN CAST(count(DISTINCT event_name) AS VARCHAR) || ' APIs, ' ELSE replace(service, '.amazonaws.com', '') || ' ' || api || ', ' END
    || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END || CASE WHEN count(error_code) > 0 THEN ', ' || CAST(count(error_code) AS VARCHAR) || ' with an error' ELSE '' END AS summary,
  service AS event_source, api AS event_name, count(*) AS calls, count(error_code) AS errors,
  count(CASE WHEN lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' THEN 1 END) AS denied, max(event_time) AS last_time,
  count(DISTINCT source_ip_address) AS addresses, count(DISTINCT user_access_key_id) AS keys, count(DISTINCT aws_region) AS regions,
  count(DISTINCT user_agent) AS user_agents, min(user_agent) AS user_agent
FROM calls
GROUP BY of_what, service, api
ORDER BY 1, 3, 4, 5, 6
