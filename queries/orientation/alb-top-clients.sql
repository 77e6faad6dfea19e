/*---
id: alb-top-clients
title: Busiest clients, paths and user agents of Application Load Balancer
severity: info
attack: []
sources: [alb]
packs: [orientation, web]
params:
  - {name: top, type: bigint, default: 20, doc: rows of each kind}
  - {name: requests, type: bigint, default: 10, doc: requests at least}
means: "Who and what makes the most requests: the first look in a denial of service. kind says what the row counts."
noise: "Everything is listed, good and bad. Compare with a quiet day: --since and --until."
cite: "AWS Incident Response Playbooks, denial of service, queries 1.1 to 4.1"
---*/
WITH requests AS (
  SELECT time AS moment, client_ip AS ip, elb_status_code AS status, sent_bytes AS bytes, split_part(split_part(request, ' ', 2), '?', 1) AS path, user_agent AS agent
  FROM alb
  WHERE time >= $since AND time < $until
),
counted AS (
  SELECT 'client' AS kind, ip AS what, count(*) AS n, count(CASE WHEN status >= 400 THEN 1 END) AS failed, sum(bytes) AS bytes, min(moment) AS moment, max(moment) AS last_time
  FROM requests GROUP BY ip
  UNION ALL
  SELECT 'path', path, count(*), count(CASE WHEN status >= 400 THEN 1 END), sum(bytes), min(moment), max(moment) FROM requests GROUP BY path
  UNION ALL
  SELECT 'user agent', coalesce(agent, 'none'), count(*), count(CASE WHEN status >= 400 THEN 1 END), sum(bytes), min(moment), max(moment) FROM requests GROUP BY coalesce(agent, 'none')
),
placed AS (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY n DESC, what) AS place FROM counted)
SELECT moment AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, CASE WHEN kind = 'client' THEN what END AS src_ip, what AS target,
  kind || ': ' || CAST(n AS VARCHAR) || ' requests, ' || CAST(failed AS VARCHAR) || ' failed' AS summary,
  kind, place, n AS requests, failed, CAST(bytes AS BIGINT) AS bytes, last_time
FROM placed
WHERE place <= $top AND n >= $requests
ORDER BY kind, place
