/*---
id: ct-denied-burst
title: Burst of refused calls
severity: medium
attack: [T1580, T1526]
sources: [cloudtrail]
packs: [triage, discovery]
params:
  - {name: denied, type: bigint, default: 10, doc: refused calls that make a burst}
  - {name: apis, type: bigint, default: 3, doc: "distinct APIs refused, all told; one API over and over is a broken job"}
  - {name: window_minutes, type: bigint, default: 10, doc: minutes they must lie in}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A key from an address tries what it may do. Brute-forcing permissions looks like this.
noise: A deployment that lacks rights. It repeats few APIs and has an address you know.
cite: "AWS Incident Response Playbooks, compromised IAM credentials, query 6; Suzaku correlation rule Access Denied; enumerate-iam; ATT&CK T1580"
---*/
WITH refused AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent,
    event_source || ':' || event_name AS api,
    count(*) OVER (PARTITION BY source_ip_address, user_access_key_id ORDER BY event_time
      RANGE BETWEEN $window_minutes * INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW) AS in_window
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND error_code IS NOT NULL
    AND (lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' OR lower(error_code) LIKE '%forbidden%')
    AND user_invoked_by IS NULL
)
SELECT min(CASE WHEN in_window >= $denied THEN event_time END) AS time, 'cloudtrail' AS source,
  max(principal) AS principal, source_ip_address AS src_ip, user_access_key_id AS target,
  CAST(max(in_window) AS VARCHAR) || ' calls refused within ' || CAST($window_minutes AS VARCHAR)
    || ' minutes, ' || CAST(count(DISTINCT api) AS VARCHAR) || ' APIs' AS summary,
  count(*) AS denied, count(DISTINCT api) AS apis, max(in_window) AS most_in_window,
  min(event_time) AS first_time, max(event_time) AS last_time, max(user_agent) AS user_agent
FROM refused
GROUP BY source_ip_address, user_access_key_id
HAVING max(in_window) >= $denied AND count(DISTINCT api) >= $apis
ORDER BY 1, 3, 4, 5, 6
