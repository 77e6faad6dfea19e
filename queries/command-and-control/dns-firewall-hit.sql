/*---
id: dns-firewall-hit
title: DNS Firewall alerted or blocked
severity: medium
attack: [T1071.004]
sources: [route53_resolver]
packs: [triage, command-and-control, network]
means: A name on a list of DNS Firewall was asked for. ALERT means that it was answered.
noise: Lists of your own that are too wide.
cite: "Amazon Route 53 Developer Guide, DNS Firewall, rule actions in query logs"
next:
  - {id: dns-who-resolved, with: {name: target}}
---*/
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, rtrim(lower(query_name), '.') AS target,
  firewall_rule_action || ' for ' || rtrim(lower(query_name), '.') || ', ' || CAST(count(*) AS VARCHAR) || ' queries' AS summary,
  firewall_rule_action, count(*) AS queries, max(firewall_domain_list_id) AS firewall_domain_list_id, max(query_timestamp) AS last_time, max(vpc_id) AS vpc_id
FROM route53_resolver
WHERE query_timestamp >= $since AND query_timestamp < $until AND firewall_rule_action IN ('ALERT', 'BLOCK')
GROUP BY srcaddr, rtrim(lower(query_name), '.'), firewall_rule_action
ORDER BY 1, 4, 5, 6
