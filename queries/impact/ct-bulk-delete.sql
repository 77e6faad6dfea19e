/*---
id: ct-bulk-delete
title: Many objects, snapshots or backups deleted
severity: critical
attack: [T1485, T1490]
sources: [cloudtrail]
packs: [triage, impact, data]
params:
  - {name: deletions, type: bigint, default: 20, doc: delete calls that are many}
  - {name: window_minutes, type: bigint, default: 60, doc: minutes they must lie in}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Destruction, or the second half of a ransom. Deleted backups and snapshots make it final.
noise: Lifecycle work done by scripts; retention jobs delete old snapshots daily, by a principal of their own. Refused tries count.
cite: "AWS Incident Response Playbooks, ransomware, queries 2 and 6; Stratus Red Team aws.impact.s3-ransomware-batch-deletion and s3-ransomware-individual-deletion; ATT&CK T1485, T1490"
---*/
WITH deletes AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, event_name, error_code,
    coalesce(json_extract_scalar(request_parameters, '$.bucketName'), event_source) AS place,
    count(*) OVER (PARTITION BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by) ORDER BY event_time
      RANGE BETWEEN $window_minutes * INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW) AS in_window
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_invoked_by IS NULL
    AND event_name IN ('DeleteObject', 'DeleteObjects', 'DeleteObjectVersion', 'DeleteBucket', 'DeleteSnapshot', 'DeregisterImage',
      'DeleteVolume', 'TerminateInstances', 'DeleteDBInstance', 'DeleteDBCluster', 'DeleteDBSnapshot', 'DeleteDBClusterSnapshot',
      'DeleteRecoveryPoint', 'DeleteBackup', 'DeleteBackupVault', 'DeleteTable', 'DeleteFileSystem', 'DeleteSecret')
)
SELECT min(CASE WHEN in_window >= $deletions THEN event_time END) AS time, 'cloudtrail' AS source, principal,
  max(source_ip_address) AS src_ip, array_join(array_agg(DISTINCT place ORDER BY place), ', ') AS target,
  CAST(max(in_window) AS VARCHAR) || ' delete calls within ' || CAST($window_minutes AS VARCHAR) || ' minutes' AS summary,
  array_join(array_agg(DISTINCT event_name ORDER BY event_name), ', ') AS apis, count(*) AS calls, count(error_code) AS errors,
  max(in_window) AS most_in_window, min(event_time) AS first_time, max(event_time) AS last_time,
  max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM deletes
GROUP BY principal
HAVING max(in_window) >= $deletions
ORDER BY 1, 3, 4, 5, 6
