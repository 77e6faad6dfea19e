/*---
id: ct-instance-role-recon
title: Instance role looks around
severity: high
attack: [T1580, T1087.004]
sources: [cloudtrail]
packs: [triage, discovery]
params:
  - {name: apis, type: bigint, default: 3, doc: distinct reconnaissance APIs of one instance}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: The role of an instance asks about users, roles, buckets or the account. Programs know what they need; somebody on the instance, or with its credentials, does not.
noise: Management and monitoring instances.
cite: "Stratus Red Team aws.discovery.ec2-enumerate-from-instance; Panther and easttimor instance-role discovery queries"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip,
  split_part(user_principal_id, ':', 2) AS target,
  CAST(count(DISTINCT event_name) AS VARCHAR) || ' reconnaissance APIs by the role of ' || split_part(user_principal_id, ':', 2) AS summary,
  array_join(array_agg(DISTINCT event_name ORDER BY event_name), ', ') AS apis, count(*) AS calls,
  count(error_code) AS errors, max(event_time) AS last_time, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND user_type = 'AssumedRole' AND user_principal_id LIKE '%:i-%' AND user_invoked_by IS NULL
  AND event_name IN ('GetCallerIdentity', 'ListUsers', 'ListRoles', 'ListGroups', 'ListPolicies', 'ListAccessKeys',
    'ListAttachedRolePolicies', 'ListRolePolicies', 'GetAccountAuthorizationDetails', 'GetAccountSummary', 'ListBuckets',
    'ListSecrets', 'DescribeOrganization', 'ListAccounts', 'SimulatePrincipalPolicy', 'GetSendQuota', 'ListInstanceProfiles',
    'DescribeSnapshots', 'DescribeDBInstances', 'DescribeDBSnapshots', 'GetLoginProfile', 'ListServiceQuotas')
  AND regexp_like(user_principal_id, ':i-[0-9a-f]{8,17}$')
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), user_principal_id
HAVING count(DISTINCT event_name) >= $apis
ORDER BY 1, 3, 4, 5, 6
