/*---
id: ct-password-then-login
title: Password set for another user, who then signs in
severity: high
attack: [T1098, T1078.004]
sources: [cloudtrail]
packs: [triage, privilege-escalation]
params:
  - {name: window_hours, type: bigint, default: 24, doc: hours from the password to the sign-in}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-principal-calls, with: {principal: set_by}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Somebody gave a user a console password and that user's console was opened soon after, by the same hand if the addresses agree.
noise: Onboarding and forgotten passwords; then the addresses differ.
cite: "Panther correlation rule, login profile update then sign-in; Stratus Red Team aws.privilege-escalation.iam-update-user-login-profile"
---*/
WITH passwords AS (
  SELECT *, json_extract_scalar(request_parameters, '$.userName') AS other
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'iam.amazonaws.com' AND event_name IN ('CreateLoginProfile', 'UpdateLoginProfile')
    AND error_code IS NULL
)
SELECT l.event_time AS time, 'cloudtrail' AS source, coalesce(l.user_arn, l.user_name, l.user_principal_id, l.user_invoked_by) AS principal, l.source_ip_address AS src_ip,
  p.other AS target,
  p.other || ' signed in ' || CAST(date_diff('minute', p.event_time, l.event_time) AS VARCHAR)
    || ' min after ' || coalesce(p.user_name, coalesce(p.user_arn, p.user_name, p.user_principal_id, p.user_invoked_by)) || ' set the password'
    || CASE WHEN l.source_ip_address = p.source_ip_address THEN ', from the same address' ELSE '' END AS summary,
  p.event_time AS password_set_at, coalesce(p.user_arn, p.user_name, p.user_principal_id, p.user_invoked_by) AS set_by, p.source_ip_address AS set_from,
  l.source_ip_address = p.source_ip_address AS same_address, l.event_id
FROM passwords p
JOIN cloudtrail l ON l.user_name = p.other AND l.recipient_account_id = p.recipient_account_id
WHERE l.event_time >= $since AND l.event_time < $until
  AND l.event_source = 'signin.amazonaws.com' AND l.event_name = 'ConsoleLogin'
  AND json_extract_scalar(l.response_elements, '$.ConsoleLogin') = 'Success'
  AND l.event_time >= p.event_time AND l.event_time <= p.event_time + $window_hours * INTERVAL '1' HOUR
  AND NOT (p.user_type = 'IAMUser' AND p.user_name = p.other)
ORDER BY 1, 3, 4, 5, 6
