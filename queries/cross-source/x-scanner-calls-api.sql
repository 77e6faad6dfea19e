/*---
id: x-scanner-calls-api
title: Address that scans the network also uses a key
severity: high
attack: [T1595.001, T1078.004]
sources: [vpc_flow, cloudtrail]
packs: [triage, cross-source, network]
params:
  - {name: ports, type: bigint, default: 10, doc: distinct ports refused to the address}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: The address knocked at many ports of yours and called the AWS API with a valid key.
noise: Your own scanners and testers, if they hold keys.
cite: "ATT&CK T1595.001 Scanning IP Blocks; AWS Incident Response Playbooks, correlate source addresses"
---*/
WITH callers AS (
  SELECT source_ip_address, min(event_time) AS first_call, max(event_time) AS last_call, count(*) AS calls,
    count(error_code) AS errors, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, max(user_access_key_id) AS access_key_id
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_access_key_id <> '' AND user_invoked_by IS NULL
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
  GROUP BY source_ip_address
),
scanners AS (
  SELECT f.srcaddr, min(f."start") AS first_scan, max(f."end") AS last_scan, count(DISTINCT f.dstport) AS ports,
    count(DISTINCT f.dstaddr) AS hosts, max(f.dstaddr) AS host
  FROM vpc_flow f JOIN callers c ON c.source_ip_address = f.srcaddr
  WHERE f."start" >= $since AND f."start" < $until
    AND f.action = 'REJECT' AND f.protocol IN (6, 17) AND f.dstport <= 32767
  GROUP BY f.srcaddr
  HAVING count(DISTINCT f.dstport) >= $ports
)
SELECT c.first_call AS time, 'cloudtrail' AS source, c.principal, s.srcaddr AS src_ip, c.access_key_id AS target,
  CAST(c.calls AS VARCHAR) || ' API calls; ' || CAST(s.ports AS VARCHAR) || ' ports refused to the address' AS summary,
  s.first_scan, s.last_scan, s.ports, s.hosts, s.host, c.calls, c.errors, c.last_call AS last_time
FROM scanners s JOIN callers c ON c.source_ip_address = s.srcaddr
ORDER BY 1, 3, 4, 5, 6
