/*---
id: s3-access-weak
title: S3 objects read without signature or through presigned URLs
severity: medium
attack: [T1530]
sources: [s3_access]
packs: [collection, data]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-resource-calls, with: {name: target}}
means: Objects that somebody got without a signature, through a URL that carries one, or without TLS.
noise: Public web content; applications that hand out presigned URLs.
cite: "AWS incident response playbooks, data access; ATT&CK T1530"
---*/
SELECT min(w.time) AS time, 's3_access' AS source, w.requester AS principal, w.remote_ip AS src_ip, w.bucket AS target,
  w.weakness || ' access to ' || CAST(count(DISTINCT w.key) AS VARCHAR) || ' objects of ' || w.bucket AS summary, count(*) AS requests, CAST(sum(w.bytes_sent) AS BIGINT) AS bytes, max(w.time) AS last_time, max(w.user_agent) AS user_agent
FROM s3_access_weak w
WHERE w.operation LIKE '%GET.OBJECT%' AND w.http_status < 300 AND w.time >= $since AND w.time < $until
GROUP BY w.weakness, w.requester, w.remote_ip, w.bucket
ORDER BY 1, 4, 5, w.weakness
