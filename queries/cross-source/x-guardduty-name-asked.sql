/*---
id: x-guardduty-name-asked
title: Who else asked for the name of a GuardDuty finding
severity: high
attack: [T1071.004]
sources: [guardduty, route53_resolver]
packs: [triage, cross-source, network]
means: GuardDuty warned of a name; these clients asked for it. Those the finding does not name are ill too.
noise: Lists that know a name too well, such as a content network.
cite: "Amazon GuardDuty User Guide, DNS findings; ATT&CK T1071.004"
next:
  - {id: dns-who-resolved, with: {name: target}}
  - {id: flow-peers-of, with: {address: src_ip}}
---*/
WITH names AS (
  SELECT lower(rtrim(domain, '.')) AS name, max(type) AS type, max(severity) AS severity, max(instance_id) AS instance_id
  FROM guardduty_findings
  WHERE event_last_seen >= $since AND event_last_seen < $until AND domain <> '' AND NOT sample
  GROUP BY lower(rtrim(domain, '.'))
)
SELECT min(q.query_timestamp) AS time, 'guardduty+route53_resolver' AS source, max(q.instance_id) AS principal, q.srcaddr AS src_ip, n.name AS target,
  n.type || ': ' || coalesce(max(q.instance_id), q.srcaddr) || ' asked ' || CAST(count(*) AS VARCHAR) || ' times' || CASE WHEN max(q.instance_id) = n.instance_id THEN ', as the finding says' ELSE '' END AS summary,
  n.severity, count(*) AS queries, max(q.answers) AS answers, max(q.query_timestamp) AS last_time, max(q.vpc_id) AS vpc_id
FROM names n JOIN route53_resolver q ON rtrim(lower(q.query_name), '.') = n.name
WHERE q.query_timestamp >= $since AND q.query_timestamp < $until
GROUP BY q.srcaddr, n.name, n.type, n.severity, n.instance_id
ORDER BY 1, 4, 5
