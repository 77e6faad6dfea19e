/*---
id: ct-denied-principals
title: Who is refused most
severity: info
attack: [T1580]
sources: [cloudtrail]
packs: [orientation]
params:
  - {name: denied, type: bigint, default: 5, doc: refused calls at least}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: Who probes, or whose policy is broken. Sort by apis; probing has many.
noise: Broken jobs are most of it.
cite: "easttimor aws-incident-response, errors by principal; AWS CloudTrail Lake query samples, top errors"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip,
  array_join(array_agg(DISTINCT event_source ORDER BY event_source), ', ') AS target,
  CAST(count(*) AS VARCHAR) || ' calls refused, ' || CAST(count(DISTINCT event_name) AS VARCHAR) || ' APIs' AS summary,
  count(*) AS denied, count(DISTINCT event_name) AS apis, count(DISTINCT source_ip_address) AS addresses,
  max(event_time) AS last_time, max(user_access_key_id) AS access_key_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND error_code IS NOT NULL
  AND (lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' OR lower(error_code) LIKE '%forbidden%')
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by)
HAVING count(*) >= $denied
ORDER BY denied DESC, 3, 4, 5, 6
