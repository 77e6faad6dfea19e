/*---
id: eks-service-account-elsewhere
title: Service account used from outside the cluster
severity: high
attack: [T1528, T1550.001]
sources: [eks_audit]
packs: [triage, credential-access, lateral-movement]
means: "The token of a service account, which lives in a pod, came from a public address: it was carried off."
noise: "Clusters whose pods leave by a public address of a NAT gateway to a public API endpoint: then all service accounts come from that one address."
cite: "Kubernetes documentation, service accounts; Panther EKS rules, service account from public address; ATT&CK T1528 Steal Application Access Token"
next:
  - {id: x-address-everywhere}
---*/
WITH used AS (
  SELECT user_username, source_ip, min(stage_timestamp) AS first_time, max(stage_timestamp) AS last_time, count(*) AS requests, count(DISTINCT coalesce(object_resource, request_uri)) AS resources,
    count(CASE WHEN response_code IN (401, 403) THEN 1 END) AS refused, max(cluster) AS cluster, max(user_agent) AS user_agent
  FROM eks_requests
  WHERE stage_timestamp >= $since AND stage_timestamp < $until AND user_username LIKE 'system:serviceaccount:%'
  GROUP BY user_username, source_ip
)
SELECT first_time AS time, 'eks_audit' AS source, user_username AS principal, source_ip AS src_ip, cluster AS target,
  CAST(requests AS VARCHAR) || ' requests of a service account from a public address, ' || CAST(refused AS VARCHAR) || ' refused' AS summary,
  requests, resources, refused, last_time, user_agent
FROM used
WHERE NOT is_private_ip(source_ip)
ORDER BY 1, 3, 4
