/*---
id: ct-activity
title: "Where there is activity: regions and services"
severity: info
attack: []
sources: [cloudtrail]
packs: [orientation]
params:
  - {name: calls, type: bigint, default: 1, doc: calls a line has at least}
next:
  - {id: ct-new-region}
  - {id: ct-denied-principals}
means: "The first look at a trail: which account, region and service, how much, by how many. A region or service nobody knows of stands out."
noise: It shows what is there.
cite: "aws-security-analytics-bootstrap, CloudTrail analytics by region and event name; AWS CloudTrail Lake query samples, logs by region"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip,
  coalesce(aws_region, '?') || ' ' || coalesce(replace(event_source, '.amazonaws.com', ''), '?') AS target,
  CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END || ', ' || CAST(count(DISTINCT event_name) AS VARCHAR) || ' APIs, ' || CAST(count(DISTINCT coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS VARCHAR) || ' principals' AS summary,
  recipient_account_id AS account_id, aws_region, event_source, count(*) AS calls, count(CASE WHEN read_only = FALSE THEN 1 END) AS writes,
  count(error_code) AS errors, count(DISTINCT event_name) AS apis, count(DISTINCT source_ip_address) AS addresses, max(event_time) AS last_time
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
GROUP BY recipient_account_id, aws_region, event_source
HAVING count(*) >= $calls
ORDER BY calls DESC, 5, 6
