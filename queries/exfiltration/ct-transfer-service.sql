/*---
id: ct-transfer-service
title: Transfer service set up or started
severity: medium
attack: [T1537, T1567.002]
sources: [cloudtrail]
packs: [exfiltration, data]
means: DataSync, Transfer Family, S3 Batch Operations or Snow were set to move data. They move it fast, and their traffic looks like that of AWS.
noise: Migrations and backups that are planned. Ask where the destination is.
cite: "AWS DataSync and AWS Transfer Family API references; ATT&CK T1537"
next:
  - {id: ct-principal-calls, with: {principal: principal}}
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.s3BucketArn'), json_extract_scalar(request_parameters, '$.destinationLocationArn'), json_extract_scalar(request_parameters, '$.taskArn'),
    json_extract_scalar(request_parameters, '$.serverId'), json_extract_scalar(request_parameters, '$.serverHostname'), event_source) AS target,
  event_name || ' of ' || split_part(event_source, '.', 1) || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'datasync.amazonaws.com' AND (event_name LIKE 'CreateLocation%' OR event_name IN ('CreateTask', 'StartTaskExecution', 'CreateAgent')))
    OR (event_source = 'transfer.amazonaws.com' AND event_name IN ('CreateServer', 'CreateUser', 'ImportSshPublicKey', 'StartFileTransfer', 'CreateConnector'))
    OR (event_source IN ('s3.amazonaws.com', 's3-control.amazonaws.com') AND event_name = 'CreateJob')
    OR (event_source = 'snowball.amazonaws.com' AND event_name = 'CreateJob'))
ORDER BY 1, 3, 4, 5, 6
