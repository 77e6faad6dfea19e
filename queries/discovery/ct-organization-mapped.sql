/*---
id: ct-organization-mapped
title: Organization mapped
severity: low
attack: [T1087.004, T1580]
sources: [cloudtrail]
packs: [discovery]
params:
  - {name: apis, type: bigint, default: 4, doc: distinct APIs at least}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-cross-account-role}
means: "Which accounts there are, how they hang together and what binds them: the way on from one account to all."
noise: Tools that keep an inventory of accounts.
cite: "Elastic AWS discovery rules; AWS Organizations API Reference; ATT&CK T1087.004"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip, recipient_account_id AS target,
  CAST(count(DISTINCT event_name) AS VARCHAR) || ' APIs of Organizations and Identity Center, ' || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END AS summary,
  count(*) AS calls, count(DISTINCT event_name) AS apis, count(error_code) AS errors, max(event_time) AS last_time,
  array_join(array_agg(DISTINCT event_name ORDER BY event_name), ', ') AS api_names, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source IN ('organizations.amazonaws.com', 'sso.amazonaws.com', 'identitystore.amazonaws.com') AND read_only = TRUE
  AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), recipient_account_id
HAVING count(DISTINCT event_name) >= $apis
ORDER BY 1, 3, 4, 5, 6
