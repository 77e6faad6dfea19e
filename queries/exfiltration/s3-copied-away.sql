/*---
id: s3-copied-away
title: Objects copied to a bucket whose log is not here
severity: medium
attack: [T1537]
sources: [s3_access]
packs: [exfiltration, data, collection]
params:
  - {name: copies, type: bigint, default: 1, doc: copies in a day}
means: "S3 read objects for a copy (COPY.OBJECT_GET) and no bucket in the case logged the writing half: the copy went to a bucket that is not yours, or does not log."
noise: Buckets of your own without access logs. ct-foreign-bucket-write names the destination.
cite: "Amazon S3 User Guide, server access log format, REST.COPY.OBJECT_GET; AWS Incident Response Playbooks, S3, query 7; ATT&CK T1537"
next:
  - {id: ct-foreign-bucket-write}
---*/
WITH written AS (
  SELECT DISTINCT request_id FROM s3_access WHERE time >= $since AND time < $until AND operation IN ('REST.COPY.OBJECT', 'REST.COPY.PART') AND request_id IS NOT NULL
)
SELECT min(a.time) AS time, 's3_access' AS source, max(a.requester) AS principal, max(a.remote_ip) AS src_ip, a.bucket AS target,
  CAST(count(DISTINCT a.key) AS VARCHAR) || ' objects copied to a bucket whose log is not here, such as ' || min_by(a.key, a.time) AS summary,
  count(DISTINCT a.key) AS objects, count(*) AS copies, CAST(coalesce(sum(a.object_size), 0) AS BIGINT) AS bytes, max(a.time) AS last_time
FROM s3_access a LEFT JOIN written w ON w.request_id = a.request_id
WHERE a.time >= $since AND a.time < $until AND a.operation IN ('REST.COPY.OBJECT_GET', 'REST.COPY.PART_GET') AND a.http_status < 300 AND w.request_id IS NULL
GROUP BY a.bucket, a.requester, date_trunc('day', a.time)
HAVING count(*) >= $copies
ORDER BY 1, 3, 4, 5
