/*---
id: ct-instance-keys
title: Key put on an instance or serial console opened
severity: medium
attack: [T1098.004, T1021.004]
sources: [cloudtrail]
packs: [persistence, lateral-movement]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: An SSH key was imported or pushed to an instance, or serial consoles were enabled for the whole account.
noise: People who use EC2 Instance Connect daily. The serial console is rare.
cite: "Stratus Red Team aws.lateral-movement.ec2-instance-connect and ec2-serial-console-send-ssh-public-key; SigmaHQ aws_ec2_import_key_pair_activity"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.instanceId'), json_extract_scalar(request_parameters, '$.keyName'), recipient_account_id) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  json_extract_scalar(request_parameters, '$.instanceOSUser') AS os_user,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source IN ('ec2.amazonaws.com', 'ec2-instance-connect.amazonaws.com')
  AND event_name IN ('ImportKeyPair', 'SendSSHPublicKey', 'SendSerialConsoleSSHPublicKey', 'EnableSerialConsoleAccess')
ORDER BY 1, 3, 4, 5, 6
