/*---
id: eks-exec
title: Command run in a pod
severity: medium
attack: [T1609]
sources: [eks_audit]
packs: [execution]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: eks-secrets-listed}
means: Somebody ran a command in a running container, or forwarded a port into it.
noise: Developers do so on test clusters.
cite: "MITRE ATT&CK T1609, Container Administration Command"
---*/
SELECT x.stage_timestamp AS time, 'eks_audit' AS source, COALESCE(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, COALESCE(x.object_namespace || '/', '') || COALESCE(x.object_name, '?') AS target,
  x.user_username || ' ' || x.object_subresource || ' ' || url_decode(x.request_uri) AS summary, x.cluster, x.response_code, x.user_agent, x.file_id, x.record_no
FROM eks_exec x
WHERE x.response_code < 400 AND x.stage_timestamp >= $since AND x.stage_timestamp < $until
ORDER BY 1, 3, 5
