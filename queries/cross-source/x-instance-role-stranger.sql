/*---
id: x-instance-role-stranger
title: Instance role used by an address the instance talks to
severity: critical
attack: [T1552.005, T1078.004]
sources: [cloudtrail, vpc_flow]
packs: [triage, cross-source, network]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-credentials-issued, with: {key: access_key_id}}
means: The role of an instance was used from an address that the flow logs show as a peer of that instance, not as the instance. The credentials were carried off, most likely over that connection.
noise: Hardly any. Flow logs with instance-id (version 3) are needed.
cite: "Stratus Red Team aws.credential-access.ec2-steal-instance-credentials; GuardDuty finding type UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS; ATT&CK T1552.005"
---*/
WITH calls AS (
  SELECT split_part(user_principal_id, ':', 2) AS instance_id, source_ip_address, min(event_time) AS first_call,
    max(event_time) AS last_call, count(*) AS calls, count(DISTINCT event_name) AS apis, max(user_arn) AS principal,
    max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_type = 'AssumedRole' AND user_principal_id LIKE '%:i-%' AND user_invoked_by IS NULL
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
  GROUP BY split_part(user_principal_id, ':', 2), source_ip_address
),
-- CASE has addresses looked at after they are grouped, not once a row.
strangers AS (SELECT * FROM calls WHERE CASE WHEN calls > 0 THEN NOT is_private_ip(source_ip_address) END),
-- An instance's own address is what most of its flows have on one side; a peer
-- is on one side of some. Interfaces see every flow with themselves as an end.
ends AS (
  SELECT f.instance_id, f.srcaddr AS a, f.dstaddr AS b, f."start", f.bytes
  FROM vpc_flow f JOIN strangers c ON c.instance_id = f.instance_id AND c.source_ip_address = f.srcaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  UNION ALL
  SELECT f.instance_id, f.dstaddr, f.srcaddr, f."start", f.bytes
  FROM vpc_flow f JOIN strangers c ON c.instance_id = f.instance_id AND c.source_ip_address = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
),
peers AS (
  SELECT instance_id, a AS peer, max(b) AS own_address, min("start") AS first_flow, count(*) AS flows, CAST(sum(bytes) AS BIGINT) AS bytes
  FROM ends GROUP BY instance_id, a
)
SELECT c.first_call AS time, 'cloudtrail' AS source, c.principal, c.source_ip_address AS src_ip, c.instance_id AS target,
  CAST(c.calls AS VARCHAR) || ' calls as ' || c.instance_id || ' (' || p.own_address || ') from its peer ' || c.source_ip_address AS summary,
  p.first_flow, p.flows, p.bytes, c.calls, c.apis, c.last_call AS last_time, c.access_key_id, c.user_agent
FROM strangers c JOIN peers p ON p.instance_id = c.instance_id AND p.peer = c.source_ip_address
ORDER BY 1, 3, 4, 5, 6
