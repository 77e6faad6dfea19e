/*---
id: ct-errors
title: "Which errors came, from which APIs"
severity: info
attack: []
sources: [cloudtrail]
packs: [orientation]
params:
  - {name: calls, type: bigint, default: 2, doc: times an error came at least}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-denied-principals}
means: What went wrong most. Refusals of one principal over many APIs are probing; one API over and over is a broken job.
noise: "Most errors are everyday ones: NoSuchKey, ThrottlingException, a policy that misses an action."
cite: "AWS CloudTrail Lake query samples, top errors; easttimor aws-incident-response"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, max(source_ip_address) AS src_ip,
  replace(event_source, '.amazonaws.com', '') || ' ' || event_name AS target,
  error_code || ', ' || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END || ' by ' || CAST(count(DISTINCT coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS VARCHAR) || ' principals' AS summary,
  error_code, event_source, event_name, count(*) AS calls, count(DISTINCT coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principals,
  count(DISTINCT source_ip_address) AS addresses, max(event_time) AS last_time, max(error_message) AS error_message
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND error_code IS NOT NULL
GROUP BY error_code, event_source, event_name
HAVING count(*) >= $calls
ORDER BY calls DESC, 5, 6
