/*---
id: ct-versioning-then-delete
title: Versioning or object lock loosened, then objects deleted
severity: critical
attack: [T1490, T1485]
sources: [cloudtrail]
packs: [triage, impact, data]
params:
  - {name: window_hours, type: bigint, default: 24, doc: hours from the change to the deletion}
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: loosened_by}}
means: First the way back was closed, then the data went. What was deleted in this time may be gone for good.
noise: Buckets being emptied for good; then a DeleteBucket follows and somebody announced it.
cite: "AWS Incident Response Playbooks, ransomware, query 4; Panther correlation rule, versioning suspended then deletes; ATT&CK T1490 Inhibit System Recovery"
---*/
WITH loosened AS (
  SELECT *, json_extract_scalar(request_parameters, '$.bucketName') AS bucket
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 's3.amazonaws.com' AND error_code IS NULL
    AND ((event_name = 'PutBucketVersioning'
        AND json_extract_scalar(request_parameters, '$.VersioningConfiguration.Status') = 'Suspended')
      OR (event_name = 'PutBucketObjectLockConfiguration')
      OR (event_name IN ('PutObjectRetention', 'PutObjectLegalHold')))
),
first_loosened AS (
  SELECT bucket, recipient_account_id, event_name, min(event_time) AS moment, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, max(source_ip_address) AS src_ip
  FROM loosened GROUP BY bucket, recipient_account_id, event_name
),
deleted AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, recipient_account_id, event_name, user_access_key_id,
    json_extract_scalar(request_parameters, '$.bucketName') AS bucket
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 's3.amazonaws.com' AND error_code IS NULL
    AND event_name IN ('DeleteObject', 'DeleteObjects', 'DeleteObjectVersion', 'DeleteBucket')
)
SELECT min(d.event_time) AS time, 'cloudtrail' AS source, d.principal, max(d.source_ip_address) AS src_ip, d.bucket AS target,
  l.event_name || ' by ' || l.principal || ', then ' || CAST(count(*) AS VARCHAR) || ' deletions' AS summary,
  l.moment AS loosened_at, l.principal AS loosened_by, l.src_ip AS loosened_from, count(*) AS deletions,
  max(d.event_time) AS last_time, max(d.user_access_key_id) AS access_key_id
FROM first_loosened l
JOIN deleted d ON d.bucket = l.bucket AND d.recipient_account_id = l.recipient_account_id
  AND d.event_time >= l.moment AND d.event_time <= l.moment + $window_hours * INTERVAL '1' HOUR
GROUP BY d.principal, d.bucket, l.event_name, l.moment, l.principal, l.src_ip
ORDER BY 1, 3, 4, 5, 6
