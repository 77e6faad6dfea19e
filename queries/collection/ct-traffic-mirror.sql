/*---
id: ct-traffic-mirror
title: Traffic mirrored
severity: high
attack: [T1040]
sources: [cloudtrail]
packs: [triage, collection, network]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Copies of an interface's packets go to another place, unencrypted ones readable.
noise: Network monitoring, set up once and known.
cite: "Elastic AWS EC2 Network Packet Capture Detected; ATT&CK T1040 Network Sniffing"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.CreateTrafficMirrorSessionRequest.NetworkInterfaceId'),
    json_extract_scalar(request_parameters, '$.CreateTrafficMirrorTargetRequest.NetworkInterfaceId'), recipient_account_id) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ec2.amazonaws.com'
  AND event_name IN ('CreateTrafficMirrorSession', 'CreateTrafficMirrorTarget', 'CreateTrafficMirrorFilter', 'ModifyTrafficMirrorSession')
ORDER BY 1, 3, 4, 5, 6
