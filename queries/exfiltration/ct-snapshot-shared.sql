/*---
id: ct-snapshot-shared
title: Snapshot or image shared
severity: critical
attack: [T1537]
sources: [cloudtrail]
packs: [triage, exfiltration, data]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A disk snapshot, machine image or database snapshot was opened to another account or to everybody. It can be copied away in silence.
noise: Image factories that share with accounts of the organization; accounts whose own CloudTrail is in the case are left out. All means everybody and is hardly ever right.
cite: "Stratus Red Team aws.exfiltration.ec2-share-ebs-snapshot, ec2-share-ami, rds-share-snapshot; SigmaHQ aws_snapshot_backup_exfiltration; ATT&CK T1537 Transfer Data to Cloud Account"
---*/
WITH shares AS (
  SELECT *, coalesce(
      json_extract_scalar(request_parameters, '$.createVolumePermission.add.items[0].userId'),
      json_extract_scalar(request_parameters, '$.createVolumePermission.add.items[0].group'),
      json_extract_scalar(request_parameters, '$.launchPermission.add.items[0].userId'),
      json_extract_scalar(request_parameters, '$.launchPermission.add.items[0].group'),
      json_extract_scalar(request_parameters, '$.launchPermission.add.items[0].organizationArn'),
      CASE WHEN json_extract_scalar(request_parameters, '$.attributeName') = 'restore'
        THEN json_extract_scalar(request_parameters, '$.valuesToAdd[0]') END) AS receiver
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND ((event_source = 'ec2.amazonaws.com' AND event_name IN ('ModifySnapshotAttribute', 'ModifyImageAttribute'))
      OR (event_source = 'rds.amazonaws.com' AND event_name IN ('ModifyDBSnapshotAttribute', 'ModifyDBClusterSnapshotAttribute')))
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.snapshotId'), json_extract_scalar(request_parameters, '$.imageId'),
    json_extract_scalar(request_parameters, '$.dBSnapshotIdentifier'), json_extract_scalar(request_parameters, '$.dBClusterSnapshotIdentifier')) AS target,
  CASE WHEN error_code IS NULL THEN 'shared with ' ELSE 'tried to share with ' END
    || CASE receiver WHEN 'all' THEN 'everybody' ELSE receiver END AS summary,
  receiver, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM shares
WHERE receiver IS NOT NULL AND receiver <> recipient_account_id
  -- An account whose own logs are in the case is one of the house.
  AND receiver NOT IN (SELECT recipient_account_id FROM cloudtrail WHERE recipient_account_id IS NOT NULL AND event_time >= $since AND event_time < $until)
ORDER BY 1, 3, 4, 5, 6
