/*---
id: ct-address-calls
title: All that came from one address
severity: info
attack: [T1078.004]
sources: [cloudtrail]
packs: [orientation]
params:
  - {name: ip, type: varchar, default: "", doc: "the address; empty: each address as one row"}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "Which APIs an address called, as whom, refused or not, between which times. Without an address it lists the addresses."
noise: Several people may share an address behind NAT; an address of AWS may serve others the next hour.
cite: "AWS CloudTrail Lake query samples, activity by IP address; easttimor aws-incident-response"
---*/
WITH calls AS (
  -- Without a value of the parameter a row is a whole address, with one it is an API.
  SELECT *, source_ip_address AS of_what, CASE WHEN $ip = '' THEN '' ELSE event_source END AS service,
    CASE WHEN $ip = '' THEN '' ELSE event_name END AS api
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND source_ip_address <> '' AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
    AND ($ip = '' OR source_ip_address = $ip)
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, of_what AS src_ip, array_join(array_agg(DISTINCT recipient_account_id ORDER BY recipient_account_id), ', ') AS target,
  CASE WHEN api = '' THEN CAST(count(DISTINCT event_name) AS VARCHAR) || ' APIs, ' ELSE replace(service, '.amazonaws.com', '') || ' ' || api || ', ' END
    || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END || CASE WHEN count(error_code) > 0 THEN ', ' || CAST(count(error_code) AS VARCHAR) || ' with an error' ELSE '' END AS summary,
  service AS event_source, api AS event_name, count(*) AS calls, count(error_code) AS errors,
  count(CASE WHEN lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' THEN 1 END) AS denied, max(event_time) AS last_time,
  count(DISTINCT source_ip_address) AS addresses, count(DISTINCT user_access_key_id) AS keys, count(DISTINCT aws_region) AS regions,
  count(DISTINCT user_agent) AS user_agents, min(user_agent) AS user_agent,
  count(DISTINCT coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principals, max(user_access_key_id) AS access_key_id
FROM calls
GROUP BY of_what, service, api
ORDER BY 1, 3, 4, 5, 6
