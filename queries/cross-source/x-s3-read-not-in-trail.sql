/*---
id: x-s3-read-not-in-trail
title: Object reads that CloudTrail has no data event for
severity: low
attack: [T1685.002, T1530]
sources: [s3_access, cloudtrail]
packs: [cross-source, data]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-trail-impaired}
means: "The access log shows reads of a bucket that CloudTrail did not record: data events are off there, or were."
noise: "Most buckets have no data events at all: then the access log is the only witness."
cite: "AWS CloudTrail User Guide, logging data events; ATT&CK T1685.002"
---*/
SELECT min(a.time) AS time, 's3_access+cloudtrail' AS source, a.requester AS principal, a.remote_ip AS src_ip, a.bucket AS target,
  CAST(count(*) AS VARCHAR) || ' reads of ' || a.bucket || ' without a data event' AS summary, count(*) AS reads, count(DISTINCT a.key) AS objects, CAST(sum(a.bytes_sent) AS BIGINT) AS bytes, max(a.time) AS last_time
FROM s3_access a
LEFT JOIN (SELECT DISTINCT request_id FROM cloudtrail WHERE event_source = 's3.amazonaws.com' AND event_name = 'GetObject' AND event_time >= $since AND event_time < $until) c ON c.request_id = a.request_id
WHERE a.operation = 'REST.GET.OBJECT' AND a.http_status < 300 AND c.request_id IS NULL AND a.time >= $since AND a.time < $until
GROUP BY a.requester, a.remote_ip, a.bucket
ORDER BY 1, 4, 5
