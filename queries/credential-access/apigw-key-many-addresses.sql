/*---
id: apigw-key-many-addresses
title: API key used from many addresses
severity: medium
attack: [T1550.001, T1552]
sources: [api_gateway]
packs: [credential-access, web]
params:
  - {name: addresses, type: bigint, default: 3, doc: different addresses}
means: One API key or principal came from several addresses. A key in an application for phones is everywhere; one of a partner is not.
noise: Mobile carriers; partners with several exits.
cite: "Amazon API Gateway Developer Guide, context variables identity.apiKey and authorizer.principalId; ATT&CK T1550.001"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
SELECT min(time) AS time, 'api_gateway' AS source, max(coalesce(user_arn, principal_id, "user", caller)) AS principal, min_by(ip, time) AS src_ip,
  coalesce(api_key, principal_id, user_arn) AS target,
  CAST(count(DISTINCT ip) AS VARCHAR) || ' addresses used one key or principal in ' || CAST(count(*) AS VARCHAR) || ' requests' AS summary,
  count(DISTINCT ip) AS addresses, count(*) AS requests, count(DISTINCT user_agent) AS user_agents, max(time) AS last_time, max_by(ip, time) AS last_ip, max(api_id) AS api_id
FROM api_gateway
WHERE time >= $since AND time < $until AND status < 400 AND coalesce(api_key, principal_id, user_arn) IS NOT NULL AND ip IS NOT NULL
GROUP BY coalesce(api_key, principal_id, user_arn)
HAVING count(DISTINCT ip) >= $addresses
ORDER BY 1, 4, 5
