/*---
id: eks-cluster-admin-bound
title: Kubernetes cluster-admin given
severity: high
attack: [T1098.006]
sources: [eks_audit]
packs: [triage, privilege-escalation, persistence]
means: "Somebody was bound to cluster-admin, or mapped to system:masters in aws-auth: all of the cluster is his."
noise: Setting up a cluster; operators of some products bind their service account so.
cite: "Kubernetes documentation, user-facing roles and system:masters; Panther EKS rules; ATT&CK T1098.006 Additional Container Cluster Roles"
next:
  - {id: eks-secrets-listed}
  - {id: eks-exec}
---*/
WITH writes AS (
  SELECT r.*, a.request_object AS body
  FROM eks_audit a JOIN eks_requests r ON r.file_id = a.file_id AND r.record_no = a.record_no
  WHERE a.stage_timestamp >= $since AND a.stage_timestamp < $until AND a.verb IN ('create', 'update', 'patch') AND a.response_code < 400
    AND ((a.object_resource IN ('clusterrolebindings', 'rolebindings') AND regexp_like(a.request_object, '"cluster-admin"')) OR (a.object_resource = 'configmaps' AND a.object_name = 'aws-auth' AND a.request_object LIKE '%system:masters%'))
)
SELECT x.stage_timestamp AS time, 'eks_audit' AS source, coalesce(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, coalesce(x.object_namespace || '/', '') || coalesce(x.object_name, x.object_resource) AS target,
  x.user_username || ' ' || x.verb || ' ' || x.object_resource || ': '
    || coalesce(json_extract_scalar(x.body, '$.subjects[0].kind') || ' ' || json_extract_scalar(x.body, '$.subjects[0].name'), 'somebody') || ' may do everything' AS summary,
  json_extract_scalar(x.body, '$.subjects[0].kind') AS subject_kind, json_extract_scalar(x.body, '$.subjects[0].name') AS subject, x.cluster, x.response_code, x.user_agent, x.access_key_id, x.audit_id, x.file_id, x.record_no
FROM writes x
WHERE x.user_username NOT LIKE 'system:kube-controller-manager%' AND x.user_username NOT LIKE 'eks:%'
ORDER BY 1, 3, 5
