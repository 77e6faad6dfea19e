/*---
id: apigw-denied-then-success
title: API refused a client, then served it
severity: medium
attack: [T1190, T1550.001]
sources: [api_gateway]
packs: [initial-access, web]
params:
  - {name: refused, type: bigint, default: 10, doc: refused requests of the client}
means: "A client was refused (401, 403) again and again and then got through: a guessed key or token, or another door."
noise: Applications with an expired token that renew it. One refusal for each renewal is usual, many are not.
cite: "Amazon API Gateway Developer Guide, logging of HTTP and REST APIs; OWASP API Security Top 10, broken authentication"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
WITH refused AS (
  SELECT ip, count(*) AS refused, min(time) AS first_refused, count(DISTINCT coalesce(path, resource_path, route_key)) AS paths
  FROM api_gateway
  WHERE time >= $since AND time < $until AND status IN (401, 403)
  GROUP BY ip
  HAVING count(*) >= $refused
)
SELECT min(a.time) AS time, 'api_gateway' AS source, max(coalesce(a.user_arn, a.principal_id, a."user", a.caller)) AS principal, a.ip AS src_ip,
  coalesce(a.path, a.resource_path, a.route_key) AS target,
  CAST(count(*) AS VARCHAR) || ' requests served after ' || CAST(max(r.refused) AS VARCHAR) || ' refused' AS summary,
  max(r.refused) AS refused, max(r.paths) AS refused_paths, max(r.first_refused) AS first_refused, count(*) AS served, max(a.time) AS last_time, max(a.api_id) AS api_id, max(a.user_agent) AS user_agent
FROM refused r JOIN api_gateway a ON a.ip = r.ip
WHERE a.time >= $since AND a.time < $until AND a.status BETWEEN 200 AND 299 AND a.time > r.first_refused
GROUP BY a.ip, coalesce(a.path, a.resource_path, a.route_key)
ORDER BY 1, 4, 5
