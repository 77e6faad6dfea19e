/*---
id: x-role-other-instance
title: Role of one instance used from the address of another
severity: critical
attack: [T1552.005, T1550.001]
sources: [cloudtrail, vpc_flow]
packs: [triage, cross-source, network]
means: "The role session of one instance was used from the private address of another: credentials went from host to host. x-instance-role-stranger tells of addresses outside."
noise: "Containers that share a host have one address. Addresses are used again when instances come and go: compare the times."
cite: "GuardDuty finding type UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.InsideAWS; ATT&CK T1552.005"
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: flow-peers-of, with: {address: src_ip}}
---*/
WITH calls AS (
  SELECT split_part(user_principal_id, ':', 2) AS instance_id, source_ip_address, min(event_time) AS first_call, max(event_time) AS last_call, count(*) AS calls,
    count(DISTINCT event_name) AS apis, max(user_arn) AS principal, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until AND user_type = 'AssumedRole' AND user_principal_id LIKE '%:i-%' AND user_invoked_by IS NULL
  GROUP BY split_part(user_principal_id, ':', 2), source_ip_address
),
-- CASE has addresses looked at after they are grouped, not once a row.
inside AS (SELECT * FROM calls WHERE CASE WHEN calls > 0 THEN is_private_ip(source_ip_address) END),
-- An interface sees its own address on one side of every flow.
seen AS (
  SELECT f.instance_id, f.srcaddr AS ip, count(*) AS flows FROM vpc_flow f JOIN inside i ON i.source_ip_address = f.srcaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.instance_id IS NOT NULL GROUP BY f.instance_id, f.srcaddr
  UNION ALL
  SELECT f.instance_id, f.dstaddr, count(*) FROM vpc_flow f JOIN inside i ON i.source_ip_address = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.instance_id IS NOT NULL GROUP BY f.instance_id, f.dstaddr
),
totals AS (SELECT instance_id, count(*) AS flows FROM vpc_flow WHERE "start" >= $since AND "start" < $until AND instance_id IS NOT NULL AND srcaddr IS NOT NULL GROUP BY instance_id),
owners AS (
  SELECT s.ip, s.instance_id FROM (SELECT ip, instance_id, sum(flows) AS flows FROM seen GROUP BY ip, instance_id) s JOIN totals t ON t.instance_id = s.instance_id
  WHERE s.flows >= t.flows
)
SELECT i.first_call AS time, 'cloudtrail+vpc_flow' AS source, i.principal, i.source_ip_address AS src_ip, i.instance_id AS target,
  CAST(i.calls AS VARCHAR) || ' calls with the role session of ' || i.instance_id || ' from ' || i.source_ip_address || ', the address of ' || o.instance_id AS summary,
  o.instance_id AS used_by, i.calls, i.apis, i.last_call AS last_time, i.access_key_id, i.user_agent
FROM inside i JOIN owners o ON o.ip = i.source_ip_address AND o.instance_id <> i.instance_id
WHERE NOT EXISTS (SELECT 1 FROM owners same WHERE same.ip = i.source_ip_address AND same.instance_id = i.instance_id)
ORDER BY 1, 3, 4, 5
