/*---
id: waf-flood
title: Flood of requests from one client
severity: medium
attack: [T1498, T1499.002]
sources: [waf]
packs: [triage, impact, web]
params:
  - {name: requests, type: bigint, default: 2000, doc: requests of one client within the window}
  - {name: window_minutes, type: bigint, default: 5, doc: minutes of the window}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: alb-scan-then-success}
means: One client asks more than people do, or a rate-based rule stopped it. rate_limited against requests says how late the rule bit.
noise: Offices and mobile carriers behind one address; monitors; proxies, where clientIp is the proxy's (see x_forwarded_for).
cite: "AWS Incident Response Playbooks, denial of service, queries 1.1 to 4.1; AWS WAF Developer Guide, Rate-based rule statement; ATT&CK T1499.002 Service Exhaustion Flood"
---*/
WITH busy AS (
  SELECT client_ip FROM waf
  WHERE "timestamp" >= $since AND "timestamp" < $until
  GROUP BY client_ip
  HAVING count(*) >= $requests OR count(CASE WHEN terminating_rule_type = 'RATE_BASED' THEN 1 END) > 0
),
seconds AS (
  SELECT w.client_ip, date_trunc('second', w."timestamp") AS moment, count(*) AS n, count(CASE WHEN w.action = 'BLOCK' THEN 1 END) AS blocked,
    count(CASE WHEN w.terminating_rule_type = 'RATE_BASED' THEN 1 END) AS rate_limited,
    max(coalesce(w.host, w.header_host)) AS host, max(w.uri) AS uri, max(w.header_user_agent) AS user_agent, max(w.header_x_forwarded_for) AS x_forwarded_for,
    max(w.country) AS country
  FROM waf w JOIN busy b ON b.client_ip = w.client_ip
  WHERE w."timestamp" >= $since AND w."timestamp" < $until
  GROUP BY w.client_ip, date_trunc('second', w."timestamp")
),
counted AS (
  SELECT *, sum(n) OVER (PARTITION BY client_ip ORDER BY moment
      RANGE BETWEEN $window_minutes * INTERVAL '1' MINUTE PRECEDING AND CURRENT ROW) AS in_window
  FROM seconds
)
SELECT min(CASE WHEN in_window >= $requests OR rate_limited > 0 THEN moment END) AS time, 'waf' AS source, CAST(NULL AS VARCHAR) AS principal,
  client_ip AS src_ip, max(host) AS target,
  CAST(CAST(max(in_window) AS BIGINT) AS VARCHAR) || ' requests within ' || CAST($window_minutes AS VARCHAR) || ' minutes' AS summary,
  CAST(sum(n) AS BIGINT) AS requests, CAST(sum(blocked) AS BIGINT) AS blocked,
  CAST(sum(rate_limited) AS BIGINT) AS rate_limited, CAST(max(in_window) AS BIGINT) AS most_in_window,
  min(moment) AS first_time, max(moment) AS last_time, max(country) AS country, max(user_agent) AS user_agent,
  max(x_forwarded_for) AS x_forwarded_for
FROM counted
GROUP BY client_ip
HAVING max(in_window) >= $requests OR sum(rate_limited) > 0
ORDER BY 1, 3, 4, 5, 6
