/*---
id: guardduty-archived
title: Severe GuardDuty finding that was archived
severity: medium
attack: [T1685]
sources: [guardduty]
packs: [defense-evasion]
params:
  - {name: severity, type: double, default: 7.0, doc: lowest severity}
means: "A severe finding was put away: by a suppression filter, or by hand. If nobody of yours did, the intruder did. ct-detection-impaired has the call."
noise: Teams that archive what they have dealt with.
cite: "Amazon GuardDuty User Guide, suppression rules; ATT&CK T1685"
next:
  - {id: ct-detection-impaired}
---*/
SELECT f.event_first_seen AS time, 'guardduty' AS source, coalesce(f.user_name, f.access_key_id) AS principal, f.remote_ip AS src_ip, coalesce(f.instance_id, f.access_key_id, f.region) AS target,
  'archived: severity ' || CAST(f.severity AS VARCHAR) || ' ' || f.type AS summary, f.id, f.account_id, f.region, f.updated_at, f.event_last_seen AS last_time, f.file_id, f.record_no
FROM guardduty_findings f
WHERE f.event_last_seen >= $since AND f.event_last_seen < $until AND f.archived AND f.severity >= $severity AND NOT f.sample
ORDER BY 1, f.id
