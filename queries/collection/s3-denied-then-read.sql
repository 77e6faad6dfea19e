/*---
id: s3-denied-then-read
title: Requester refused again and again, then served
severity: medium
attack: [T1530, T1619]
sources: [s3_access]
packs: [collection, data]
params:
  - {name: refused, type: bigint, default: 10, doc: refusals before}
means: "A requester or address was refused by the bucket many times and then read from it: rights were found, or made."
noise: "Programs that look for keys that do not exist, without the right to list: S3 answers 403 for them."
cite: "AWS Incident Response Playbooks, S3, access denied; ATT&CK T1530"
next:
  - {id: s3-objects-of, with: {who: src_ip}}
---*/
WITH refused AS (
  SELECT coalesce(requester, 'anonymous') AS who, remote_ip, bucket, count(*) AS refused, min(time) AS first_refused, max(time) AS last_refused
  FROM s3_access
  WHERE time >= $since AND time < $until AND http_status = 403 AND remote_ip IS NOT NULL
  GROUP BY coalesce(requester, 'anonymous'), remote_ip, bucket
  HAVING count(*) >= $refused
)
SELECT min(a.time) AS time, 's3_access' AS source, r.who AS principal, r.remote_ip AS src_ip, r.bucket AS target,
  CAST(count(*) AS VARCHAR) || ' objects read after ' || CAST(r.refused AS VARCHAR) || ' refusals' AS summary,
  r.refused, r.first_refused, r.last_refused, count(DISTINCT a.key) AS objects, CAST(coalesce(sum(a.bytes_sent), 0) AS BIGINT) AS bytes, max(a.time) AS last_time, max(a.user_agent) AS user_agent
FROM refused r JOIN s3_access a ON a.remote_ip = r.remote_ip AND a.bucket = r.bucket AND coalesce(a.requester, 'anonymous') = r.who
WHERE a.time >= $since AND a.time < $until AND a.time > r.last_refused AND a.http_status BETWEEN 200 AND 299 AND a.operation LIKE 'REST.GET.OBJECT%'
GROUP BY r.who, r.remote_ip, r.bucket, r.refused, r.first_refused, r.last_refused
ORDER BY 1, 3, 4, 5
