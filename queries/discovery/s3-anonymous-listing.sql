/*---
id: s3-anonymous-listing
title: Bucket listed without a signature
severity: high
attack: [T1619]
sources: [s3_access]
packs: [triage, discovery, data, collection]
means: "Anybody may list the bucket, and somebody did: he knows every key now. Reads follow."
noise: Buckets that are public archives on purpose.
cite: "Amazon S3 User Guide, server access log format; AWS Incident Response Playbooks, S3 public access; ATT&CK T1619"
next:
  - {id: s3-objects-of, with: {who: src_ip}}
  - {id: s3-access-weak}
---*/
SELECT min(time) AS time, 's3_access' AS source, 'anonymous' AS principal, remote_ip AS src_ip, bucket AS target,
  'listed ' || CAST(count(*) AS VARCHAR) || ' times without a signature' AS summary,
  count(*) AS requests, max(time) AS last_time, max(user_agent) AS user_agent
FROM s3_access
WHERE time >= $since AND time < $until AND requester IS NULL AND remote_ip IS NOT NULL AND http_status BETWEEN 200 AND 299
  AND operation IN ('REST.GET.BUCKET', 'REST.GET.BUCKETVERSIONS', 'REST.GET.UPLOADS')
GROUP BY remote_ip, bucket
ORDER BY 1, 4, 5
