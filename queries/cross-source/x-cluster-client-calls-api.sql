/*---
id: x-cluster-client-calls-api
title: Address that was refused by Kubernetes calls the AWS API
severity: high
attack: [T1078.004, T1613]
sources: [eks_audit, cloudtrail]
packs: [triage, cross-source]
params:
  - {name: refused, type: bigint, default: 3, doc: refused or anonymous requests}
means: A public address was refused by the API server of a cluster, or asked without credentials, and succeeds at the AWS API.
noise: "Administrators with too few rights in the cluster: their ARN is the same in both logs."
cite: "Panther EKS rules; ATT&CK T1613"
next:
  - {id: ct-key-calls, with: {key: target}}
---*/
WITH refused AS (
  SELECT source_ip, count(*) AS refused, min(stage_timestamp) AS first_refused, max(user_username) AS user_username, max(cluster) AS cluster
  FROM eks_requests
  WHERE stage_timestamp >= $since AND stage_timestamp < $until AND (response_code IN (401, 403) OR user_username = 'system:anonymous') AND user_username NOT LIKE 'system:node:%'
  GROUP BY source_ip
),
outside AS (SELECT * FROM refused WHERE NOT is_private_ip(source_ip))
SELECT min(c.event_time) AS time, 'eks_audit+cloudtrail' AS source, coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by) AS principal, c.source_ip_address AS src_ip, c.user_access_key_id AS target,
  CAST(count(*) AS VARCHAR) || ' API calls by an address the cluster refused ' || CAST(r.refused AS VARCHAR) || ' times as ' || r.user_username AS summary,
  r.first_refused, r.refused, r.cluster, count(*) AS calls, count(DISTINCT c.event_name) AS apis, max(c.event_time) AS last_time, max(c.user_agent) AS user_agent
FROM outside r JOIN cloudtrail c ON c.source_ip_address = r.source_ip
WHERE c.event_time >= $since AND c.event_time < $until AND c.error_code IS NULL AND r.refused >= $refused
GROUP BY coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by), c.source_ip_address, c.user_access_key_id, r.first_refused, r.refused, r.cluster, r.user_username
ORDER BY 1, 3, 4, 5
