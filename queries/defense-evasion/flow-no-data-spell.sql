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
---*/
WITH records AS (
  SELECT account_id, interface_id, "start" AS moment, "end" AS until_time, log_status FROM vpc_flow
  WHERE "start" >= $since AND "start" < $until AND interface_id IN (SELECT interface_id FROM vpc_flow WHERE log_status = 'NODATA' AND "start" >= $since AND "start" < $until)
),
marked AS (
  SELECT *, count(CASE WHEN log_status <> 'NODATA' THEN 1 END) OVER (PARTITION BY interface_id ORDER BY moment, log_status DESC ROWS UNBOUNDED PRECEDING) AS before_data FROM records
),
ends AS (SELECT interface_id, max(before_data) AS last_data FROM marked GROUP BY interface_id)
SELECT min(m.moment) AS time, 'vpc_flow' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip, m.interface_id AS target,
  'no traffic for ' || CAST(date_diff('minute', min(m.moment), max(m.until_time)) AS VARCHAR) || ' minutes' AS summary,
  count(*) AS windows, max(m.until_time) AS last_time, max(m.account_id) AS account_id
FROM marked m JOIN ends e ON e.interface_id = m.interface_id
WHERE m.log_status = 'NODATA' AND m.before_data > 0 AND m.before_data < e.last_data
GROUP BY m.interface_id, m.before_data
HAVING date_diff('minute', min(m.moment), max(m.until_time)) >= $minutes
ORDER BY 1, 3, 4, 5
