/*---
id: flow-records-lost
title: Flow records skipped
severity: low
attack: []
sources: [vpc_flow]
packs: [defense-evasion, coverage, network]
params:
  - {name: spells, type: bigint, default: 1, doc: SKIPDATA records of one interface that are worth saying}
means: AWS lost an unknown number of flows of this interface (SKIPDATA). What is not in the log may still have happened.
noise: Internal limits of the capture, at very busy interfaces. Nobody can cause it from inside the account on purpose, but a flood can.
cite: "Amazon VPC User Guide, Flow log records, field log-status; Panther VPC Healthy Log Status"
---*/
SELECT min("start") AS time, 'vpc_flow' AS source, account_id AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  interface_id AS target,
  CAST(count(*) AS VARCHAR) || ' records of ' || interface_id || ' say SKIPDATA' AS summary,
  count(*) AS spells, max("end") AS last_time, sum(date_diff('second', "start", "end")) AS seconds_covered
FROM vpc_flow
WHERE "start" >= $since AND "start" < $until
  AND log_status = 'SKIPDATA'
GROUP BY account_id, interface_id
HAVING count(*) >= $spells
ORDER BY 1, 3, 4, 5, 6
