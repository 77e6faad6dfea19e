/*---
id: s3-objects-of
title: What an address or requester did with objects
severity: info
attack: []
sources: [s3_access]
packs: [collection, data]
params:
  - {name: who, type: varchar, default: "", doc: "address, ARN or canonical user id"}
means: "Every object an address, ARN or canonical user id read, wrote or deleted, once each with bytes and times. Give it: -p who=203.0.113.9."
noise: Nothing is left out.
cite: "AWS Incident Response Playbooks, S3 data exfiltration, query 8"
---*/
SELECT min(time) AS time, 's3_access' AS source, requester AS principal, remote_ip AS src_ip, bucket || '/' || object_key AS target,
  kind || ' ' || outcome || ', ' || CAST(count(*) AS VARCHAR) || ' times, ' || CAST(CAST(coalesce(sum(bytes_sent), 0) AS BIGINT) AS VARCHAR) || ' bytes' AS summary,
  kind, outcome, count(*) AS requests, CAST(coalesce(sum(bytes_sent), 0) AS BIGINT) AS bytes, max(object_size) AS object_size, max(version_id) AS version_id, max(time) AS last_time, max(user_agent) AS user_agent
FROM s3_access_objects
WHERE time >= $since AND time < $until AND $who <> '' AND (remote_ip = $who OR requester = $who)
GROUP BY requester, remote_ip, bucket, object_key, kind, outcome
ORDER BY 1, 3, 4, 5, kind
