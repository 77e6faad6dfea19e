/*---
id: ct-table-scanned
title: Table read in great number of calls
severity: medium
attack: [T1213.006]
sources: [cloudtrail]
packs: [collection, data]
params:
  - {name: scans, type: bigint, default: 50, doc: calls of Scan in an hour}
  - {name: calls, type: bigint, default: 1000, doc: calls of all kinds in an hour}
means: A principal read a DynamoDB table with very many Scan, Query or batch calls within an hour. Data events of DynamoDB must be logged.
noise: "Applications do so all day, with a role of their own: look for users, and for roles that did not before."
cite: "AWS Incident Response Playbooks, data access, query 4; Amazon DynamoDB Developer Guide, logging with CloudTrail; ATT&CK T1213.006"
next:
  - {id: ct-principal-calls, with: {principal: principal}}
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.tableName'), json_extract_scalar(resources, '$[0].ARN')) AS target,
  CAST(count(*) AS VARCHAR) || ' calls of ' || array_join(array_agg(DISTINCT event_name ORDER BY event_name), ', ') || ' within an hour' AS summary,
  count(*) AS calls, count(CASE WHEN event_name = 'Scan' THEN 1 END) AS scans, max(event_time) AS last_time, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'dynamodb.amazonaws.com' AND event_name IN ('Scan', 'Query', 'BatchGetItem', 'ExecuteStatement', 'BatchExecuteStatement', 'GetRecords') AND error_code IS NULL
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), source_ip_address, coalesce(json_extract_scalar(request_parameters, '$.tableName'), json_extract_scalar(resources, '$[0].ARN')), date_trunc('hour', event_time)
HAVING count(CASE WHEN event_name = 'Scan' THEN 1 END) >= $scans OR count(*) >= $calls
ORDER BY 1, 3, 4, 5
