/*---
id: ct-console-guessing
title: Burst of failed console sign-ins
severity: medium
attack: [T1110]
sources: [cloudtrail]
packs: [triage, initial-access]
params:
  - {name: failures, type: bigint, default: 5, doc: failed sign-ins from one address that make a burst}
  - {name: window_minutes, type: bigint, default: 10, doc: minutes they must lie in}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-console-guessed}
means: Somebody guesses passwords, one user's or many users'. Ask ct-console-guessed whether one was found.
noise: A person with a forgotten password; an office behind one address. Several accounts or agents speak for an attack.
cite: "SigmaHQ aws_susp_console_login failures; Panther Query.CloudTrail.Password.Spraying; ATT&CK T1110"
---*/
WITH failed AS (
  SELECT event_time, source_ip_address, recipient_account_id, user_name, user_agent, error_message,
    count(*) OVER (PARTITION BY source_ip_address ORDER BY event_time
      RANGE BETWEEN $window_minutes * INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW) AS in_window
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'signin.amazonaws.com' AND event_name = 'ConsoleLogin'
    AND json_extract_scalar(response_elements, '$.ConsoleLogin') = 'Failure'
)
SELECT min(CASE WHEN in_window >= $failures THEN event_time END) AS time, 'cloudtrail' AS source,
  array_join(array_agg(DISTINCT user_name ORDER BY user_name), ', ') AS principal,
  source_ip_address AS src_ip,
  array_join(array_agg(DISTINCT recipient_account_id ORDER BY recipient_account_id), ', ') AS target,
  CAST(max(in_window) AS VARCHAR) || ' failed console sign-ins within '
    || CAST($window_minutes AS VARCHAR) || ' minutes' AS summary,
  count(*) AS failures, max(in_window) AS most_in_window, min(event_time) AS first_time,
  max(event_time) AS last_time, count(DISTINCT user_agent) AS user_agents, max(error_message) AS error_message
FROM failed
GROUP BY source_ip_address
HAVING max(in_window) >= $failures
ORDER BY 1, 3, 4, 5, 6
