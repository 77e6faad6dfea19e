/*---
id: alb-webshell
title: Script behind Application Load Balancer to which only one or two clients post
severity: high
attack: [T1505.003]
sources: [alb]
packs: [triage, persistence, web]
params:
  - {name: clients, type: bigint, default: 2, doc: clients of the script at most}
  - {name: posts, type: bigint, default: 3, doc: successful posts at least}
means: A PHP, JSP or ASP script answers POST requests with success, and hardly anybody but one client uses it. A web shell is used so.
noise: Pages for the administrator, payment call-backs, cron scripts. Ask since when the file is there, and what the address did before its first post.
cite: "ATT&CK T1505.003 Web Shell; NSA and ASD, Detect and Prevent Web Shell Malware, uncommon clients of a URI; Elastic Load Balancing User Guide, access logs of an Application Load Balancer"
next:
  - {id: alb-scan-then-success}
---*/
WITH scripts AS (
  SELECT time AS moment, client_ip AS ip, split_part(request, ' ', 1) AS method, elb_status_code AS status, sent_bytes AS bytes, user_agent AS agent, elb AS host, split_part(split_part(request, ' ', 2), '?', 1) AS path
  FROM alb
  WHERE time >= $since AND time < $until AND elb_status_code BETWEEN 200 AND 399
    AND regexp_like(lower(split_part(split_part(request, ' ', 2), '?', 1)), '[.](php[0-9]?|phtml|phar|jspx?|aspx?|ashx|asmx|cfm|cgi|pl)$')
),
rare AS (
  SELECT host, path FROM scripts GROUP BY host, path
  HAVING count(DISTINCT ip) <= $clients AND count(CASE WHEN method = 'POST' THEN 1 END) >= $posts
)
SELECT min(s.moment) AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, s.ip AS src_ip, s.path AS target,
  CAST(count(CASE WHEN s.method = 'POST' THEN 1 END) AS VARCHAR) || ' posts to ' || s.path || ', which hardly anybody else uses' AS summary,
  s.host, count(*) AS requests, count(CASE WHEN s.method = 'POST' THEN 1 END) AS posts, count(DISTINCT s.bytes) AS sizes,
  max(s.moment) AS last_time, max(s.agent) AS user_agent
FROM scripts s JOIN rare r ON r.host = s.host AND r.path = s.path
GROUP BY s.host, s.path, s.ip
ORDER BY 1, 3, 4, 5
