/*---
id: ct-database-credentials
title: Database credentials asked of Redshift or RDS by a person
severity: low
attack: [T1555.006]
sources: [cloudtrail]
packs: [data, credential-access]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: redshift-unload}
means: An AWS credential becomes a database user's. What was asked there is in the database's own log.
noise: Analysts and BI tools.
cite: "Amazon Redshift Management Guide, IAM credentials for database users; Amazon RDS Data API; ATT&CK T1555.006"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.clusterIdentifier'), json_extract_scalar(request_parameters, '$.workgroupName'), json_extract_scalar(request_parameters, '$.secretArn'), event_source) AS target,
  event_name || coalesce(' as ' || json_extract_scalar(request_parameters, '$.dbUser'), '') || ', ' || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END AS summary,
  event_name, json_extract_scalar(request_parameters, '$.dbUser') AS db_user, count(*) AS calls, count(error_code) AS errors, max(event_time) AS last_time,
  max(recipient_account_id) AS account_id, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'redshift.amazonaws.com' AND event_name IN ('GetClusterCredentials', 'GetClusterCredentialsWithIAM'))
    OR (event_source = 'redshift-serverless.amazonaws.com' AND event_name = 'GetCredentials')
    OR (event_source = 'rdsdata.amazonaws.com' AND event_name IN ('ExecuteStatement', 'BatchExecuteStatement'))
    OR (event_source = 'rds-data.amazonaws.com' AND event_name IN ('ExecuteStatement', 'BatchExecuteStatement')))
  AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), source_ip_address, event_name, json_extract_scalar(request_parameters, '$.dbUser'), coalesce(json_extract_scalar(request_parameters, '$.clusterIdentifier'), json_extract_scalar(request_parameters, '$.workgroupName'), json_extract_scalar(request_parameters, '$.secretArn'), event_source)
ORDER BY 1, 3, 4, 5, 6
