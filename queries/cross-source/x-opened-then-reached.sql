/*---
id: x-opened-then-reached
title: Security group opened, then the port reached from outside
severity: critical
attack: [T1686.001, T1133]
sources: [cloudtrail, vpc_flow]
packs: [triage, cross-source, network]
params:
  - {name: window_hours, type: bigint, default: 24, doc: hours after the opening}
next:
  - {id: ct-resource-calls, with: {name: group_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-resource-calls, with: {name: interface_id}}
means: Somebody opened the port to the world and somebody came in from the internet who could not before. The first of them often is the one who opened it.
noise: An open SSH port is found by scanners within minutes; look at the bytes. Pairs that had flows before the opening are left out.
cite: "AWS Config and CloudTrail security group history queries; Stratus Red Team aws.exfiltration.ec2-security-group-open-port-22-ingress; ATT&CK T1686.001"
---*/
WITH opened AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, recipient_account_id,
    json_extract_scalar(request_parameters, '$.groupId') AS group_id,
    TRY_CAST(coalesce(json_extract_scalar(request_parameters, '$.fromPort'),
      json_extract_scalar(request_parameters, '$.ipPermissions.items[0].fromPort')) AS BIGINT) AS port
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'ec2.amazonaws.com' AND event_name = 'AuthorizeSecurityGroupIngress' AND error_code IS NULL
    AND (request_parameters LIKE '%0.0.0.0/0%' OR request_parameters LIKE '%"::/0"%')
),
doors AS (SELECT * FROM opened WHERE port IS NOT NULL AND port NOT IN (80, 443)),
ports AS (SELECT DISTINCT port FROM doors),
reached AS (
  SELECT f.srcaddr, f.dstaddr, f.dstport, f.account_id, min(f."start") AS first_flow, max(f."end") AS last_flow,
    count(*) AS flows, CAST(sum(f.bytes) AS BIGINT) AS bytes, max(f.interface_id) AS interface_id
  FROM vpc_flow f JOIN ports p ON p.port = f.dstport
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT' AND f.protocol IN (6, 17)
  GROUP BY f.srcaddr, f.dstaddr, f.dstport, f.account_id
)
SELECT min(r.first_flow) AS time, 'vpc_flow' AS source, d.principal, r.srcaddr AS src_ip,
  r.dstaddr || ' port ' || CAST(r.dstport AS VARCHAR) AS target,
  'reached ' || CAST(min(date_diff('second', d.event_time, r.first_flow)) AS VARCHAR) || ' s after the port was opened'
    || CASE WHEN r.srcaddr = d.source_ip_address THEN ', by the address that opened it' ELSE '' END AS summary,
  max(d.event_time) AS opened_at, d.source_ip_address AS opened_from, max(d.group_id) AS group_id, r.dstaddr, r.dstport, r.flows, r.bytes,
  r.last_flow AS last_time, r.interface_id
FROM doors d
JOIN reached r ON r.dstport = d.port AND r.account_id = d.recipient_account_id
WHERE r.first_flow >= d.event_time - INTERVAL '60' SECOND
  AND r.first_flow <= d.event_time + $window_hours * INTERVAL '1' HOUR
  AND NOT is_private_ip(r.srcaddr) AND is_private_ip(r.dstaddr)
GROUP BY d.principal, d.source_ip_address, r.srcaddr, r.dstaddr, r.dstport, r.flows, r.bytes, r.last_flow, r.interface_id
ORDER BY 1, 3, 4, 5, 6
