/*---
id: s3-large-download
title: Much data taken from a bucket
severity: medium
attack: [T1530, T1567]
sources: [s3_access]
packs: [exfiltration, data, collection]
params:
  - {name: bytes, type: bigint, default: 1073741824, doc: bytes within an hour}
means: One requester took very many bytes from a bucket within an hour, were it few objects or many.
noise: Backups, analytics, media. Compare with other days.
cite: "Panther S3 Large Download; AWS Incident Response Playbooks, S3 data exfiltration, queries 2 and 3"
next:
  - {id: s3-objects-of, with: {who: src_ip}}
---*/
SELECT min(time) AS time, 's3_access' AS source, coalesce(requester, 'anonymous') AS principal, remote_ip AS src_ip, bucket AS target,
  CAST(CAST(round(sum(bytes_sent) / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB in ' || CAST(count(DISTINCT key) AS VARCHAR) || ' objects within an hour' AS summary,
  CAST(sum(bytes_sent) AS BIGINT) AS bytes, count(DISTINCT key) AS objects, max_by(key, bytes_sent) AS biggest, max(time) AS last_time, max(user_agent) AS user_agent
FROM s3_access
WHERE time >= $since AND time < $until AND operation IN ('REST.GET.OBJECT', 'REST.SELECT.OBJECT', 'WEBSITE.GET.OBJECT') AND http_status < 300
GROUP BY coalesce(requester, 'anonymous'), remote_ip, bucket, date_trunc('hour', time)
HAVING sum(bytes_sent) >= $bytes
ORDER BY 1, 3, 4, 5
