/*---
id: s3-access-mass-read
title: Mass download from a bucket
severity: high
attack: [T1530]
sources: [s3_access]
packs: [collection, data]
params:
  - {name: objects, type: bigint, default: 1000, doc: different objects in an hour}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-resource-calls, with: {name: target}}
means: One requester read very many different objects of a bucket within an hour.
noise: Backups, synchronisation, crawlers of one's own.
cite: "AWS incident response playbooks, data access, large downloads"
---*/
SELECT min(time) AS time, 's3_access' AS source, COALESCE(requester, 'anonymous') AS principal, remote_ip AS src_ip, bucket AS target,
  CAST(count(DISTINCT key) AS VARCHAR) || ' objects of ' || bucket || ' read within an hour, ' || CAST(CAST(sum(bytes_sent) AS BIGINT) AS VARCHAR) || ' bytes' AS summary, count(DISTINCT key) AS objects, CAST(sum(bytes_sent) AS BIGINT) AS bytes, max(time) AS last_time
FROM s3_access
WHERE operation LIKE 'REST.GET.OBJECT' AND http_status < 300 AND time >= $since AND time < $until
GROUP BY COALESCE(requester, 'anonymous'), remote_ip, bucket, date_trunc('hour', time)
HAVING count(DISTINCT key) >= $objects
ORDER BY 1, 3, 4, 5
