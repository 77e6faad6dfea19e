/*---
id: s3-anonymous-write
title: Object written or deleted without a signature
severity: critical
attack: [T1565.001, T1485]
sources: [s3_access]
packs: [triage, impact, data]
means: Anybody may change the bucket, and somebody did. What the bucket serves can be no longer trusted.
noise: Upload forms with a signed policy (POST) are not anonymous. Hardly anything else.
cite: "Amazon S3 User Guide, server access log format, fields requester and operation; ATT&CK T1565.001"
next:
  - {id: s3-objects-of, with: {who: src_ip}}
---*/
SELECT min(time) AS time, 's3_access' AS source, 'anonymous' AS principal, remote_ip AS src_ip, bucket AS target,
  CAST(count(*) AS VARCHAR) || ' requests without a signature: ' || array_join(array_agg(DISTINCT operation ORDER BY operation), ', ') AS summary,
  count(*) AS requests, count(DISTINCT key) AS objects, min_by(key, time) AS one_key, max(time) AS last_time, max(user_agent) AS user_agent
FROM s3_access
WHERE time >= $since AND time < $until AND requester IS NULL AND remote_ip IS NOT NULL AND http_status BETWEEN 200 AND 299
  AND (operation LIKE 'REST.PUT.%' OR operation LIKE 'REST.DELETE.%' OR operation IN ('REST.POST.UPLOADS', 'REST.POST.UPLOAD', 'REST.COPY.OBJECT', 'REST.POST.MULTI_OBJECT_DELETE'))
GROUP BY remote_ip, bucket
ORDER BY 1, 4, 5
