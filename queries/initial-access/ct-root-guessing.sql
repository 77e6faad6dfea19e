/*---
id: ct-root-guessing
title: Sign-in as root fails again and again
severity: high
attack: [T1110.001]
sources: [cloudtrail]
packs: [triage, initial-access]
params:
  - {name: failures, type: bigint, default: 3, doc: failed sign-ins at least}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-root-credentials}
  - {id: ct-root-use}
means: "Somebody tries root's password. The sign-in page asks for the account's e-mail address first, so he knows that."
noise: The owner who forgot it; then a recovery follows.
cite: "Elastic AWS Management Console Brute Force of Root User Identity; ATT&CK T1110.001"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, source_ip_address AS src_ip, recipient_account_id AS target,
  CAST(count(*) AS VARCHAR) || ' failed sign-ins as root' AS summary,
  count(*) AS failures, max(event_time) AS last_time, max(error_message) AS error_message, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'signin.amazonaws.com' AND event_name = 'ConsoleLogin'
  AND user_type = 'Root' AND json_extract_scalar(response_elements, '$.ConsoleLogin') = 'Failure'
GROUP BY source_ip_address, recipient_account_id
HAVING count(*) >= $failures
ORDER BY 1, 3, 4, 5, 6
