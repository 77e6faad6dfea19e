/*---
id: ct-database-public
title: Database made or restored with a public address
severity: high
attack: [T1530, T1190]
sources: [cloudtrail]
packs: [triage, data, exfiltration]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-database-destroyed}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "A copy of the data stands on the internet, behind a password the one who restored it may set."
noise: Tests. Production data has no place in them.
cite: "SigmaHQ aws_rds_public_db_restore; Tailpipe detection for public restores; ATT&CK T1530"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.dBInstanceIdentifier'), json_extract_scalar(request_parameters, '$.clusterIdentifier')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || coalesce(json_extract_scalar(request_parameters, '$.dBInstanceIdentifier'), json_extract_scalar(request_parameters, '$.clusterIdentifier'), '?') || ' with a public address by ' || event_name || coalesce(' of ' || json_extract_scalar(request_parameters, '$.dBSnapshotIdentifier'), '') AS summary,
  json_extract_scalar(request_parameters, '$.dBSnapshotIdentifier') AS snapshot,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source IN ('rds.amazonaws.com', 'redshift.amazonaws.com')
  AND (event_name LIKE 'RestoreDB%' OR event_name IN ('ModifyDBInstance', 'CreateDBInstance', 'ModifyCluster', 'RestoreFromClusterSnapshot'))
  AND json_extract_scalar(request_parameters, '$.publiclyAccessible') = 'true'
ORDER BY 1, 3, 4, 5, 6
