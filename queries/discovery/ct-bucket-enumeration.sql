/*---
id: ct-bucket-enumeration
title: Many buckets looked into
severity: medium
attack: [T1619]
sources: [cloudtrail]
packs: [triage, discovery, data]
params:
  - {name: buckets, type: bigint, default: 5, doc: distinct buckets asked about in an hour}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-object-mass-read}
means: Bucket after bucket is asked for its policy, access lists, settings or contents.
noise: Posture tools and the S3 console's start page; AWS services are left out.
cite: "SigmaHQ aws_s3_enumeration and Elastic AWS S3 Bucket Enumeration or Brute Force; ATT&CK T1619 Cloud Storage Object Discovery"
---*/
WITH asked AS (
  SELECT event_time, date_trunc('hour', event_time) AS hour, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent,
    event_name, error_code, json_extract_scalar(request_parameters, '$.bucketName') AS bucket
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 's3.amazonaws.com' AND user_invoked_by IS NULL
    AND event_name IN ('GetBucketAcl', 'GetBucketPolicy', 'GetBucketPolicyStatus', 'GetBucketLocation', 'GetBucketLogging',
      'GetBucketVersioning', 'GetBucketPublicAccessBlock', 'GetBucketEncryption', 'GetBucketReplication', 'GetBucketCors',
      'GetBucketWebsite', 'GetBucketTagging', 'ListObjects', 'ListObjectVersions', 'HeadBucket', 'GetBucketLifecycle')
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, principal, source_ip_address AS src_ip, min(bucket) AS target,
  CAST(count(DISTINCT bucket) AS VARCHAR) || ' buckets asked about within an hour' AS summary,
  array_join(array_agg(DISTINCT event_name ORDER BY event_name), ', ') AS apis, count(*) AS calls, count(error_code) AS errors,
  max(event_time) AS last_time, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM asked
GROUP BY hour, principal, source_ip_address
HAVING count(DISTINCT bucket) >= $buckets
ORDER BY 1, 3, 4, 5, 6
