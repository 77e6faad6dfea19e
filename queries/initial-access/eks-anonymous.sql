/*---
id: eks-anonymous
title: Anonymous request that the Kubernetes API answered
severity: high
attack: [T1190, T1078]
sources: [eks_audit]
packs: [triage, initial-access]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: eks-secrets-listed}
means: Somebody without credentials got an answer from the API server, beyond the paths that are open by design.
noise: Health checks and version are left out.
cite: "Panther, Amazon.EKS.AnonymousAPIAccess; ATT&CK T1190"
---*/
SELECT a.stage_timestamp AS time, 'eks_audit' AS source, a.user_username AS principal, a.source_ip AS src_ip, a.request_uri AS target,
  'anonymous ' || a.verb || ' ' || a.request_uri || ' got ' || CAST(a.response_code AS VARCHAR) AS summary, a.cluster, a.user_agent, a.file_id, a.record_no
FROM eks_anonymous a
WHERE a.response_code < 400 AND NOT regexp_like(a.request_uri, '^/(livez|readyz|healthz|version)') AND a.stage_timestamp >= $since AND a.stage_timestamp < $until
ORDER BY 1, 4, 5
