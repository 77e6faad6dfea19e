/*---
id: ct-table-export
title: Database exported
severity: medium
attack: [T1213.006, T1530]
sources: [cloudtrail]
packs: [triage, collection, exfiltration, data]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: A DynamoDB table or an RDS snapshot was exported to S3. From the bucket it leaves with one more call.
noise: Analytics pipelines, whose bucket and role are known.
cite: "AWS Incident Response Playbooks, data access; Elastic AWS DynamoDB Table Exported to S3 and AWS RDS Snapshot Export; ATT&CK T1213.006 Databases"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.tableArn'), json_extract_scalar(request_parameters, '$.sourceArn'), recipient_account_id) AS target,
  event_name || ' to bucket ' || coalesce(json_extract_scalar(request_parameters, '$.s3Bucket'), json_extract_scalar(request_parameters, '$.s3BucketName'), '?')
    || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'dynamodb.amazonaws.com' AND event_name = 'ExportTableToPointInTime')
    OR (event_source = 'rds.amazonaws.com' AND event_name = 'StartExportTask'))
ORDER BY 1, 3, 4, 5, 6
