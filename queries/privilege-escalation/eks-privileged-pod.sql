/*---
id: eks-privileged-pod
title: Privileged pod or one that shares the host
severity: high
attack: [T1610, T1611]
sources: [eks_audit]
packs: [triage, privilege-escalation, execution]
means: A workload was made that is privileged, adds strong capabilities or shares process, network or IPC space of its node. From there the node, its role and its neighbours are near.
noise: Agents for monitoring, storage and networks, in namespaces of their own, put there by deployment tools.
cite: "Kubernetes documentation, Pod Security Standards, baseline; Panther EKS rules; ATT&CK T1611 Escape to Host"
next:
  - {id: eks-exec}
  - {id: eks-host-mount}
---*/
WITH writes AS (
  SELECT r.*, a.request_object AS body
  FROM eks_audit a JOIN eks_requests r ON r.file_id = a.file_id AND r.record_no = a.record_no
  WHERE a.stage_timestamp >= $since AND a.stage_timestamp < $until AND a.verb IN ('create', 'update', 'patch') AND a.response_code < 400
    AND a.object_resource IN ('pods', 'deployments', 'daemonsets', 'statefulsets', 'replicasets', 'jobs', 'cronjobs', 'replicationcontrollers') AND a.object_subresource IS NULL AND regexp_like(a.request_object, '"privileged" *: *true|"host(PID|Network|IPC)" *: *true|"(SYS_ADMIN|SYS_PTRACE|SYS_MODULE|NET_ADMIN|ALL)"')
)
SELECT x.stage_timestamp AS time, 'eks_audit' AS source, coalesce(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, coalesce(x.object_namespace || '/', '') || coalesce(x.object_name, x.object_resource) AS target,
  x.user_username || ' ' || x.verb || ' ' || x.object_resource || ' with ' || regexp_extract(x.body, '"(privileged|hostPID|hostNetwork|hostIPC)" *: *true', 1) || regexp_extract(x.body, '"(SYS_ADMIN|SYS_PTRACE|SYS_MODULE|NET_ADMIN|ALL)"', 1) AS summary,
  x.object_resource, regexp_extract(x.body, '"image" *: *"([^"]*)"', 1) AS image, x.cluster, x.response_code, x.user_agent, x.access_key_id, x.audit_id, x.file_id, x.record_no
FROM writes x
WHERE x.user_username NOT LIKE 'system:serviceaccount:kube-system:%' AND x.user_username NOT LIKE 'system:node:%' AND x.user_username NOT LIKE 'system:kube-%' AND x.user_username NOT LIKE 'eks:%'
ORDER BY 1, 3, 5
