/*---
id: s3-unencrypted
title: Requests over plain HTTP or old TLS
severity: low
attack: [T1040]
sources: [s3_access]
packs: [collection, data]
means: Signed or not, the request crossed the network readable, or under TLS 1.0 or 1.1.
noise: Old programs. AWS refuses TLS below 1.2 since 2024 in most places, so new hits are rare.
cite: "AWS Incident Response Playbooks, S3, query 10; Amazon S3 User Guide, server access log format, TLS version; ATT&CK T1040"
---*/
SELECT min(time) AS time, 's3_access' AS source, max(requester) AS principal, remote_ip AS src_ip, bucket AS target,
  CAST(count(*) AS VARCHAR) || ' requests over ' || CASE WHEN cipher_suite IS NULL THEN 'plain HTTP' ELSE tls_version END AS summary,
  count(*) AS requests, count(DISTINCT key) AS objects, CAST(coalesce(sum(bytes_sent), 0) AS BIGINT) AS bytes, max(time) AS last_time, max(user_agent) AS user_agent
FROM s3_access
WHERE time >= $since AND time < $until AND remote_ip IS NOT NULL AND host_header IS NOT NULL AND http_status < 400
  AND (cipher_suite IS NULL OR lower(tls_version) IN ('tlsv1', 'tlsv1.0', 'tlsv1.1'))
GROUP BY remote_ip, bucket, CASE WHEN cipher_suite IS NULL THEN 'plain HTTP' ELSE tls_version END
ORDER BY 1, 4, 5, 6
