/*---
id: x-guardduty-address-calls
title: Address of a GuardDuty finding calls the API with other keys
severity: high
attack: [T1078.004]
sources: [guardduty, cloudtrail]
packs: [triage, cross-source]
means: "The remote address of a finding also used other access keys than the one GuardDuty named: these are lost too."
noise: Addresses of offices and VPN exits. Findings of port probes name scanners, which hold no keys.
cite: "AWS incident response playbooks, compromised credentials; ATT&CK T1078.004"
next:
  - {id: ct-key-calls, with: {key: target}}
---*/
WITH named AS (
  SELECT remote_ip, min(event_first_seen) AS first_seen, max(severity) AS severity, max(type) AS type, array_join(array_agg(DISTINCT access_key_id ORDER BY access_key_id), ',') AS keys
  FROM guardduty_findings
  WHERE event_last_seen >= $since AND event_last_seen < $until AND remote_ip IS NOT NULL AND NOT sample
  GROUP BY remote_ip
)
SELECT min(c.event_time) AS time, 'guardduty+cloudtrail' AS source, max(coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by)) AS principal, c.source_ip_address AS src_ip, c.user_access_key_id AS target,
  CAST(count(*) AS VARCHAR) || ' calls by another key from the address of ' || max(n.type) AS summary,
  max(n.severity) AS severity, count(*) AS calls, count(c.error_code) AS failed, count(DISTINCT c.event_name) AS different_calls, max(c.event_time) AS last_time, max(c.user_agent) AS user_agent
FROM named n JOIN cloudtrail c ON c.source_ip_address = n.remote_ip
WHERE c.event_time >= $since AND c.event_time < $until AND c.user_access_key_id <> '' AND (n.keys IS NULL OR strpos(n.keys, c.user_access_key_id) = 0)
GROUP BY c.source_ip_address, c.user_access_key_id
ORDER BY 1, 4, 5
