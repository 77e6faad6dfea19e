/*---
id: alb-login-flood
title: Logins tried again and again at Application Load Balancer
severity: medium
attack: [T1110.003, T1110.004]
sources: [alb]
packs: [triage, credential-access, web]
params:
  - {name: posts, type: bigint, default: 100, doc: posts of one client to one path in an hour}
means: "One client posts to a login or token path again and again. other_status counts answers unlike the usual one: the odd answer may be the login that worked."
noise: Load tests; token renewal of applications behind one address; offices. Their answers are 2xx nearly all.
cite: "OWASP Automated Threats to Web Applications, OAT-007 Credential Cracking and OAT-008 Credential Stuffing; ATT&CK T1110"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
WITH posts AS (
  SELECT time AS moment, client_ip AS ip, elb_status_code AS status, user_agent AS agent, elb AS host, split_part(split_part(request, ' ', 2), '?', 1) AS path
  FROM alb
  WHERE time >= $since AND time < $until AND split_part(request, ' ', 1) = 'POST'
    AND regexp_like(lower(split_part(split_part(request, ' ', 2), '?', 1)), '(login|log-in|logon|signin|sign-in|/auth|/oauth|/token|/session|authenticate|xmlrpc[.]php)')
),
counted AS (
  SELECT ip, host, path, status, date_trunc('hour', moment) AS hour, count(*) AS n, min(moment) AS moment, max(moment) AS last_time, max(agent) AS agent
  FROM posts GROUP BY ip, host, path, status, date_trunc('hour', moment)
)
SELECT min(moment) AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, ip AS src_ip, path AS target,
  CAST(CAST(sum(n) AS BIGINT) AS VARCHAR) || ' posts to ' || path || ' within an hour, ' || CAST(CAST(sum(n) - max(n) AS BIGINT) AS VARCHAR) || ' with another answer than ' || CAST(max_by(status, n) AS VARCHAR) AS summary,
  CAST(sum(n) AS BIGINT) AS posts, max_by(status, n) AS usual_status, CAST(sum(n) - max(n) AS BIGINT) AS other_status, host, max(last_time) AS last_time, max(agent) AS user_agent
FROM counted
GROUP BY ip, host, path, hour
HAVING sum(n) >= $posts
ORDER BY 1, 3, 4, 5
