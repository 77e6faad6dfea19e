/*---
id: events-indicator
title: In which logs an indicator stands
severity: info
attack: []
sources: [events]
packs: [orientation, cross-source]
params:
  - {name: indicator, type: varchar, default: "", doc: "address, name, ARN, key or part of a target"}
means: "One row a log that names the indicator, also inside a target or summary: how often, and from when to when. Give it: -p indicator=example.net."
noise: "Short words stand in much: give whole addresses and names."
cite: "AWS customer playbook framework, incident indicators"
next:
  - {id: events-timeline, with: {value: target}}
---*/
SELECT min(event_time) AS time, source, min_by(principal, event_time) AS principal, min_by(src_ip, event_time) AS src_ip, $indicator AS target,
  CAST(count(*) AS VARCHAR) || ' records, the first: ' || min_by(summary, event_time) AS summary,
  count(*) AS records, count(CASE WHEN outcome IN ('success', 'allowed') THEN 1 END) AS succeeded, count(DISTINCT action) AS actions, max(event_time) AS last_time
FROM events
WHERE event_time >= $since AND event_time < $until AND $indicator <> ''
  AND (src_ip = $indicator OR dst_ip = $indicator OR principal = $indicator OR access_key_id = $indicator OR strpos(lower(target), lower($indicator)) > 0 OR strpos(lower(summary), lower($indicator)) > 0)
GROUP BY source
ORDER BY 1, 2
