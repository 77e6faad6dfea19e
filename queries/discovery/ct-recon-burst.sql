/*---
id: ct-recon-burst
title: Burst of reconnaissance calls
severity: medium
attack: [T1580, T1087.004, T1526]
sources: [cloudtrail]
packs: [triage, discovery]
params:
  - {name: apis, type: bigint, default: 8, doc: distinct reconnaissance APIs that make a burst}
  - {name: window_minutes, type: bigint, default: 5, doc: minutes they must lie in}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: One principal asks who it is, what there is and what it may do, over many services, in minutes. What an intruder does first.
noise: Inventory and posture tools, the console's start pages. They do it daily; an intruder once.
cite: "Suzaku correlation rule Many Recon Events; Elastic AWS Discovery API Calls via CLI from a Single Resource; Panther GetCallerIdentity and enumeration rules"
---*/
WITH asked AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, error_code,
    event_source || ':' || event_name AS api
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_invoked_by IS NULL
    AND event_name IN ('GetCallerIdentity', 'ListUsers', 'ListRoles', 'ListGroups', 'ListPolicies', 'ListAccessKeys',
      'ListAttachedUserPolicies', 'ListAttachedRolePolicies', 'ListUserPolicies', 'ListRolePolicies', 'ListGroupsForUser', 'GetUser',
      'GetAccountAuthorizationDetails', 'GetAccountSummary', 'GetAccountPasswordPolicy', 'GetCredentialReport',
      'GenerateCredentialReport', 'SimulatePrincipalPolicy', 'ListMFADevices', 'ListInstanceProfiles', 'ListBuckets',
      'GetBucketAcl', 'GetBucketPolicy', 'GetBucketPolicyStatus', 'DescribeInstances', 'DescribeSecurityGroups', 'DescribeVpcs',
      'DescribeSubnets', 'DescribeSnapshots', 'DescribeVolumes', 'DescribeImages', 'DescribeKeyPairs', 'DescribeRegions',
      'DescribeAccountAttributes', 'DescribeTrails', 'GetTrailStatus', 'ListDetectors', 'DescribeConfigurationRecorders',
      'DescribeDBInstances', 'DescribeDBSnapshots', 'ListFunctions20150331', 'ListSecrets', 'DescribeParameters', 'ListKeys',
      'ListAliases', 'ListClusters', 'DescribeLogGroups', 'ListTables', 'ListTopics', 'ListQueues', 'DescribeOrganization',
      'ListAccounts', 'GetSendQuota', 'ListIdentities', 'GetServiceQuota', 'ListServiceQuotas', 'ListFoundationModels',
      'GetCostAndUsage', 'DescribeStacks', 'DescribeLoadBalancers', 'ListHostedZones', 'ListRepositories', 'DescribeRepositories')
),
busy AS (SELECT principal FROM asked GROUP BY principal HAVING count(DISTINCT api) >= $apis),
-- Each call covers its API until the window has passed or it is called again:
-- the running sum is the number of distinct APIs in the window.
spans AS (
  SELECT a.principal, a.event_time,
    lead(a.event_time) OVER (PARTITION BY a.principal, a.api ORDER BY a.event_time) AS next_time
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
  SELECT principal, moment, sum(step) OVER (PARTITION BY principal ORDER BY moment) AS distinct_apis FROM edges
),
bursts AS (
  SELECT principal, min(moment) AS time, max(distinct_apis) AS most
  FROM running WHERE distinct_apis >= $apis GROUP BY principal
)
SELECT b.time, 'cloudtrail' AS source, b.principal, max(a.source_ip_address) AS src_ip,
  max(a.user_access_key_id) AS target,
  CAST(b.most AS VARCHAR) || ' distinct reconnaissance APIs within ' || CAST($window_minutes AS VARCHAR) || ' minutes' AS summary,
  count(*) AS calls, count(DISTINCT a.api) AS apis, count(a.error_code) AS errors,
  count(DISTINCT a.source_ip_address) AS addresses, min(a.event_time) AS first_time, max(a.event_time) AS last_time,
  max(a.user_agent) AS user_agent
FROM bursts b JOIN asked a ON a.principal = b.principal
GROUP BY b.time, b.principal, b.most
ORDER BY 1, 3, 4, 5, 6
