/*---
id: x-route-opened-then-flow
title: Network ACL or route opened, then a source that is new
severity: medium
attack: [T1686.001, T1133]
sources: [cloudtrail, vpc_flow]
packs: [triage, cross-source, network]
params:
  - {name: window_hours, type: bigint, default: 24, doc: hours after the change}
  - {name: bytes, type: bigint, default: 500, doc: bytes from the source at least}
means: After an ACL entry that allows or a route to the internet was made, public addresses were accepted that had been refused or not seen before. x-opened-then-reached asks the same of security groups.
noise: "Set-up of new networks: all sources are new there."
cite: "Amazon VPC User Guide, network ACLs and route tables; ATT&CK T1686.001"
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: flow-peers-of, with: {address: src_ip}}
---*/
WITH opened AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, event_name, recipient_account_id, event_id,
    coalesce(json_extract_scalar(request_parameters, '$.networkAclId'), json_extract_scalar(request_parameters, '$.routeTableId')) AS what
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until AND event_source = 'ec2.amazonaws.com' AND error_code IS NULL
    AND ((event_name IN ('CreateNetworkAclEntry', 'ReplaceNetworkAclEntry') AND request_parameters LIKE '%"allow"%' AND regexp_like(request_parameters, '0[.]0[.]0[.]0/0|"::/0"') AND request_parameters NOT LIKE '%"egress":true%')
      OR (event_name IN ('CreateRoute', 'ReplaceRoute') AND request_parameters LIKE '%"igw-%'))
),
sources AS (
  SELECT srcaddr, dstaddr, dstport, account_id, min("start") AS first_flow, max("end") AS last_flow, count(*) AS flows, sum(bytes) AS bytes, max(interface_id) AS interface_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT' AND protocol IN (6, 17) AND dstport < 32768 AND dstport NOT IN (80, 443) AND srcport > dstport
  GROUP BY srcaddr, dstaddr, dstport, account_id
  HAVING sum(bytes) >= $bytes
),
ports AS (SELECT dstaddr, dstport, min(first_flow) AS first_flow FROM sources WHERE CASE WHEN bytes >= $bytes THEN NOT is_private_ip(srcaddr) END GROUP BY dstaddr, dstport)
SELECT s.first_flow AS time, 'cloudtrail+vpc_flow' AS source, o.principal, s.srcaddr AS src_ip, s.dstaddr || ' port ' || CAST(s.dstport AS VARCHAR) AS target,
  'first public source on this port, ' || CAST(date_diff('minute', o.event_time, s.first_flow) AS VARCHAR) || ' minutes after ' || o.event_name || ' on ' || coalesce(o.what, '?') AS summary,
  o.event_time AS opened_at, o.source_ip_address AS opened_from, s.flows, CAST(s.bytes AS BIGINT) AS bytes, s.last_flow AS last_time, s.interface_id, o.event_id
FROM opened o
JOIN sources s ON s.account_id = o.recipient_account_id AND s.first_flow >= o.event_time AND s.first_flow <= o.event_time + $window_hours * INTERVAL '1' HOUR
JOIN ports p ON p.dstaddr = s.dstaddr AND p.dstport = s.dstport AND p.first_flow >= o.event_time
-- CASE has addresses looked at after they are grouped, not once a row.
WHERE CASE WHEN s.bytes >= $bytes THEN NOT is_private_ip(s.srcaddr) AND is_private_ip(s.dstaddr) END
ORDER BY 1, 3, 4, 5
