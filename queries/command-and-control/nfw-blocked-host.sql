/*---
id: nfw-blocked-host
title: Host whose traffic the firewall blocks again and again
severity: medium
attack: [T1071]
sources: [network_firewall]
packs: [command-and-control, network]
params:
  - {name: alerts, type: bigint, default: 20, doc: blocked tries}
means: Network Firewall blocked many tries of one host. What is blocked says what is on the host.
noise: "A forgotten agent or update service: always the same name and port."
cite: "Network Firewall Developer Guide, alert logs"
next:
  - {id: flow-peers-of, with: {address: src_ip}}
---*/
SELECT min(a.time) AS time, 'network_firewall' AS source, CAST(NULL AS VARCHAR) AS principal, a.src_ip, max(coalesce(a.tls_sni, a.http_hostname, a.dest_ip)) AS target,
  CAST(count(*) AS VARCHAR) || ' tries blocked to ' || CAST(count(DISTINCT coalesce(a.tls_sni, a.http_hostname, a.dest_ip)) AS VARCHAR) || ' places' AS summary,
  count(*) AS alerts, count(DISTINCT coalesce(a.tls_sni, a.http_hostname, a.dest_ip)) AS places, count(DISTINCT a.dest_port) AS ports, max(a.alert_signature) AS one_signature, max(a.time) AS last_time
FROM nfw_alerts a
WHERE a.time >= $since AND a.time < $until AND a.alert_action = 'blocked'
GROUP BY a.src_ip
HAVING count(*) >= $alerts
ORDER BY 1, 4, 5
