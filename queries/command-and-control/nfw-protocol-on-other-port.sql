/*---
id: nfw-protocol-on-other-port
title: Protocol on a port that is not its own
severity: medium
attack: [T1571]
sources: [network_firewall]
packs: [command-and-control, network]
means: The firewall saw SSH, TLS, HTTP or another protocol on a port where it does not belong, such as SSH on 443.
noise: "Web consoles on odd ports: the protocol is TLS or HTTP then, and the port above 1023."
cite: "Suricata documentation, app_proto in EVE records; ATT&CK T1571 Non-Standard Port"
next:
  - {id: flow-long-session}
---*/
SELECT min(coalesce("timestamp", event_timestamp)) AS time, 'network_firewall' AS source, CAST(NULL AS VARCHAR) AS principal, src_ip, dest_ip || ' port ' || CAST(dest_port AS VARCHAR) AS target,
  app_proto || ' on port ' || CAST(dest_port AS VARCHAR) || ', ' || CAST(count(DISTINCT flow_id) AS VARCHAR) || ' flows' AS summary,
  app_proto, dest_ip, dest_port, count(DISTINCT flow_id) AS flows, CAST(coalesce(sum(netflow_bytes), 0) AS BIGINT) AS bytes, max(tls_sni) AS tls_sni, max(coalesce("timestamp", event_timestamp)) AS last_time
FROM network_firewall
WHERE coalesce("timestamp", event_timestamp) >= $since AND coalesce("timestamp", event_timestamp) < $until AND src_port > dest_port
  AND ((app_proto = 'ssh' AND dest_port IN (53, 80, 443, 8080, 8443)) OR (app_proto = 'http' AND dest_port IN (22, 25, 53, 443)) OR (app_proto = 'tls' AND dest_port IN (22, 25, 53, 80))
    OR (app_proto = 'dns' AND dest_port NOT IN (53, 5353, 853)) OR (app_proto IN ('smb', 'rdp', 'ftp', 'telnet', 'rfb') AND dest_port IN (53, 80, 443)))
GROUP BY src_ip, dest_ip, dest_port, app_proto
ORDER BY 1, 4, 5
