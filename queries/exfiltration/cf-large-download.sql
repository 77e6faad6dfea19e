/*---
id: cf-large-download
title: Much downloaded by one client through CloudFront
severity: medium
attack: [T1119, T1567]
sources: [cloudfront]
packs: [exfiltration, web, data]
params:
  - {name: bytes, type: bigint, default: 1073741824, doc: bytes sent to one client in an hour}
means: One client took very much in an hour. paths says whether it was one file or the whole site.
noise: Installers and videos; mirrors and search engines; offices behind one address.
cite: "AWS customer playbook framework, data exfiltration; Amazon CloudFront Developer Guide, standard log fields; ATT&CK T1119 Automated Collection"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
WITH hours AS (
  SELECT c_ip AS ip, date_trunc('hour', time) AS hour, min(time) AS moment, max(time) AS last_time, count(*) AS requests, sum(sc_bytes) AS bytes,
    max_by((coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, '')), sc_bytes) AS biggest, max(sc_bytes) AS most_bytes, max(url_decode(cs_user_agent)) AS agent, max(coalesce(x_host_header, cs_host)) AS host
  FROM cloudfront
  WHERE time >= $since AND time < $until AND sc_status < 400
  GROUP BY c_ip, date_trunc('hour', time)
)
SELECT moment AS time, 'cloudfront' AS source, CAST(NULL AS VARCHAR) AS principal, ip AS src_ip, host AS target,
  CAST(CAST(round(bytes / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB in ' || CAST(requests AS VARCHAR) || ' requests within an hour, most for ' || biggest AS summary,
  CAST(bytes AS BIGINT) AS bytes, requests, most_bytes, last_time, agent AS user_agent
FROM hours
WHERE bytes >= $bytes
ORDER BY bytes DESC, 1, 4
