/*---
id: guardduty-high
title: GuardDuty findings of high severity
severity: high
attack: [T1078]
sources: [guardduty]
packs: [triage, orientation]
params:
  - {name: severity, type: double, default: 7.0, doc: lowest severity}
next:
  - {id: x-guardduty-key-calls}
  - {id: ct-resource-calls, with: {name: target}}
means: What GuardDuty itself found most severe, each finding once, as it stood last.
noise: Sample findings are left out; suppressed ones were never exported.
cite: "Amazon GuardDuty User Guide, severity levels"
---*/
SELECT f.event_first_seen AS time, 'guardduty' AS source, COALESCE(f.user_name, f.access_key_id) AS principal, f.remote_ip AS src_ip, COALESCE(f.instance_id, f.access_key_id, f.region) AS target,
  'severity ' || CAST(f.severity AS VARCHAR) || ' ' || f.type || ': ' || f.title AS summary, f.id, f.account_id, f.region, f.service_count, f.event_last_seen, f.file_id, f.record_no
FROM guardduty_findings f
WHERE f.severity >= $severity AND NOT f.sample AND f.event_last_seen >= $since AND f.event_last_seen < $until
ORDER BY f.severity DESC, 1, f.id
