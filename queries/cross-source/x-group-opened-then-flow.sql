/*---
id: x-group-opened-then-flow
title: Security group opened, then traffic through the hole
severity: high
attack: [T1686.001, T1133]
sources: [config_items, vpc_flow]
packs: [triage, cross-source, network]
next:
  - {id: ct-resource-calls, with: {name: group_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A rule that lets the world in appeared, and afterwards a flow from the internet came through to that port for the first time.
noise: A service that opens for the public.
cite: "MITRE ATT&CK T1686.001, Cloud Firewall"
---*/
SELECT min(f.start) AS time, 'config_items+vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, f.srcaddr AS src_ip, f.dstaddr || ':' || CAST(f.dstport AS VARCHAR) AS target,
  r.group_id || ' opened port ' || CAST(f.dstport AS VARCHAR) || ' to ' || r.peer || ', ' || f.srcaddr || ' came through' AS summary, r.group_id, r.from_time AS opened, count(*) AS flows, CAST(sum(f.bytes) AS BIGINT) AS bytes, max(f.start) AS last_time
FROM config_security_group_rules r
JOIN config_states e ON e.resource_type = 'AWS::EC2::NetworkInterface' AND strpos(json_format(json_extract(e.configuration, '$.groups')), r.group_id) > 0
JOIN vpc_flow f ON f.interface_id = e.resource_id AND f.action = 'ACCEPT' AND f.start >= r.from_time AND (r.to_time IS NULL OR f.start < r.to_time) AND f.dstport BETWEEN r.from_port AND r.to_port
LEFT JOIN (SELECT interface_id, dstport, min(start) AS first_time FROM vpc_flow WHERE action = 'ACCEPT' AND NOT is_private_ip(srcaddr) GROUP BY interface_id, dstport) b ON b.interface_id = f.interface_id AND b.dstport = f.dstport AND b.first_time < r.from_time
JOIN flow_port_names n ON n.port = f.dstport AND n.sensitive
WHERE r.direction = 'ingress' AND r.peer IN ('0.0.0.0/0', '::/0') AND NOT is_private_ip(f.srcaddr) AND b.interface_id IS NULL AND f.start >= $since AND f.start < $until AND r.from_time >= $since AND r.from_time < $until
GROUP BY r.group_id, r.from_time, r.peer, f.srcaddr, f.dstaddr, f.dstport
ORDER BY 1, 4, 5
