/*---
id: ct-objects-encrypted
title: Objects overwritten under a key of the caller's
severity: critical
attack: [T1486]
sources: [cloudtrail]
packs: [triage, impact, data]
params:
  - {name: objects, type: bigint, default: 5, doc: objects so written that make a finding}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Objects were written with a customer-provided key (SSE-C) or a KMS key of another account. Without that key they cannot be read again. This is how buckets are held for ransom.
noise: Applications that use SSE-C on purpose; few do, and they did so before.
cite: "Stratus Red Team aws.impact.s3-ransomware-client-side-encryption; Elastic AWS S3 Object Encryption Using External KMS Key and Unusual SSE-C; ATT&CK T1486 Data Encrypted for Impact"
---*/
WITH written AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, event_name, recipient_account_id,
    json_extract_scalar(request_parameters, '$.bucketName') AS bucket,
    CASE WHEN request_parameters LIKE '%x-amz-server-side-encryption-customer-algorithm%' THEN 'SSE-C'
      ELSE json_extract_scalar(request_parameters, '$["x-amz-server-side-encryption-aws-kms-key-id"]') END AS key_used
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 's3.amazonaws.com' AND event_name IN ('PutObject', 'CopyObject', 'CompleteMultipartUpload', 'CreateMultipartUpload')
    AND error_code IS NULL
    AND request_parameters LIKE '%x-amz-server-side-encryption-%'
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, principal, max(source_ip_address) AS src_ip, bucket AS target,
  CAST(count(*) AS VARCHAR) || ' objects written under ' || CASE key_used WHEN 'SSE-C' THEN 'a key only the caller has' ELSE key_used END AS summary,
  key_used, count(*) AS objects, max(event_time) AS last_time, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM written
WHERE key_used = 'SSE-C'
  OR (key_used LIKE 'arn:%' AND split_part(key_used, ':', 5) <> recipient_account_id)
GROUP BY principal, bucket, key_used
HAVING count(*) >= $objects
ORDER BY 1, 3, 4, 5, 6
