/*---
id: x-api-caller-in-flows
title: Address that calls the API also talks to an instance
severity: high
attack: [T1078.004, T1133]
sources: [cloudtrail, vpc_flow]
packs: [triage, cross-source, network]
params:
  - {name: denied, type: bigint, default: 3, doc: refused API calls of the address at least}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-resource-calls, with: {name: instance_id}}
means: An address that was refused at the AWS API exchanged traffic with an instance of yours. The two are one story.
noise: Offices that use both. Refusals keep most of them out; raise denied where they do not.
cite: "AWS Incident Response Playbooks, compromised IAM credentials, correlate with VPC flow logs; ATT&CK T1133"
---*/
WITH callers AS (
  SELECT source_ip_address, count(*) AS calls, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal,
    count(CASE WHEN lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' OR lower(error_code) LIKE '%forbidden%' THEN 1 END) AS denied,
    min(event_time) AS first_call, max(event_time) AS last_call
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_invoked_by IS NULL
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
  GROUP BY source_ip_address
),
-- CASE has addresses looked at after they are grouped, not once a row.
suspects AS (
  SELECT * FROM callers WHERE CASE WHEN denied >= $denied THEN NOT is_private_ip(source_ip_address) END
),
talks AS (
  SELECT f.srcaddr AS peer, f.dstaddr AS host, f.dstport AS port, 'in' AS way, f."start", f."end", f.bytes, f.interface_id, f.instance_id
  FROM vpc_flow f JOIN suspects s ON s.source_ip_address = f.srcaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
  UNION ALL
  SELECT f.dstaddr, f.srcaddr, f.srcport, 'out', f."start", f."end", f.bytes, f.interface_id, f.instance_id
  FROM vpc_flow f JOIN suspects s ON s.source_ip_address = f.dstaddr
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
)
SELECT min(t."start") AS time, 'vpc_flow' AS source, s.principal, s.source_ip_address AS src_ip, t.host AS target,
  'traffic with ' || t.host || '; the address was refused ' || CAST(s.denied AS VARCHAR) || ' API calls' AS summary,
  s.calls, s.denied, s.first_call, s.last_call, count(*) AS flows,
  CAST(coalesce(sum(CASE WHEN t.way = 'in' THEN t.bytes END), 0) AS BIGINT) AS bytes_in,
  CAST(coalesce(sum(CASE WHEN t.way = 'out' THEN t.bytes END), 0) AS BIGINT) AS bytes_out,
  max(t."end") AS last_time, max(t.interface_id) AS interface_id, max(t.instance_id) AS instance_id
FROM talks t JOIN suspects s ON s.source_ip_address = t.peer
GROUP BY s.principal, s.source_ip_address, t.host, s.calls, s.denied, s.first_call, s.last_call
ORDER BY 1, 3, 4, 5, 6
