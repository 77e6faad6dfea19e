/*---
id: flow-database-new-client
title: Database reached by a host that never was its client
severity: medium
attack: [T1021, T1213.006]
sources: [vpc_flow]
packs: [lateral-movement, network, data]
params:
  - {name: hours, type: bigint, default: 24, doc: hours the database was seen without this client}
  - {name: bytes, type: bigint, default: 1000, doc: bytes from the client at least}
means: A host inside got data from a database that it had not talked to in the days before, while others had. An intruder who found the password looks so.
noise: New application servers, autoscaling (look at how many are new), jobs that run monthly.
cite: "Panther VPC lateral movement rules; ATT&CK T1213.006 Databases"
next:
  - {id: rds-login-guessing}
---*/
WITH talks AS (
  SELECT srcaddr, dstaddr, dstport, min("start") AS first_time, max("end") AS last_time, count(*) AS flows, sum(bytes) AS bytes, max(interface_id) AS interface_id, max(instance_id) AS instance_id
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND action = 'ACCEPT' AND protocol = 6
    AND dstport IN (1433, 1521, 3306, 5432, 5439, 6379, 9042, 9200, 11211, 27017)
  GROUP BY srcaddr, dstaddr, dstport
),
servers AS (SELECT dstaddr, dstport, min(first_time) AS since_when, count(*) AS clients FROM talks GROUP BY dstaddr, dstport)
SELECT t.first_time AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, t.srcaddr AS src_ip, t.dstaddr || ' port ' || CAST(t.dstport AS VARCHAR) AS target,
  'new client of a database seen since ' || CAST(s.since_when AS VARCHAR) || ': ' || CAST(CAST(t.bytes AS BIGINT) AS VARCHAR) || ' bytes sent to it' AS summary,
  t.dstaddr, t.dstport, s.since_when AS database_since, s.clients, t.flows, CAST(t.bytes AS BIGINT) AS bytes, t.last_time, t.interface_id, t.instance_id
FROM talks t JOIN servers s ON s.dstaddr = t.dstaddr AND s.dstport = t.dstport
-- CASE has addresses looked at after they are grouped, not once a row.
WHERE CASE WHEN t.first_time >= s.since_when + $hours * INTERVAL '1' HOUR AND t.bytes >= $bytes THEN is_private_ip(t.srcaddr) AND is_private_ip(t.dstaddr) END
ORDER BY 1, 3, 4, 5
