/*---
id: guardduty-many-types
title: Resource with several kinds of GuardDuty findings
severity: high
attack: [T1078]
sources: [guardduty]
packs: [triage, orientation]
params:
  - {name: types, type: bigint, default: 3, doc: kinds of findings}
means: One key or instance has findings of several kinds. Single findings err; three kinds on one resource hardly do.
noise: Testers and honeypots.
cite: "Amazon GuardDuty User Guide, finding types"
next:
  - {id: x-guardduty-key-calls}
  - {id: x-guardduty-instance-flows}
---*/
SELECT min(f.event_first_seen) AS time, 'guardduty' AS source, max(coalesce(f.user_name, f.access_key_id)) AS principal, max_by(f.remote_ip, f.severity) AS src_ip, coalesce(f.instance_id, f.access_key_id) AS target,
  CAST(count(DISTINCT f.type) AS VARCHAR) || ' kinds of findings: ' || array_join(array_agg(DISTINCT f.type ORDER BY f.type), ', ') AS summary,
  count(DISTINCT f.type) AS types, count(*) AS findings, max(f.severity) AS severity, max(f.event_last_seen) AS last_time, max(f.account_id) AS account_id
FROM guardduty_findings f
WHERE f.event_last_seen >= $since AND f.event_last_seen < $until AND NOT f.sample AND coalesce(f.instance_id, f.access_key_id) IS NOT NULL
GROUP BY coalesce(f.instance_id, f.access_key_id)
HAVING count(DISTINCT f.type) >= $types
ORDER BY 1, 5
