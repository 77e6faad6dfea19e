/*---
id: dns-callback-service
title: Name of a call-back or tunnel service asked for
severity: high
attack: [T1572, T1102]
sources: [route53_resolver]
packs: [triage, command-and-control, network]
means: "A host asked for a service that testers and intruders use to see that an exploit worked, or to reach a machine from outside: interact.sh, Burp Collaborator, ngrok, trycloudflare and their kind."
noise: Developers use tunnels on their own machines; on servers there is no good reason.
cite: "Domains as the tools document them; ATT&CK T1572 Protocol Tunneling, T1102 Web Service"
next:
  - {id: x-dns-answer-flow}
---*/
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, rtrim(lower(query_name), '.') AS target,
  coalesce(max(instance_id), srcaddr) || ' asked for ' || rtrim(lower(query_name), '.') || ' ' || CAST(count(*) AS VARCHAR) || ' times' AS summary,
  count(*) AS queries, count(CASE WHEN rcode = 'NOERROR' THEN 1 END) AS answered, max(firewall_rule_action) AS firewall_rule_action, max(query_timestamp) AS last_time, max(vpc_id) AS vpc_id
FROM route53_resolver
WHERE query_timestamp >= $since AND query_timestamp < $until
  AND regexp_like(lower(query_name), '(^|[.])(interact[.]sh|interactsh[.]com|oast[.](pro|live|site|online|fun|me)|burpcollaborator[.]net|oastify[.]com|dnslog[.]cn|ceye[.]io|requestbin[.][a-z]+|webhook[.]site|canarytokens[.]com|ngrok[.](io|com|app)|ngrok-free[.](app|dev)|trycloudflare[.]com|serveo[.]net|localhost[.]run|loca[.]lt|pagekite[.]me|bore[.]pub|portmap[.]io|playit[.]gg|localtonet[.]com)[.]?$')
GROUP BY srcaddr, rtrim(lower(query_name), '.')
ORDER BY 1, 4, 5
