/*---
id: alb-flood
title: Flood of requests from one client at Application Load Balancer
severity: medium
attack: [T1498, T1499.002]
sources: [alb]
packs: [triage, impact, web]
params:
  - {name: requests, type: bigint, default: 600, doc: requests of one client in a minute}
means: One client asks far more than people do, in a minute. failed says whether the servers kept up.
noise: Offices and mobile carriers behind one address; monitors; tests of load; proxies whose own address is logged.
cite: "AWS Incident Response Playbooks, denial of service, queries 1.1 to 4.1; ATT&CK T1499.002 Service Exhaustion Flood"
next:
  - {id: alb-error-burst}
---*/
WITH minutes AS (
  SELECT client_ip AS ip, date_trunc('minute', time) AS minute, count(*) AS n, count(CASE WHEN elb_status_code >= 500 THEN 1 END) AS failed,
    count(CASE WHEN elb_status_code IN (403, 429) THEN 1 END) AS refused, max(time) AS last_time, max(elb) AS host, max(user_agent) AS agent, max(split_part(request, ' ', 2)) AS url
  FROM alb
  WHERE time >= $since AND time < $until
  GROUP BY client_ip, date_trunc('minute', time)
  HAVING count(*) >= $requests
)
SELECT min(minute) AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, ip AS src_ip, max(host) AS target,
  'up to ' || CAST(max(n) AS VARCHAR) || ' requests a minute in ' || CAST(count(*) AS VARCHAR) || ' minutes' AS summary,
  max(n) AS most_in_minute, count(*) AS minutes, CAST(sum(n) AS BIGINT) AS requests, CAST(sum(failed) AS BIGINT) AS failed, CAST(sum(refused) AS BIGINT) AS refused,
  max(last_time) AS last_time, max(url) AS one_url, max(agent) AS user_agent
FROM minutes
GROUP BY ip
ORDER BY 1, 3, 4, 5
