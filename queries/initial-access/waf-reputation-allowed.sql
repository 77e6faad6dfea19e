/*---
id: waf-reputation-allowed
title: Known bad address or bot let through by WAF
severity: low
attack: [T1190, T1090.003]
sources: [waf]
packs: [initial-access, web]
params:
  - {name: requests, type: bigint, default: 1, doc: requests let through}
means: A managed rule knew the address as malicious, anonymous (VPN, Tor, proxy) or as an unverified bot, and only counted it.
noise: People with a VPN are many. Addresses that also match an attack rule are not.
cite: "AWS WAF Developer Guide, IP reputation and Bot Control rule groups, labels"
---*/
WITH labelled AS (
  SELECT "timestamp" AS moment, client_ip, country, coalesce(host, header_host) AS host, uri, header_user_agent, webacl_id,
    regexp_extract(label_names, '(amazon-ip-list:[A-Za-z]+|anonymous-ip-list:[A-Za-z]+|bot-control:(signal|bot:category|bot:unverified)[:a-z_]*)', 1) AS label
  FROM waf
  WHERE "timestamp" >= $since AND "timestamp" < $until AND action = 'ALLOW'
    AND (label_names LIKE '%amazon-ip-list:%' OR label_names LIKE '%anonymous-ip-list:%' OR label_names LIKE '%bot-control:signal%' OR label_names LIKE '%bot:unverified%')
)
SELECT min(moment) AS time, 'waf' AS source, CAST(NULL AS VARCHAR) AS principal, client_ip AS src_ip, coalesce(max(host), '') || coalesce(min_by(uri, moment), '') AS target,
  CAST(count(*) AS VARCHAR) || ' requests allowed although labelled ' || label AS summary,
  label, count(*) AS requests, count(DISTINCT uri) AS uris, max(moment) AS last_time, max(country) AS country, max(header_user_agent) AS user_agent, max(webacl_id) AS webacl_id
FROM labelled
WHERE label <> ''
GROUP BY client_ip, label
HAVING count(*) >= $requests
ORDER BY 1, 3, 4, 5, 6
