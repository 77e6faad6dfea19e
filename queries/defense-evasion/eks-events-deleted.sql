/*---
id: eks-events-deleted
title: Events of a cluster deleted, or logs of its control plane read
severity: low
attack: [T1070]
sources: [eks_audit]
packs: [defense-evasion]
means: Events are what a cluster tells about itself; who deletes them hides something.
noise: Clean-up of namespaces in tests.
cite: "Microsoft threat matrix for Kubernetes, Delete Kubernetes events; ATT&CK T1070 Indicator Removal"
---*/
SELECT min(x.stage_timestamp) AS time, 'eks_audit' AS source, coalesce(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, coalesce(x.object_namespace, 'all namespaces') AS target,
  x.user_username || ' deleted events in ' || CAST(count(*) AS VARCHAR) || ' requests' AS summary,
  count(*) AS requests, max(x.stage_timestamp) AS last_time, max(x.cluster) AS cluster, max(x.user_agent) AS user_agent
FROM eks_requests x
WHERE x.stage_timestamp >= $since AND x.stage_timestamp < $until AND x.object_resource = 'events' AND x.verb IN ('delete', 'deletecollection') AND x.response_code < 400 AND x.user_username NOT LIKE 'system:%'
GROUP BY coalesce(x.arn, x.user_username), x.user_username, x.source_ip, x.object_namespace
ORDER BY 1, 3, 4, 5
