/*---
id: eks-token-made
title: Token of a service account made by a person
severity: medium
attack: [T1528, T1098.001]
sources: [eks_audit]
packs: [credential-access, persistence]
means: Somebody had a token made for a service account, or a secret that holds one. It works until it ends, whatever happens to the one who made it.
noise: Setting up deployment tools. The kubelet makes tokens for its pods all day and is left out.
cite: "Kubernetes documentation, TokenRequest API and service account token secrets; ATT&CK T1528"
next:
  - {id: eks-service-account-elsewhere}
---*/
WITH writes AS (
  SELECT r.*, a.request_object AS body
  FROM eks_audit a JOIN eks_requests r ON r.file_id = a.file_id AND r.record_no = a.record_no
  WHERE a.stage_timestamp >= $since AND a.stage_timestamp < $until AND a.verb IN ('create', 'update', 'patch') AND a.response_code < 400
    AND ((a.object_resource = 'serviceaccounts' AND a.object_subresource = 'token') OR (a.object_resource = 'secrets' AND a.request_object LIKE '%kubernetes.io/service-account-token%'))
)
SELECT x.stage_timestamp AS time, 'eks_audit' AS source, coalesce(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, coalesce(x.object_namespace || '/', '') || coalesce(x.object_name, x.object_resource) AS target,
  x.user_username || ' made a token of ' || coalesce(x.object_namespace || '/', '') || coalesce(x.object_name, '?')
    || coalesce(' for ' || json_extract_scalar(x.body, '$.spec.expirationSeconds') || ' s', '') AS summary,
  json_extract_scalar(x.body, '$.spec.expirationSeconds') AS expiration_seconds, x.cluster, x.response_code, x.user_agent, x.access_key_id, x.audit_id, x.file_id, x.record_no
FROM writes x
WHERE x.user_username NOT LIKE 'system:%' AND x.user_username NOT LIKE 'eks:%'
ORDER BY 1, 3, 5
