/*---
id: ct-snapshot-blocks-read
title: Blocks of a disk snapshot read through the API
severity: high
attack: [T1530, T1578.001]
sources: [cloudtrail]
packs: [triage, exfiltration, collection, data]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "A whole disk leaves by API calls: no instance, no shared snapshot, no flow."
noise: "Backup products that use the EBS direct APIs, and forensic tools."
cite: "Amazon EBS User Guide, EBS direct APIs; Elastic AWS EC2 EBS Snapshot Access rules; ATT&CK T1530"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip, json_extract_scalar(request_parameters, '$.snapshotId') AS target,
  'blocks of ' || coalesce(json_extract_scalar(request_parameters, '$.snapshotId'), json_extract_scalar(request_parameters, '$.secondSnapshotId'), '?') || ' read, ' || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END AS summary,
  count(*) AS calls, count(error_code) AS errors, max(event_time) AS last_time, max(recipient_account_id) AS account_id,
  max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ebs.amazonaws.com' AND event_name IN ('GetSnapshotBlock', 'ListSnapshotBlocks', 'ListChangedBlocks')
  AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), json_extract_scalar(request_parameters, '$.snapshotId'), json_extract_scalar(request_parameters, '$.secondSnapshotId')
ORDER BY 1, 3, 4, 5, 6
