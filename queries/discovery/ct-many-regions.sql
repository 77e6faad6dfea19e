/*---
id: ct-many-regions
title: One principal asks in many Regions
severity: medium
attack: [T1580, T1535]
sources: [cloudtrail]
packs: [triage, discovery]
params:
  - {name: regions, type: bigint, default: 6, doc: distinct Regions that are many}
  - {name: window_minutes, type: bigint, default: 10, doc: minutes they must lie in}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: A script walks the Regions to see where something runs, or where quota is left.
noise: Posture tools and the console's global views, which do it daily.
cite: "SigmaHQ and Elastic AWS Multi-Region DescribeInstances rules (hunting); ATT&CK T1580 Cloud Infrastructure Discovery"
---*/
WITH asked AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, event_name, aws_region
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_invoked_by IS NULL
    AND event_name IN ('DescribeInstances', 'DescribeRegions', 'GetServiceQuota', 'GetSendQuota', 'ListFunctions20150331',
      'DescribeDBInstances', 'ListClusters', 'DescribeVpcs', 'ListFoundationModels', 'DescribeAccountAttributes', 'ListSecrets',
      'DescribeSnapshots', 'DescribeImages', 'DescribeVolumes')
),
busy AS (SELECT principal FROM asked GROUP BY principal HAVING count(DISTINCT aws_region) >= $regions),
-- The running sum is the number of distinct Regions in the window.
spans AS (
  SELECT a.principal, a.event_time,
    lead(a.event_time) OVER (PARTITION BY a.principal, a.aws_region ORDER BY a.event_time) AS next_time
  FROM asked a JOIN busy b ON b.principal = a.principal
),
edges AS (
  SELECT principal, event_time AS moment, 1 AS step FROM spans
  UNION ALL
  SELECT principal, CASE WHEN next_time < event_time + $window_minutes * INTERVAL '1' MINUTE THEN next_time
      ELSE event_time + $window_minutes * INTERVAL '1' MINUTE END, -1
  FROM spans
),
running AS (
  SELECT principal, moment, sum(step) OVER (PARTITION BY principal ORDER BY moment) AS distinct_regions FROM edges
),
bursts AS (
  SELECT principal, min(moment) AS time, max(distinct_regions) AS most
  FROM running WHERE distinct_regions >= $regions GROUP BY principal
)
SELECT b.time, 'cloudtrail' AS source, b.principal, max(a.source_ip_address) AS src_ip,
  array_join(array_agg(DISTINCT a.event_name ORDER BY a.event_name), ', ') AS target,
  CAST(b.most AS VARCHAR) || ' Regions asked within ' || CAST($window_minutes AS VARCHAR) || ' minutes' AS summary,
  count(*) AS calls, count(DISTINCT a.aws_region) AS regions, min(a.event_time) AS first_time,
  max(a.event_time) AS last_time, max(a.user_access_key_id) AS access_key_id, max(a.user_agent) AS user_agent
FROM bursts b JOIN asked a ON a.principal = b.principal
GROUP BY b.time, b.principal, b.most
ORDER BY 1, 3, 4, 5, 6
