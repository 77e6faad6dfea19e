/*---
id: ct-password-spray
title: One address tries the passwords of many users
severity: high
attack: [T1110.003]
sources: [cloudtrail]
packs: [triage, initial-access]
params:
  - {name: users, type: bigint, default: 4, doc: distinct users that make a spray}
  - {name: window_hours, type: bigint, default: 24, doc: hours they must lie in}
  - {name: per_user, type: bigint, default: 10, doc: "tries a user at most, on average"}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-console-guessed}
means: "A few tries for each of many users from one address: passwords that many people use, tried under the limit of lock-outs. HIDDEN_DUE_TO_SECURITY_REASONS stands for names that do not exist and counts as one."
noise: A shared office address on the day passwords expire.
cite: "ATT&CK T1110.003; Panther query for password spraying in CloudTrail; AWS CloudTrail User Guide, AWS Management Console sign-in events"
---*/
WITH failures AS (
  SELECT event_time, source_ip_address, recipient_account_id, user_agent,
    coalesce(user_name, user_arn, user_principal_id) AS tried
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'signin.amazonaws.com' AND event_name = 'ConsoleLogin'
    AND json_extract_scalar(response_elements, '$.ConsoleLogin') = 'Failure'
),
-- Each failure covers its user until the window has passed or the next one for him:
-- the running sum is the number of distinct users in the window.
spans AS (
  SELECT source_ip_address, event_time, lead(event_time) OVER (PARTITION BY source_ip_address, tried ORDER BY event_time) AS next_time FROM failures
),
edges AS (
  SELECT source_ip_address, event_time AS moment, 1 AS step FROM spans
  UNION ALL
  SELECT source_ip_address, CASE WHEN next_time < event_time + $window_hours * INTERVAL '1' HOUR THEN next_time
      ELSE event_time + $window_hours * INTERVAL '1' HOUR END, -1
  FROM spans
),
running AS (
  SELECT source_ip_address, sum(step) OVER (PARTITION BY source_ip_address ORDER BY moment) AS users_now FROM edges
),
sprays AS (
  SELECT source_ip_address, max(users_now) AS most FROM running GROUP BY source_ip_address HAVING max(users_now) >= $users
)
SELECT min(f.event_time) AS time, 'cloudtrail' AS source, CAST(NULL AS VARCHAR) AS principal, f.source_ip_address AS src_ip,
  array_join(array_agg(DISTINCT f.recipient_account_id ORDER BY f.recipient_account_id), ', ') AS target,
  CAST(count(*) AS VARCHAR) || ' failed sign-ins for ' || CAST(count(DISTINCT f.tried) AS VARCHAR) || ' users, '
    || CAST(s.most AS VARCHAR) || ' of them within ' || CAST($window_hours AS VARCHAR) || ' h' AS summary,
  count(*) AS failures, count(DISTINCT f.tried) AS users, max(f.event_time) AS last_time,
  array_join(array_agg(DISTINCT f.tried ORDER BY f.tried), ', ') AS tried, max(f.user_agent) AS user_agent
FROM sprays s JOIN failures f ON f.source_ip_address = s.source_ip_address
GROUP BY f.source_ip_address, s.most
HAVING count(*) <= $per_user * count(DISTINCT f.tried)
ORDER BY 1, 3, 4, 5, 6
