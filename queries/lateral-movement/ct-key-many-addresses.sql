/*---
id: ct-key-many-addresses
title: One access key from many addresses
severity: medium
attack: [T1078.004, T1550.001]
sources: [cloudtrail]
packs: [triage, lateral-movement]
params:
  - {name: addresses, type: bigint, default: 3, doc: distinct addresses that are many}
  - {name: window_hours, type: bigint, default: 1, doc: hours they must lie in}
next:
  - {id: ct-key-calls, with: {key: target}}
  - {id: ct-credentials-issued, with: {key: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A key or session moves faster than its owner could. Leaked, shared, or used behind a rotating proxy.
noise: Home and mobile lines, NAT gateways of one VPC (same /24, same user agent). Calls made by AWS services for the key are left out.
cite: "Panther and Elastic rules for one access key used from several addresses; AWS Incident Response Playbooks, compromised IAM credentials"
---*/
WITH calls AS (
  SELECT event_time, user_access_key_id, source_ip_address, recipient_account_id, user_agent, event_name,
    coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_access_key_id <> '' AND user_invoked_by IS NULL
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
),
busy AS (
  SELECT user_access_key_id FROM calls GROUP BY user_access_key_id HAVING count(DISTINCT source_ip_address) >= $addresses
),
-- The running sum is the number of distinct addresses in the window.
spans AS (
  SELECT c.user_access_key_id, c.event_time,
    lead(c.event_time) OVER (PARTITION BY c.user_access_key_id, c.source_ip_address ORDER BY c.event_time) AS next_time
  FROM calls c JOIN busy b ON b.user_access_key_id = c.user_access_key_id
),
edges AS (
  SELECT user_access_key_id, event_time AS moment, 1 AS step FROM spans
  UNION ALL
  SELECT user_access_key_id, CASE WHEN next_time < event_time + $window_hours * INTERVAL '1' HOUR THEN next_time
      ELSE event_time + $window_hours * INTERVAL '1' HOUR END, -1
  FROM spans
),
running AS (
  SELECT user_access_key_id, moment, sum(step) OVER (PARTITION BY user_access_key_id ORDER BY moment) AS distinct_addresses FROM edges
),
bursts AS (
  SELECT user_access_key_id, min(moment) AS time, max(distinct_addresses) AS most
  FROM running WHERE distinct_addresses >= $addresses GROUP BY user_access_key_id
)
SELECT b.time, 'cloudtrail' AS source, max(c.principal) AS principal,
  max(CASE WHEN c.event_time = b.time THEN c.source_ip_address END) AS src_ip, b.user_access_key_id AS target,
  CAST(b.most AS VARCHAR) || ' addresses within ' || CAST($window_hours AS VARCHAR) || ' h' AS summary,
  array_join(array_agg(DISTINCT c.source_ip_address ORDER BY c.source_ip_address), ', ') AS addresses,
  count(*) AS calls, count(DISTINCT c.user_agent) AS user_agents, count(DISTINCT c.event_name) AS apis,
  min(c.event_time) AS first_time, max(c.event_time) AS last_time
FROM bursts b JOIN calls c ON c.user_access_key_id = b.user_access_key_id
GROUP BY b.time, b.user_access_key_id, b.most
ORDER BY 1, 3, 4, 5, 6
