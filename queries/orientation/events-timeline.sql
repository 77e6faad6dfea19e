/*---
id: events-timeline
title: All that is known of a value, in one timeline
severity: info
attack: []
sources: [events]
packs: [orientation, cross-source]
params:
  - {name: value, type: varchar, default: "", doc: "address, ARN, access key id or other value"}
means: "Every record of every log that names an address, ARN, access key, instance, bucket or name, in order of time. Give it: -p value=203.0.113.9."
noise: Nothing is left out. Give a period for a busy value.
cite: "Suzaku and timesketch, merged timelines"
---*/
SELECT event_time AS time, source, principal, src_ip, target, summary, dst_ip, dst_port, action, outcome, error, bytes, access_key_id, user_agent, account_id, region, event_id, file_id, record_no
FROM events
WHERE event_time >= $since AND event_time < $until AND $value <> ''
  AND (src_ip = $value OR dst_ip = $value OR principal = $value OR access_key_id = $value OR target = $value)
ORDER BY 1, 2, file_id, record_no
