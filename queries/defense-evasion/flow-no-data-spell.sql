/*---
id: flow-no-data-spell
title: Interface without traffic in the midst of its life
severity: info
attack: []
sources: [vpc_flow]
packs: [defense-evasion, network, coverage]
params:
  - {name: minutes, type: bigint, default: 60, doc: minutes of the spell}
means: An interface that had traffic before and after had none (NODATA) for hours. The log worked; the machine was off, cut off, or idle.
noise: Machines that are switched off at night. Compare with x-flow-log-silence, where the log itself was off.
cite: "Amazon VPC User Guide, Flow log records, field log-status; Panther VPC Healthy Log Status"
next:
  - {id: x-flow-log-silence}
---*/
WITH silent AS (
  SELECT account_id, interface_id, "start" AS moment, "end" AS until_time, lag("end") OVER (PARTITION BY interface_id ORDER BY "start") AS last_end
  FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND log_status = 'NODATA' AND interface_id IS NOT NULL
),
-- Windows follow one another; where one is missing there was traffic.
marked AS (
  SELECT *, sum(CASE WHEN last_end IS NULL OR date_diff('second', last_end, moment) > 90 THEN 1 ELSE 0 END) OVER (PARTITION BY interface_id ORDER BY moment ROWS UNBOUNDED PRECEDING) AS spell
  FROM silent
),
spells AS (
  SELECT interface_id, spell, min(moment) AS moment, max(until_time) AS until_time, count(*) AS windows, max(account_id) AS account_id
  FROM marked GROUP BY interface_id, spell
  HAVING date_diff('minute', min(moment), max(until_time)) >= $minutes
),
busy AS (
  SELECT f.interface_id, min(f."start") AS first_data, max(f."start") AS last_data
  FROM vpc_flow f
  WHERE f."start" >= $since AND f."start" < $until AND f.log_status = 'OK' AND f.interface_id IN (SELECT interface_id FROM spells)
  GROUP BY f.interface_id
)
SELECT s.moment AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip, s.interface_id AS target,
  'no traffic for ' || CAST(date_diff('minute', s.moment, s.until_time) AS VARCHAR) || ' minutes' AS summary,
  s.windows, s.until_time AS last_time, s.account_id
FROM spells s JOIN busy b ON b.interface_id = s.interface_id
WHERE b.first_data < s.moment AND b.last_data >= s.until_time
ORDER BY 1, 3, 4, 5
