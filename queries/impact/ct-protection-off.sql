/*---
id: ct-protection-off
title: Protection from deletion switched off
severity: medium
attack: [T1490]
sources: [cloudtrail]
packs: [data, impact]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-database-destroyed}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: The step before deletion.
noise: Clean-ups that somebody announced.
cite: "Amazon RDS User Guide, deletion protection; SigmaHQ and Elastic RDS deletion rules; ATT&CK T1490"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.dBInstanceIdentifier'), json_extract_scalar(request_parameters, '$.dBClusterIdentifier'), json_extract_scalar(request_parameters, '$.globalClusterIdentifier'), json_extract_scalar(request_parameters, '$.tableName'), json_extract_scalar(request_parameters, '$.instanceId'), json_extract_scalar(request_parameters, '$.stackName'), json_extract_scalar(request_parameters, '$.userPoolId')) AS target,
  'protection off: ' || coalesce(json_extract_scalar(request_parameters, '$.dBInstanceIdentifier'), json_extract_scalar(request_parameters, '$.dBClusterIdentifier'), json_extract_scalar(request_parameters, '$.globalClusterIdentifier'), json_extract_scalar(request_parameters, '$.tableName'), json_extract_scalar(request_parameters, '$.instanceId'), json_extract_scalar(request_parameters, '$.stackName'), json_extract_scalar(request_parameters, '$.userPoolId'), '?') || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'rds.amazonaws.com' AND event_name IN ('ModifyDBInstance', 'ModifyDBCluster', 'ModifyGlobalCluster') AND json_extract_scalar(request_parameters, '$.deletionProtection') = 'false')
    OR (event_source = 'dynamodb.amazonaws.com' AND event_name = 'UpdateTable' AND json_extract_scalar(request_parameters, '$.deletionProtectionEnabled') = 'false')
    OR (event_source = 'ec2.amazonaws.com' AND event_name = 'ModifyInstanceAttribute' AND json_extract_scalar(request_parameters, '$.disableApiTermination.value') = 'false')
    OR (event_source = 'cloudformation.amazonaws.com' AND event_name = 'UpdateTerminationProtection' AND json_extract_scalar(request_parameters, '$.enableTerminationProtection') = 'false')
    OR (event_source = 'cognito-idp.amazonaws.com' AND event_name = 'UpdateUserPool' AND json_extract_scalar(request_parameters, '$.deletionProtection') = 'INACTIVE'))
ORDER BY 1, 3, 4, 5, 6
