/*---
id: waf-rate-rule
title: What rate-based rules stopped, and what they let through before
severity: low
attack: [T1498]
sources: [waf]
packs: [impact, web]
means: "For each client a rate-based rule stopped: how much came through before and after, and how long the rule took. A rule that bites late, or lets as much through as it stops, needs another limit."
noise: Rules that are meant to be lenient.
cite: "AWS WAF Developer Guide, rate-based rule statement; AWS Incident Response Playbooks, denial of service, rate-based rule"
next:
  - {id: waf-flood}
---*/
WITH stopped AS (
  SELECT client_ip, terminating_rule_id AS rule, min("timestamp") AS first_stop, max("timestamp") AS last_stop, count(*) AS stopped
  FROM waf
  WHERE "timestamp" >= $since AND "timestamp" < $until AND terminating_rule_type = 'RATE_BASED'
  GROUP BY client_ip, terminating_rule_id
)
SELECT s.first_stop AS time, 'waf' AS source, CAST(NULL AS VARCHAR) AS principal, s.client_ip AS src_ip, s.rule AS target,
  CAST(s.stopped AS VARCHAR) || ' requests stopped by ' || s.rule || ', ' || CAST(count(CASE WHEN w."timestamp" < s.first_stop THEN 1 END) AS VARCHAR) || ' let through in the hour before, '
    || CAST(count(CASE WHEN w."timestamp" >= s.first_stop THEN 1 END) AS VARCHAR) || ' since' AS summary,
  s.stopped, count(CASE WHEN w."timestamp" < s.first_stop THEN 1 END) AS allowed_before, count(CASE WHEN w."timestamp" >= s.first_stop THEN 1 END) AS allowed_since,
  date_diff('second', min(w."timestamp"), s.first_stop) AS seconds_to_stop, s.last_stop AS last_time
FROM stopped s
LEFT JOIN waf w ON w.client_ip = s.client_ip AND w.action = 'ALLOW' AND w."timestamp" >= $since AND w."timestamp" < $until
  AND w."timestamp" >= s.first_stop - INTERVAL '1' HOUR AND w."timestamp" <= s.last_stop + INTERVAL '1' HOUR
GROUP BY s.client_ip, s.rule, s.first_stop, s.last_stop, s.stopped
ORDER BY 1, 3, 4, 5
