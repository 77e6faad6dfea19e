/*---
id: eks-open-to-all
title: Kubernetes role given to everybody
severity: critical
attack: [T1098.006, T1133]
sources: [eks_audit]
packs: [triage, persistence, privilege-escalation]
means: A role was bound to anonymous or to all authenticated users. Whoever reaches the API server has it from then on.
noise: "Binding system:public-info-viewer or discovery, which are left out."
cite: "Kubernetes documentation, default roles and role bindings; Panther EKS rules"
next:
  - {id: eks-anonymous}
---*/
WITH writes AS (
  SELECT r.*, a.request_object AS body
  FROM eks_audit a JOIN eks_requests r ON r.file_id = a.file_id AND r.record_no = a.record_no
  WHERE a.stage_timestamp >= $since AND a.stage_timestamp < $until AND a.verb IN ('create', 'update', 'patch') AND a.response_code < 400
    AND a.object_resource IN ('clusterrolebindings', 'rolebindings') AND regexp_like(a.request_object, '"system:(anonymous|unauthenticated|authenticated)"') AND NOT regexp_like(a.request_object, '"system:(public-info-viewer|discovery|basic-user)"')
)
SELECT x.stage_timestamp AS time, 'eks_audit' AS source, coalesce(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, coalesce(x.object_namespace || '/', '') || coalesce(x.object_name, x.object_resource) AS target,
  x.user_username || ' bound ' || coalesce(json_extract_scalar(x.body, '$.roleRef.name'), '?') || ' to ' || regexp_extract(x.body, '"(system:(?:anonymous|unauthenticated|authenticated))"', 1) AS summary,
  json_extract_scalar(x.body, '$.roleRef.name') AS role, x.cluster, x.response_code, x.user_agent, x.access_key_id, x.audit_id, x.file_id, x.record_no
FROM writes x
ORDER BY 1, 3, 5
