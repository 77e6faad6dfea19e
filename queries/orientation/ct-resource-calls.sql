/*---
id: ct-resource-calls
title: Who touched a resource
severity: info
attack: [T1580]
sources: [cloudtrail]
packs: [orientation]
params:
  - {name: name, type: varchar, default: "", doc: "an id, a name or an ARN, as it stands in the log"}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "Every call that names a resource in its parameters, its answer or its list of resources: an instance, bucket, role, key, function, group. Without a name it finds nothing."
noise: "It looks for the name as text, so a name that is part of a longer one finds that too."
cite: "AWS CloudTrail User Guide, CloudTrail record contents, resources and requestParameters"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip, $name AS target,
  replace(event_source, '.amazonaws.com', '') || ' ' || event_name || ', ' || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END
    || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, count(*) AS calls, max(event_time) AS last_time, max(recipient_account_id) AS account_id,
  max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent, min(CAST(event_id AS VARCHAR)) AS event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND $name <> ''
  AND (strpos(request_parameters, $name) > 0 OR strpos(response_elements, $name) > 0 OR strpos(resources, $name) > 0)
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), source_ip_address, event_source, event_name, error_code
ORDER BY 1, 3, 4, 5, 6
