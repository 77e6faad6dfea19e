/*---
id: x-anonymous-reader-calls-api
title: Address that read objects without a signature calls the API
severity: high
attack: [T1552.001, T1078.004]
sources: [s3_access, cloudtrail]
packs: [triage, cross-source, data]
means: An address read a bucket anonymously, and later succeeds at the API with a key. The key may have lain in the bucket.
noise: Offices whose people look at their own public site.
cite: "AWS Incident Response Playbooks, S3 public access; ATT&CK T1552.001"
next:
  - {id: ct-key-calls, with: {key: target}}
  - {id: s3-objects-of, with: {who: src_ip}}
---*/
WITH readers AS (
  SELECT remote_ip, min(time) AS first_read, count(DISTINCT key) AS objects, max(bucket) AS bucket
  FROM s3_access
  WHERE time >= $since AND time < $until AND requester IS NULL AND remote_ip IS NOT NULL AND http_status BETWEEN 200 AND 299 AND operation LIKE 'REST.GET.%'
  GROUP BY remote_ip
)
SELECT min(c.event_time) AS time, 's3_access+cloudtrail' AS source, coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by) AS principal, c.source_ip_address AS src_ip, c.user_access_key_id AS target,
  CAST(count(*) AS VARCHAR) || ' API calls after ' || CAST(r.objects AS VARCHAR) || ' objects of ' || r.bucket || ' were read without a signature' AS summary,
  r.first_read, r.objects, r.bucket, count(*) AS calls, count(DISTINCT c.event_name) AS apis, max(c.event_time) AS last_time, max(c.user_agent) AS user_agent
FROM readers r JOIN cloudtrail c ON c.source_ip_address = r.remote_ip
WHERE c.event_time >= $since AND c.event_time < $until AND c.event_time > r.first_read AND c.error_code IS NULL AND c.user_access_key_id <> ''
GROUP BY coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by), c.source_ip_address, c.user_access_key_id, r.first_read, r.objects, r.bucket
ORDER BY 1, 3, 4, 5
