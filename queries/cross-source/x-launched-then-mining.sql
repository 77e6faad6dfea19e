/*---
id: x-launched-then-mining
title: New instance talks to mining ports
severity: high
attack: [T1496]
sources: [cloudtrail, vpc_flow]
packs: [triage, cross-source, impact, network]
next:
  - {id: ct-resource-calls, with: {name: instance_id}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: An interface of an instance that was launched in this time sent traffic to ports mining pools use. The launch says who pays whom.
noise: The ports are customary, not reserved; 8333 and 3333 have other uses. Many long flows to one address speak for mining.
cite: "GuardDuty finding type CryptoCurrency:EC2/BitcoinTool.B; Stratum protocol default ports as listed by xmrig and large pools; ATT&CK T1496 Resource Hijacking"
---*/
WITH launched AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, aws_region,
    json_extract_scalar(request_parameters, '$.instanceType') AS instance_type,
    json_extract_scalar(response_elements, '$.instancesSet.items[0].instanceId') AS instance_id,
    json_extract_scalar(response_elements, '$.instancesSet.items[0].networkInterfaceSet.items[0].networkInterfaceId') AS interface_id
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'ec2.amazonaws.com' AND event_name = 'RunInstances' AND error_code IS NULL
)
SELECT min(f."start") AS time, 'vpc_flow' AS source, l.principal, f.srcaddr AS src_ip,
  f.dstaddr || ' port ' || CAST(f.dstport AS VARCHAR) AS target,
  coalesce(l.instance_type || ' ', '') || l.instance_id || ' talks to port ' || CAST(f.dstport AS VARCHAR) || ' '
    || CAST(min(date_diff('minute', l.event_time, f."start")) AS VARCHAR) || ' min after its launch' AS summary,
  l.instance_id, l.event_time AS launched_at, l.source_ip_address AS launched_from, l.user_access_key_id AS access_key_id, l.aws_region,
  count(*) AS flows, CAST(sum(f.bytes) AS BIGINT) AS bytes, max(f."end") AS last_time
FROM launched l
JOIN vpc_flow f ON f.interface_id = l.interface_id
WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT' AND f.protocol = 6
  AND f.dstport IN (3333, 4444, 5555, 7777, 8333, 9999, 14433, 14444, 45560, 45700)
  AND f."start" >= l.event_time - INTERVAL '60' SECOND
  AND NOT is_private_ip(f.dstaddr)
GROUP BY l.principal, f.srcaddr, f.dstaddr, f.dstport, l.instance_type, l.instance_id, l.event_time, l.source_ip_address,
  l.user_access_key_id, l.aws_region
ORDER BY 1, 3, 4, 5, 6
