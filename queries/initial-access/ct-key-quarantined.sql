/*---
id: ct-key-quarantined
title: "AWS put a key under quarantine: it lies in public"
severity: critical
attack: [T1552.001, T1078.004]
sources: [cloudtrail]
packs: [triage, credential-access, initial-access]
next:
  - {id: ct-principal-calls, with: {principal: target}}
  - {id: ct-resource-calls, with: {name: target}}
means: "AWS found an access key of this user in public and attached a policy that forbids the worst. The key still works for the rest. Detaching the policy is what an intruder does, or somebody in a hurry."
noise: None for the attachment.
cite: "AWS managed policy reference, AWSCompromisedKeyQuarantineV3; Elastic AWS IAM CompromisedKeyQuarantine Policy Attached to User"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName')) AS target,
  CASE WHEN event_name LIKE 'Detach%' THEN 'quarantine lifted for ' ELSE 'quarantine for ' END || coalesce(json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName'), '?') || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'iam.amazonaws.com' AND event_name IN ('AttachUserPolicy', 'AttachRolePolicy', 'DetachUserPolicy', 'DetachRolePolicy')
  AND json_extract_scalar(request_parameters, '$.policyArn') LIKE '%:aws:policy/AWSCompromisedKeyQuarantine%'
ORDER BY 1, 3, 4, 5, 6
