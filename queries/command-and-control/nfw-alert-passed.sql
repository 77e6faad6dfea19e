/*---
id: nfw-alert-passed
title: Network Firewall alert that was not blocked
severity: medium
attack: [T1071]
sources: [network_firewall]
packs: [command-and-control, network]
params:
  - {name: severity, type: bigint, default: 2, doc: least severe that counts; 1 is highest}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: flow-beacon}
means: A rule of Network Firewall matched and let the traffic through.
noise: Rules that only count on purpose.
cite: "Network Firewall Developer Guide, alert logs"
---*/
SELECT min(a.time) AS time, 'network_firewall' AS source, CAST(NULL AS VARCHAR) AS principal, a.src_ip, COALESCE(a.tls_sni, a.http_hostname, a.dest_ip) AS target,
  COALESCE(NULLIF(a.alert_signature, ''), 'rule ' || CAST(a.alert_signature_id AS VARCHAR)) || ': ' || a.src_ip || ' > ' || a.dest_ip || COALESCE(':' || CAST(a.dest_port AS VARCHAR), '') AS summary, count(*) AS alerts, min(a.alert_severity) AS severity, max(a.time) AS last_time
FROM nfw_alerts a
WHERE a.alert_action = 'allowed' AND a.alert_severity <= $severity AND a.time >= $since AND a.time < $until
GROUP BY a.alert_signature, a.alert_signature_id, a.src_ip, a.dest_ip, a.dest_port, COALESCE(a.tls_sni, a.http_hostname, a.dest_ip)
ORDER BY 1, 4, 5
