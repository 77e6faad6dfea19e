/*---
id: x-web-scanner-calls-api
title: Scanner of a web server calls the AWS API
severity: critical
attack: [T1190, T1078.004]
sources: [alb, cloudtrail]
packs: [triage, cross-source, web]
params:
  - {name: urls, type: bigint, default: 10, doc: different requests that failed}
means: An address whose requests to the load balancer failed in great number later succeeds at the AWS API. The web server probably gave it the keys.
noise: Testers, and offices whose people use both. Then the calls began before the scan.
cite: "ATT&CK T1190 and T1552; AWS Incident Response Playbooks, correlate source addresses"
next:
  - {id: ct-key-calls, with: {key: target}}
---*/
WITH scanners AS (
  SELECT client_ip, count(DISTINCT request) AS urls, min(time) AS first_scan, max(user_agent) AS web_agent
  FROM alb
  WHERE time >= $since AND time < $until AND elb_status_code BETWEEN 400 AND 499
  GROUP BY client_ip
  HAVING count(DISTINCT request) >= $urls
)
SELECT min(c.event_time) AS time, 'alb+cloudtrail' AS source, coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by) AS principal, c.source_ip_address AS src_ip, c.user_access_key_id AS target,
  CAST(count(*) AS VARCHAR) || ' API calls succeeded after ' || CAST(s.urls AS VARCHAR) || ' requests to the web server failed' AS summary,
  s.first_scan, s.urls, s.web_agent, count(*) AS calls, count(DISTINCT c.event_name) AS apis, max(c.event_time) AS last_time, max(c.user_agent) AS user_agent
FROM scanners s JOIN cloudtrail c ON c.source_ip_address = s.client_ip
WHERE c.event_time >= $since AND c.event_time < $until AND c.event_time > s.first_scan AND c.error_code IS NULL
GROUP BY coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by), c.source_ip_address, c.user_access_key_id, s.first_scan, s.urls, s.web_agent
ORDER BY 1, 3, 4, 5
