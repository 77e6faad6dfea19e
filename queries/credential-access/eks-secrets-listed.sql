/*---
id: eks-secrets-listed
title: Secrets of a Kubernetes cluster listed
severity: medium
attack: [T1552.007]
sources: [eks_audit]
packs: [credential-access]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: eks-exec}
means: A user that is no part of Kubernetes itself listed secrets, with which come their contents.
noise: Deployment tools list secrets of their namespace.
cite: "MITRE ATT&CK T1552.007, Container API"
---*/
SELECT min(s.stage_timestamp) AS time, 'eks_audit' AS source, COALESCE(s.arn, s.user_username) AS principal, s.source_ip AS src_ip, COALESCE(s.object_namespace, 'all namespaces') AS target,
  s.user_username || ' listed secrets of ' || COALESCE(s.object_namespace, 'all namespaces') AS summary, count(*) AS requests, max(s.cluster) AS cluster, max(s.user_agent) AS user_agent, max(s.stage_timestamp) AS last_time
FROM eks_secrets_access s
WHERE s.verb IN ('list', 'watch') AND s.response_code < 400 AND s.user_username NOT LIKE 'system:%' AND s.user_username NOT LIKE 'eks:%' AND s.stage_timestamp >= $since AND s.stage_timestamp < $until
GROUP BY COALESCE(s.arn, s.user_username), s.user_username, s.source_ip, s.object_namespace
ORDER BY 1, 3, 4, 5
