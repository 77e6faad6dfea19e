/*---
id: eks-host-mount
title: Pod that mounts the files of its node
severity: high
attack: [T1611, T1610]
sources: [eks_audit]
packs: [triage, privilege-escalation, execution]
means: "A workload mounts the root, /etc, /root, /proc, kubelet files or the container socket of its node: keys and tokens of the node can be read, and files written."
noise: Log collectors mount /var/log and /var/lib/docker/containers, which are left out; storage drivers mount kubelet folders.
cite: "Kubernetes documentation, volumes, hostPath; Panther EKS rules; ATT&CK T1611 Escape to Host"
next:
  - {id: eks-exec}
---*/
WITH writes AS (
  SELECT r.*, a.request_object AS body
  FROM eks_audit a JOIN eks_requests r ON r.file_id = a.file_id AND r.record_no = a.record_no
  WHERE a.stage_timestamp >= $since AND a.stage_timestamp < $until AND a.verb IN ('create', 'update', 'patch') AND a.response_code < 400
    AND a.object_resource IN ('pods', 'deployments', 'daemonsets', 'statefulsets', 'replicasets', 'jobs', 'cronjobs', 'replicationcontrollers') AND a.object_subresource IS NULL AND regexp_like(a.request_object, '"hostPath" *: *[{][^}]*"path" *: *"(/|/etc[^"]*|/root[^"]*|/home[^"]*|/proc[^"]*|/dev|/boot[^"]*|/var/?|/var/run/?|/run/?|/var/lib/kubelet[^"]*|/(var/)?run/(docker|containerd|crio)[^"]*sock|/opt/cni[^"]*)"')
)
SELECT x.stage_timestamp AS time, 'eks_audit' AS source, coalesce(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, coalesce(x.object_namespace || '/', '') || coalesce(x.object_name, x.object_resource) AS target,
  x.user_username || ' ' || x.verb || ' ' || x.object_resource || ' that mounts ' || regexp_extract(x.body, '"hostPath" *: *[{][^}]*"path" *: *"([^"]*)"', 1) || ' of the node' AS summary,
  x.object_resource, regexp_extract(x.body, '"image" *: *"([^"]*)"', 1) AS image, x.cluster, x.response_code, x.user_agent, x.access_key_id, x.audit_id, x.file_id, x.record_no
FROM writes x
WHERE x.user_username NOT LIKE 'system:serviceaccount:kube-system:%' AND x.user_username NOT LIKE 'system:node:%' AND x.user_username NOT LIKE 'system:kube-%' AND x.user_username NOT LIKE 'eks:%'
ORDER BY 1, 3, 5
