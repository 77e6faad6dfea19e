/*---
id: eks-impersonation
title: Somebody acted as another in Kubernetes
severity: medium
attack: [T1078, T1134]
sources: [eks_audit]
packs: [defense-evasion]
means: "A user or service account made requests in the name of another. Impersonating system:masters gives everything."
noise: Consoles and gateways that act for their users, always the same one.
cite: "Kubernetes documentation, user impersonation"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
SELECT min(x.stage_timestamp) AS time, 'eks_audit' AS source, coalesce(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, x.impersonated AS target,
  x.user_username || ' acted as ' || x.impersonated || ' in ' || CAST(count(*) AS VARCHAR) || ' requests' AS summary,
  count(*) AS requests, count(CASE WHEN x.response_code IN (401, 403) THEN 1 END) AS refused, max(x.stage_timestamp) AS last_time, max(x.cluster) AS cluster, max(x.user_agent) AS user_agent
FROM eks_requests x
WHERE x.stage_timestamp >= $since AND x.stage_timestamp < $until AND x.impersonated IS NOT NULL AND x.user_username NOT LIKE 'eks:%'
GROUP BY coalesce(x.arn, x.user_username), x.user_username, x.source_ip, x.impersonated
ORDER BY 1, 3, 4, 5
