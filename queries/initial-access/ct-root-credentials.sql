/*---
id: ct-root-credentials
title: "Root password, e-mail, key or second factor changed"
severity: critical
attack: [T1098.001, T1078.004]
sources: [cloudtrail]
packs: [triage, persistence, initial-access]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-root-use}
means: "Whoever holds root's mailbox, password, key or second factor holds the account, past every policy."
noise: "The owner, once in years. Ask him."
cite: "AWS CloudTrail User Guide, AWS Management Console sign-in events, root; Elastic AWS Sign-In Root Password Recovery Requested; Tailpipe detection for root password updates"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  recipient_account_id AS target,
  event_name || ' for root' || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  json_extract_scalar(response_elements, '$.accessKey.accessKeyId') AS new_access_key_id,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'signin.amazonaws.com' AND event_name IN ('PasswordRecoveryRequested', 'PasswordRecoveryCompleted', 'PasswordUpdated', 'EmailUpdated'))
    OR (event_source = 'iam.amazonaws.com' AND event_name IN ('CreateAccessKey', 'DeactivateMFADevice', 'EnableMFADevice', 'DeleteVirtualMFADevice'))
    OR (event_source = 'account.amazonaws.com' AND event_name IN ('StartPrimaryEmailUpdate', 'AcceptPrimaryEmailUpdate')))
  AND (user_type = 'Root' OR event_name IN ('StartPrimaryEmailUpdate', 'AcceptPrimaryEmailUpdate'))
  AND coalesce(json_extract_scalar(request_parameters, '$.userName'), '') = ''
ORDER BY 1, 3, 4, 5, 6
