/*---
id: x-guardduty-key-calls
title: What a key did that GuardDuty warned of
severity: high
attack: [T1078.004]
sources: [guardduty, cloudtrail]
packs: [triage, cross-source]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Calls by the access key of a GuardDuty finding from one hour before the activity to one hour after it.
noise: "The owner's own calls are among them: look at addresses and user agents."
cite: "AWS incident response playbooks, compromised credentials"
---*/
SELECT min(c.event_time) AS time, 'guardduty+cloudtrail' AS source, max(c.user_arn) AS principal, c.source_ip_address AS src_ip, f.access_key_id AS target,
  f.type || ': ' || CAST(count(*) AS VARCHAR) || ' calls by the key from ' || c.source_ip_address || CASE WHEN c.source_ip_address = f.remote_ip THEN ', the address of the finding' ELSE '' END AS summary,
  count(*) AS calls, count(c.error_code) AS failed, count(DISTINCT c.event_name) AS different_calls, max(c.event_time) AS last_time, f.id AS finding
FROM guardduty_findings f
JOIN cloudtrail c ON c.user_access_key_id = f.access_key_id AND c.event_time >= date_add('hour', -1, f.event_first_seen) AND c.event_time <= date_add('hour', 1, f.event_last_seen)
WHERE f.access_key_id IS NOT NULL AND f.event_last_seen >= $since AND f.event_last_seen < $until AND c.event_time >= $since AND c.event_time < $until
GROUP BY f.id, f.type, f.access_key_id, f.remote_ip, c.source_ip_address
ORDER BY 1, 4, f.id
