/*---
id: eks-anonymous-tried
title: Anonymous requests that the Kubernetes API refused
severity: low
attack: [T1190, T1595]
sources: [eks_audit]
packs: [initial-access]
params:
  - {name: requests, type: bigint, default: 3, doc: refused requests of one address}
means: Somebody without credentials tries the API server. It is open to that address; whether it should be is another question.
noise: Scanners of the internet, health checks of load balancers.
cite: "Panther, Amazon.EKS.AnonymousAPIAccess; Amazon EKS User Guide, cluster endpoint access"
next:
  - {id: eks-anonymous}
  - {id: x-address-everywhere}
---*/
SELECT min(a.stage_timestamp) AS time, 'eks_audit' AS source, a.user_username AS principal, a.source_ip AS src_ip, min_by(a.request_uri, a.stage_timestamp) AS target,
  CAST(count(*) AS VARCHAR) || ' anonymous requests refused, for ' || CAST(count(DISTINCT a.request_uri) AS VARCHAR) || ' paths' AS summary,
  count(*) AS requests, count(DISTINCT a.request_uri) AS paths, max(a.stage_timestamp) AS last_time, max(a.cluster) AS cluster, max(a.user_agent) AS user_agent
FROM eks_anonymous a
WHERE a.stage_timestamp >= $since AND a.stage_timestamp < $until AND a.response_code IN (401, 403) AND NOT is_private_ip(a.source_ip)
GROUP BY a.user_username, a.source_ip
HAVING count(*) >= $requests
ORDER BY 1, 3, 4
