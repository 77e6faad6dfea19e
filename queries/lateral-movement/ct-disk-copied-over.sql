/*---
id: ct-disk-copied-over
title: Disk of one machine copied and hung into another
severity: high
attack: [T1578.001, T1530]
sources: [cloudtrail]
packs: [triage, collection, lateral-movement, data]
params:
  - {name: window_hours, type: bigint, default: 24, doc: hours from making the volume to attaching it}
next:
  - {id: ct-resource-calls, with: {name: snapshot_id}}
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "The disk of a domain controller or database, read on a machine of the intruder's own: no login on the first is needed."
noise: "Restores, and forensics: your own, perhaps."
cite: "Stratus Red Team and Pacu, EBS snapshot theft; CrowdStrike and Mandiant on copies of domain controllers' disks; ATT&CK T1578.001"
---*/
WITH volumes AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, recipient_account_id, json_extract_scalar(request_parameters, '$.snapshotId') AS snapshot_id, json_extract_scalar(response_elements, '$.volumeId') AS volume_id
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'ec2.amazonaws.com' AND event_name = 'CreateVolume' AND error_code IS NULL
    AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
)
SELECT a.event_time AS time, 'cloudtrail' AS source, coalesce(a.user_arn, a.user_name, a.user_principal_id, a.user_invoked_by) AS principal, a.source_ip_address AS src_ip,
  json_extract_scalar(a.request_parameters, '$.instanceId') AS target,
  'volume of snapshot ' || v.snapshot_id || ' hung into ' || coalesce(json_extract_scalar(a.request_parameters, '$.instanceId'), '?')
    || ' ' || CAST(date_diff('minute', v.event_time, a.event_time) AS VARCHAR) || ' min after it was made' AS summary,
  v.snapshot_id, v.volume_id, v.event_time AS volume_made_at, a.aws_region, a.recipient_account_id AS account_id,
  a.user_access_key_id AS access_key_id, a.user_agent, a.event_id
FROM volumes v
JOIN cloudtrail a ON json_extract_scalar(a.request_parameters, '$.volumeId') = v.volume_id AND a.recipient_account_id = v.recipient_account_id
WHERE a.event_time >= $since AND a.event_time < $until
  AND a.event_source = 'ec2.amazonaws.com' AND a.event_name = 'AttachVolume' AND a.error_code IS NULL
  AND v.snapshot_id <> '' AND a.event_time >= v.event_time AND a.event_time <= v.event_time + $window_hours * INTERVAL '1' HOUR
ORDER BY 1, 3, 4, 5, 6
