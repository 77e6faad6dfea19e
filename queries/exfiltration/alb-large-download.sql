/*---
id: alb-large-download
title: Much downloaded by one client through Application Load Balancer
severity: medium
attack: [T1119, T1567]
sources: [alb]
packs: [exfiltration, web, data]
params:
  - {name: bytes, type: bigint, default: 1073741824, doc: bytes sent to one client in an hour}
means: One client took very much in an hour. paths says whether it was one file or the whole site.
noise: Installers and videos; mirrors and search engines; offices behind one address.
cite: "AWS customer playbook framework, data exfiltration; Elastic Load Balancing User Guide, access logs of an Application Load Balancer; ATT&CK T1119 Automated Collection"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
WITH hours AS (
  SELECT client_ip AS ip, date_trunc('hour', time) AS hour, min(time) AS moment, max(time) AS last_time, count(*) AS requests, sum(sent_bytes) AS bytes,
    max_by(split_part(request, ' ', 2), sent_bytes) AS biggest, max(sent_bytes) AS most_bytes, max(user_agent) AS agent, max(elb) AS host
  FROM alb
  WHERE time >= $since AND time < $until AND elb_status_code < 400
  GROUP BY client_ip, date_trunc('hour', time)
)
SELECT moment AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, ip AS src_ip, host AS target,
  CAST(CAST(round(bytes / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB in ' || CAST(requests AS VARCHAR) || ' requests within an hour, most for ' || biggest AS summary,
  CAST(bytes AS BIGINT) AS bytes, requests, most_bytes, last_time, agent AS user_agent
FROM hours
WHERE bytes >= $bytes
ORDER BY bytes DESC, 1, 4
