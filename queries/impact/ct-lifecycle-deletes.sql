/*---
id: ct-lifecycle-deletes
title: Bucket told to delete its objects within days
severity: high
attack: [T1485.001]
sources: [cloudtrail]
packs: [triage, impact, data, defense-evasion]
params:
  - {name: days, type: bigint, default: 7, doc: "days after which objects go, at most"}
means: A lifecycle rule that expires objects soon was set. S3 then deletes all by itself, without a call to be seen.
noise: Buckets for temporary files and logs. Look whether the rule has a prefix.
cite: "Amazon S3 User Guide, lifecycle configuration elements; ATT&CK T1485.001 Lifecycle-Triggered Deletion"
next:
  - {id: ct-resource-calls, with: {name: target}}
---*/
WITH rules AS (
  SELECT *, TRY_CAST(nullif(regexp_extract(request_parameters, '"(?:Expiration|NoncurrentVersionExpiration)" *: *[{][^}]*"(?:Days|NoncurrentDays)" *: *"?([0-9]+)', 1), '') AS BIGINT) AS days
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until AND event_source = 's3.amazonaws.com' AND event_name IN ('PutBucketLifecycle', 'PutBucketLifecycleConfiguration')
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.bucketName') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || 'objects expire after ' || CAST(days AS VARCHAR) || ' days' AS summary,
  days, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM rules
WHERE days <= $days
ORDER BY 1, 3, 4, 5, 6
