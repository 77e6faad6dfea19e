/*---
id: ct-console-guessed
title: Failed console sign-ins, then a successful one
severity: high
attack: [T1110, T1078.004]
sources: [cloudtrail]
packs: [triage, initial-access]
params:
  - {name: failures, type: bigint, default: 3, doc: failed sign-ins before the successful one}
  - {name: window_minutes, type: bigint, default: 60, doc: minutes they must lie in}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A password was guessed, or the last one of a list fitted.
noise: A person who mistyped. Ask whether the address is one of his, and whether MFA was used.
cite: "SigmaHQ and Suzaku console brute-force rules; ATT&CK T1110.001 Password Guessing"
---*/
WITH logins AS (
  SELECT *, json_extract_scalar(response_elements, '$.ConsoleLogin') AS login
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'signin.amazonaws.com' AND event_name = 'ConsoleLogin'
),
counted AS (
  SELECT *, count(CASE WHEN login = 'Failure' THEN 1 END) OVER (
      PARTITION BY source_ip_address, recipient_account_id ORDER BY event_time
      RANGE BETWEEN $window_minutes * INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW) AS failures
  FROM logins
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal,
  source_ip_address AS src_ip, recipient_account_id AS target,
  'signed in after ' || CAST(failures AS VARCHAR) || ' failures from the same address' AS summary,
  failures, json_extract_scalar(additional_event_data, '$.MFAUsed') AS mfa_used,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM counted
WHERE login = 'Success' AND failures >= $failures
ORDER BY 1, 3, 4, 5, 6
