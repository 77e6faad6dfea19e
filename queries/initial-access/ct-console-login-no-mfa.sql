/*---
id: ct-console-login-no-mfa
title: Console sign-in without MFA
severity: medium
attack: [T1078.004]
sources: [cloudtrail]
packs: [triage, initial-access]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: An IAM user or root signed in to the console with a password alone. A stolen password was enough.
noise: Users whose MFA is not set up yet. Federated and Identity Center sign-ins always say MFAUsed No and are left out; their MFA is at the identity provider.
cite: "AWS CloudTrail User Guide, AWS Management Console sign-in events; SigmaHQ aws_console_login_no_mfa; Stratus Red Team aws.initial-access.console-login-without-mfa"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal,
  source_ip_address AS src_ip, recipient_account_id AS target,
  user_type || ' signed in to the console without MFA' AS summary,
  json_extract_scalar(additional_event_data, '$.LoginTo') AS login_to,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'signin.amazonaws.com' AND event_name = 'ConsoleLogin'
  AND user_type IN ('IAMUser', 'Root')
  AND json_extract_scalar(response_elements, '$.ConsoleLogin') = 'Success'
  AND lower(coalesce(json_extract_scalar(additional_event_data, '$.MFAUsed'), 'no')) <> 'yes'
ORDER BY 1, 3, 4, 5, 6
