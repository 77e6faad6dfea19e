/*---
id: eks-workload-in-system
title: Workload made by a person in kube-system
severity: medium
attack: [T1610, T1036]
sources: [eks_audit]
packs: [execution]
means: Somebody put a workload among those of Kubernetes itself, where few look.
noise: Installing add-ons by hand. Compare the image with those of the add-on.
cite: "Kubernetes documentation, namespaces; ATT&CK T1610 Deploy Container"
next:
  - {id: eks-privileged-pod}
---*/
WITH writes AS (
  SELECT r.*, a.request_object AS body
  FROM eks_audit a JOIN eks_requests r ON r.file_id = a.file_id AND r.record_no = a.record_no
  WHERE a.stage_timestamp >= $since AND a.stage_timestamp < $until AND a.verb IN ('create', 'update', 'patch') AND a.response_code < 400
    AND a.object_resource IN ('pods', 'deployments', 'daemonsets', 'statefulsets', 'replicasets', 'jobs', 'cronjobs', 'replicationcontrollers') AND a.object_subresource IS NULL AND a.object_namespace IN ('kube-system', 'kube-public', 'kube-node-lease')
)
SELECT x.stage_timestamp AS time, 'eks_audit' AS source, coalesce(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, coalesce(x.object_namespace || '/', '') || coalesce(x.object_name, x.object_resource) AS target,
  x.user_username || ' ' || x.verb || ' ' || x.object_resource || ' ' || coalesce(x.object_name, '?') || ' in ' || x.object_namespace AS summary,
  x.object_resource, regexp_extract(x.body, '"image" *: *"([^"]*)"', 1) AS image, x.cluster, x.response_code, x.user_agent, x.access_key_id, x.audit_id, x.file_id, x.record_no
FROM writes x
WHERE x.user_username NOT LIKE 'system:%' AND x.user_username NOT LIKE 'eks:%'
ORDER BY 1, 3, 5
