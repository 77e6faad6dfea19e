/*---
id: alb-latency-spike
title: Targets of a load balancer slow down
severity: low
attack: [T1499.003]
sources: [alb]
packs: [impact, web]
params:
  - {name: seconds, type: double, default: 1.0, doc: seconds a request on average}
  - {name: factor, type: double, default: 5.0, doc: times the average of the load balancer}
  - {name: requests, type: bigint, default: 50, doc: requests in five minutes}
means: "In five minutes the targets took many times longer than on average. Few expensive requests can do that: slowest_path says which."
noise: Deployments, cold caches, nightly jobs.
cite: "AWS Incident Response Playbooks, denial of service; Elastic Load Balancing User Guide, target_processing_time; ATT&CK T1499.003 Application Exhaustion Flood"
---*/
WITH windows AS (
  SELECT elb, CAST(floor(to_unixtime(time) / 300) AS BIGINT) AS slot, min(time) AS moment, max(time) AS last_time, count(*) AS n, sum(target_processing_time) AS seconds,
    max_by(split_part(request, ' ', 2), target_processing_time) AS slowest, max_by(client_ip, target_processing_time) AS slowest_client
  FROM alb
  WHERE time >= $since AND time < $until AND target_processing_time >= 0
  GROUP BY elb, CAST(floor(to_unixtime(time) / 300) AS BIGINT)
),
usual AS (SELECT elb, sum(seconds) / sum(n) AS mean_seconds FROM windows GROUP BY elb)
SELECT w.moment AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, w.slowest_client AS src_ip, w.elb AS target,
  'targets took ' || CAST(CAST(round(1000 * w.seconds / w.n) AS BIGINT) AS VARCHAR) || ' ms on average over ' || CAST(w.n AS VARCHAR) || ' requests, else ' || CAST(CAST(round(1000 * u.mean_seconds) AS BIGINT) AS VARCHAR) || ' ms' AS summary,
  w.seconds / w.n AS mean_seconds, u.mean_seconds AS usual_seconds, w.n AS requests, w.last_time, w.slowest AS slowest_path
FROM windows w JOIN usual u ON u.elb = w.elb
WHERE w.n >= $requests AND w.seconds / w.n >= $seconds AND w.seconds / w.n >= $factor * u.mean_seconds
ORDER BY 1, 3, 4, 5
