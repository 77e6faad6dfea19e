/*---
id: eks-permission-probing
title: Rights in a Kubernetes cluster tried out
severity: medium
attack: [T1613, T1069]
sources: [eks_audit]
packs: [discovery]
params:
  - {name: refused, type: bigint, default: 5, doc: different requests refused}
  - {name: reviews, type: bigint, default: 30, doc: questions about its own rights}
means: One user was refused many different things, or asked again and again what it may do. Stolen tokens are tried out so.
noise: Controllers with too few rights, which ask for the same thing always; kubectl plug-ins and consoles that list all.
cite: "Kubernetes documentation, checking API access (SelfSubjectAccessReview); ATT&CK T1613 Container and Resource Discovery"
next:
  - {id: eks-secrets-listed}
---*/
WITH tries AS (
  SELECT coalesce(arn, user_username) AS who, source_ip, stage_timestamp AS moment, cluster, user_agent, access_key_id, user_username,
    CASE WHEN object_resource IN ('selfsubjectaccessreviews', 'selfsubjectrulesreviews') THEN 'review' ELSE 'refused' END AS kind, verb || ' ' || coalesce(object_resource, request_uri) AS what
  FROM eks_requests
  WHERE stage_timestamp >= $since AND stage_timestamp < $until
    AND (response_code = 403 OR (object_resource IN ('selfsubjectaccessreviews', 'selfsubjectrulesreviews') AND verb = 'create'))
    AND user_username <> 'system:anonymous'
)
SELECT min(moment) AS time, 'eks_audit' AS source, who AS principal, source_ip AS src_ip, max(cluster) AS target,
  CAST(count(DISTINCT CASE WHEN kind = 'refused' THEN what END) AS VARCHAR) || ' different requests refused, ' || CAST(count(CASE WHEN kind = 'review' THEN 1 END) AS VARCHAR) || ' questions about its own rights' AS summary,
  count(DISTINCT CASE WHEN kind = 'refused' THEN what END) AS refused_kinds, count(CASE WHEN kind = 'refused' THEN 1 END) AS refused, count(CASE WHEN kind = 'review' THEN 1 END) AS reviews,
  max(moment) AS last_time, max(user_username) AS user_name, max(access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM tries
GROUP BY who, source_ip
HAVING count(DISTINCT CASE WHEN kind = 'refused' THEN what END) >= $refused OR count(CASE WHEN kind = 'review' THEN 1 END) >= $reviews
ORDER BY 1, 3, 4
