/*---
id: s3-bulk-delete
title: Many objects deleted
severity: high
attack: [T1485]
sources: [s3_access]
packs: [triage, impact, data]
params:
  - {name: deletions, type: bigint, default: 100, doc: deletions in an hour}
means: One requester deleted very many objects of a bucket within an hour, as the access log tells; data events need not be on for this.
noise: Lifecycle rules are left out. Clean-up jobs and backups that expire have their hours.
cite: "AWS Incident Response Playbooks, ransomware, queries 2 and 6; ATT&CK T1485"
next:
  - {id: ct-versioning-then-delete}
---*/
SELECT min(time) AS time, 's3_access' AS source, coalesce(requester, 'anonymous') AS principal, max(remote_ip) AS src_ip, bucket AS target,
  CAST(count(*) AS VARCHAR) || ' objects deleted within an hour' AS summary,
  count(*) AS deletions, count(version_id) AS versions, max(time) AS last_time, max(user_agent) AS user_agent
FROM s3_access
WHERE time >= $since AND time < $until AND operation IN ('REST.DELETE.OBJECT', 'BATCH.DELETE.OBJECT', 'REST.DELETE.VERSION') AND http_status < 300
GROUP BY coalesce(requester, 'anonymous'), bucket, date_trunc('hour', time)
HAVING count(*) >= $deletions
ORDER BY 1, 3, 4, 5
