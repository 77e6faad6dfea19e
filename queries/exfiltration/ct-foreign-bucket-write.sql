/*---
id: ct-foreign-bucket-write
title: Objects written to a bucket of another account
severity: high
attack: [T1537, T1567.002]
sources: [cloudtrail]
packs: [triage, exfiltration, data]
means: A principal of the account put or copied objects into a bucket that belongs to another account. Data leaves so without touching a network of yours.
noise: "Deliveries to partners; log buckets of the organization: their account is the same each day. Accounts whose own CloudTrail is in the case are left out."
cite: "AWS CloudTrail User Guide, resources of S3 data events; AWS Incident Response Playbooks, S3, query 7; ATT&CK T1537"
next:
  - {id: ct-principal-calls, with: {principal: principal}}
---*/
WITH written AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, user_account_id, event_name,
    json_extract_scalar(request_parameters, '$.bucketName') AS bucket, json_extract_scalar(request_parameters, '$.key') AS object_key, json_extract_scalar(request_parameters, '$["x-amz-copy-source"]') AS copy_source,
    coalesce(json_extract_scalar(resources, '$[0].accountId'), json_extract_scalar(resources, '$[1].accountId'), json_extract_scalar(resources, '$[2].accountId')) AS owner
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 's3.amazonaws.com' AND event_name IN ('PutObject', 'CopyObject', 'UploadPart', 'UploadPartCopy', 'CompleteMultipartUpload') AND error_code IS NULL
    AND user_invoked_by IS NULL AND resources IS NOT NULL
),
foreign_writes AS (SELECT * FROM written WHERE owner <> user_account_id AND length(user_account_id) = 12)
SELECT min(event_time) AS time, 'cloudtrail' AS source, principal, max(source_ip_address) AS src_ip, bucket AS target,
  CAST(count(DISTINCT object_key) AS VARCHAR) || ' objects written to ' || bucket || ' of account ' || owner AS summary,
  owner AS to_account, count(*) AS calls, count(DISTINCT object_key) AS objects, max(copy_source) AS one_copy_source, max(event_time) AS last_time, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM foreign_writes
WHERE owner NOT IN (SELECT recipient_account_id FROM cloudtrail WHERE recipient_account_id IS NOT NULL AND event_time >= $since AND event_time < $until AND management_event)
GROUP BY principal, bucket, owner
ORDER BY 1, 3, 4, 5
