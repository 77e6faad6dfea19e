/*---
id: guardduty-attack-sequence
title: Attack sequence found by GuardDuty
severity: critical
attack: [T1078.004]
sources: [guardduty]
packs: [triage, orientation]
means: GuardDuty itself joined several signals into one attack. Begin here.
noise: Sample findings are left out.
cite: "Amazon GuardDuty User Guide, Extended Threat Detection, attack sequence finding types"
next:
  - {id: x-guardduty-key-calls}
  - {id: x-guardduty-instance-flows}
---*/
SELECT f.event_first_seen AS time, 'guardduty' AS source, coalesce(f.user_name, f.access_key_id) AS principal, f.remote_ip AS src_ip, coalesce(f.instance_id, f.access_key_id, f.account_id) AS target,
  f.type || ': ' || coalesce(f.title, '') AS summary, f.id, f.severity, f.account_id, f.region, f.event_last_seen AS last_time, f.file_id, f.record_no
FROM guardduty_findings f
WHERE f.event_last_seen >= $since AND f.event_last_seen < $until AND f.type LIKE 'AttackSequence:%' AND NOT f.sample
ORDER BY 1, f.id
