/*---
id: ct-image-exported
title: Machine or image exported to a bucket
severity: high
attack: [T1537, T1567.002]
sources: [cloudtrail]
packs: [triage, data, exfiltration]
next:
  - {id: ct-resource-calls, with: {name: bucket}}
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "A machine with all its disks becomes files in a bucket, to be fetched. The bucket may be another account's."
noise: "Moves out of AWS, planned for weeks."
cite: "SigmaHQ aws_ec2_vm_export_failure; Elastic AWS EC2 Export Task; ATT&CK T1537"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.instanceId'), json_extract_scalar(request_parameters, '$.imageId'), json_extract_scalar(request_parameters, '$.ExportImageRequest.ImageId'), json_extract_scalar(request_parameters, '$.CreateStoreImageTaskRequest.ImageId')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' to ' || coalesce(json_extract_scalar(request_parameters, '$.exportToS3.s3Bucket'), json_extract_scalar(request_parameters, '$.s3ExportLocation.s3Bucket'), json_extract_scalar(request_parameters, '$.ExportImageRequest.S3ExportLocation.S3Bucket'), json_extract_scalar(request_parameters, '$.CreateStoreImageTaskRequest.Bucket'), json_extract_scalar(request_parameters, '$.bucket'), '?') AS summary,
  coalesce(json_extract_scalar(request_parameters, '$.exportToS3.s3Bucket'), json_extract_scalar(request_parameters, '$.s3ExportLocation.s3Bucket'), json_extract_scalar(request_parameters, '$.ExportImageRequest.S3ExportLocation.S3Bucket'), json_extract_scalar(request_parameters, '$.CreateStoreImageTaskRequest.Bucket'), json_extract_scalar(request_parameters, '$.bucket')) AS bucket,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ec2.amazonaws.com' AND event_name IN ('CreateInstanceExportTask', 'ExportImage', 'CreateStoreImageTask')
ORDER BY 1, 3, 4, 5, 6
