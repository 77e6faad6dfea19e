/*---
id: ct-objects-of
title: Objects a principal, key or address read, wrote or deleted
severity: info
attack: []
sources: [cloudtrail]
packs: [collection, data]
params:
  - {name: who, type: varchar, default: "", doc: "ARN, access key id, user name or address"}
means: "The list of objects for the report, from data events. Give an ARN, access key id or address: -p who=203.0.113.66."
noise: Only buckets whose data events are logged are in it; s3-objects-of asks the access log.
cite: "AWS Incident Response Playbooks, S3 data exfiltration, query 8"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.bucketName') || '/' || coalesce(json_extract_scalar(request_parameters, '$.key'), '') AS target,
  event_name || coalesce(' ' || error_code, '') || ', ' || CAST(count(*) AS VARCHAR) || ' times' AS summary,
  event_name, error_code, count(*) AS calls, CAST(coalesce(sum(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredOut') AS DOUBLE)), 0) AS BIGINT) AS bytes_out,
  CAST(coalesce(sum(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredIn') AS DOUBLE)), 0) AS BIGINT) AS bytes_in, max(event_time) AS last_time, max(user_access_key_id) AS access_key_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until AND $who <> '' AND event_source = 's3.amazonaws.com' AND (user_arn = $who OR user_access_key_id = $who OR source_ip_address = $who OR user_name = $who)
  AND event_name IN ('GetObject', 'SelectObjectContent', 'PutObject', 'CopyObject', 'DeleteObject', 'DeleteObjects', 'UploadPart', 'UploadPartCopy', 'CompleteMultipartUpload', 'RestoreObject', 'HeadObject')
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), source_ip_address, json_extract_scalar(request_parameters, '$.bucketName'), json_extract_scalar(request_parameters, '$.key'), event_name, error_code
ORDER BY 1, 3, 4, 5, event_name
