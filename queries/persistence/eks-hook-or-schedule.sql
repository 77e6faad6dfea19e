/*---
id: eks-hook-or-schedule
title: Admission webhook or scheduled job made
severity: medium
attack: [T1053.007, T1546]
sources: [eks_audit]
packs: [persistence]
means: A webhook sees and changes all that is made in the cluster; a cron job comes back after every clean-up. Both outlive the intruder.
noise: Installing products such as service meshes and policy engines; applications with jobs.
cite: "Kubernetes documentation, dynamic admission control; ATT&CK T1053.007 Container Orchestration Job"
next:
  - {id: eks-privileged-pod}
---*/
WITH writes AS (
  SELECT r.*, a.request_object AS body
  FROM eks_audit a JOIN eks_requests r ON r.file_id = a.file_id AND r.record_no = a.record_no
  WHERE a.stage_timestamp >= $since AND a.stage_timestamp < $until AND a.verb IN ('create', 'update', 'patch') AND a.response_code < 400
    AND a.object_resource IN ('mutatingwebhookconfigurations', 'validatingwebhookconfigurations', 'cronjobs') AND a.object_subresource IS NULL
)
SELECT x.stage_timestamp AS time, 'eks_audit' AS source, coalesce(x.arn, x.user_username) AS principal, x.source_ip AS src_ip, coalesce(x.object_namespace || '/', '') || coalesce(x.object_name, x.object_resource) AS target,
  x.user_username || ' ' || x.verb || ' ' || x.object_resource || ' ' || coalesce(x.object_name, '?') || coalesce(', ' || json_extract_scalar(x.body, '$.spec.schedule'), '') || coalesce(', ' || nullif(regexp_extract(x.body, '"url" *: *"([^"]*)"', 1), ''), '') AS summary,
  x.object_resource, regexp_extract(x.body, '"image" *: *"([^"]*)"', 1) AS image, x.cluster, x.response_code, x.user_agent, x.access_key_id, x.audit_id, x.file_id, x.record_no
FROM writes x
WHERE x.user_username NOT LIKE 'system:%' AND x.user_username NOT LIKE 'eks:%'
ORDER BY 1, 3, 5
