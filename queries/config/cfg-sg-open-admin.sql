/*---
id: cfg-sg-open-admin
title: Security group opens an administration or database port to the world
severity: high
attack: [T1190, T1133]
sources: [config_items]
packs: [triage, config, network]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: x-opened-then-reached}
means: A rule lets any address reach a port that manages machines or holds data, as recorded at the end of the period.
noise: Honeypots; a group that nothing uses.
cite: "AWS Security Hub controls EC2.13, EC2.14 and EC2.19"
---*/
SELECT r.from_time AS time, 'config_items' AS source, CAST(NULL AS VARCHAR) AS principal, r.peer AS src_ip, r.group_id AS target,
  'security group ' || r.group_id || COALESCE(' (' || r.group_name || ')', '') || ' opens ' || COALESCE(max(n.service), 'all ports') || ' to ' || r.peer AS summary,
  r.aws_account_id, r.aws_region, r.vpc_id, r.protocol, r.from_port, r.to_port, r.file_id, r.record_no
FROM config_security_group_rules r
LEFT JOIN flow_port_names n ON n.sensitive AND n.port BETWEEN r.from_port AND r.to_port
WHERE r.direction = 'ingress' AND r.peer IN ('0.0.0.0/0', '::/0') AND r.from_time < $until AND (r.to_time IS NULL OR r.to_time >= $until)
  AND (n.port IS NOT NULL OR r.protocol = '-1')
GROUP BY r.from_time, r.peer, r.group_id, r.group_name, r.aws_account_id, r.aws_region, r.vpc_id, r.protocol, r.from_port, r.to_port, r.file_id, r.record_no
ORDER BY 1, 5, r.from_port, 4
