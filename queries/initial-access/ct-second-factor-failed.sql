/*---
id: ct-second-factor-failed
title: "Right password, wrong second factor"
severity: medium
attack: [T1110, T1078.004]
sources: [cloudtrail]
packs: [initial-access]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-console-guessed}
means: "Whoever signs in got past the password and failed at the code. Of somebody who is not the user, it says that the password is known."
noise: "Codes mistyped, clocks that are off. Then the right one follows from the same address in a minute."
cite: "AWS CloudTrail User Guide, AWS Management Console sign-in events, MFA; Tailpipe detection for unsuccessful MFA attempts"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  recipient_account_id AS target,
  coalesce(user_name, user_type, '?') || ' failed at the second factor' AS summary,
  error_message,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'signin.amazonaws.com' AND event_name = 'ConsoleLogin'
  AND json_extract_scalar(response_elements, '$.ConsoleLogin') = 'Failure' AND json_extract_scalar(additional_event_data, '$.MFAUsed') = 'Yes'
ORDER BY 1, 3, 4, 5, 6
