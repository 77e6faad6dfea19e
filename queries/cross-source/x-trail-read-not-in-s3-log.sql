/*---
id: x-trail-read-not-in-s3-log
title: Data events of S3 without a line in the access log
severity: info
attack: [T1685.002]
sources: [cloudtrail, s3_access]
packs: [cross-source, data, coverage]
params:
  - {name: calls, type: bigint, default: 1, doc: data events without a line}
means: CloudTrail recorded reads of a bucket for which there is no line in its access log, although the log has others of that day. Access logs are delivered at best effort; many missing in a row are not chance.
noise: Late deliveries at the end of the evidence. Buckets that do not log at all are left out.
cite: "Amazon S3 User Guide, server access log delivery; AWS CloudTrail User Guide, logging data events"
---*/
WITH logged AS (SELECT DISTINCT bucket, date_trunc('day', time) AS day FROM s3_access WHERE time >= $since AND time < $until),
lines AS (SELECT DISTINCT request_id FROM s3_access WHERE time >= $since AND time < $until AND request_id IS NOT NULL),
events AS (
  SELECT event_time, request_id, source_ip_address, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, json_extract_scalar(request_parameters, '$.bucketName') AS bucket, json_extract_scalar(request_parameters, '$.key') AS object_key
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until AND event_source = 's3.amazonaws.com' AND event_name IN ('GetObject', 'PutObject', 'DeleteObject') AND error_code IS NULL AND request_id IS NOT NULL
)
SELECT min(e.event_time) AS time, 'cloudtrail+s3_access' AS source, e.principal, max(e.source_ip_address) AS src_ip, e.bucket AS target,
  CAST(count(*) AS VARCHAR) || ' data events without a line in the access log' AS summary,
  count(*) AS calls, count(DISTINCT e.object_key) AS objects, max(e.event_time) AS last_time
FROM events e
JOIN logged g ON g.bucket = e.bucket AND g.day = date_trunc('day', e.event_time)
LEFT JOIN lines l ON l.request_id = e.request_id
WHERE l.request_id IS NULL
GROUP BY e.principal, e.bucket
HAVING count(*) >= $calls
ORDER BY 1, 3, 5
