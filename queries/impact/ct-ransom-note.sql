/*---
id: ct-ransom-note
title: Object written whose name is that of a ransom note
severity: critical
attack: [T1486, T1491]
sources: [cloudtrail]
packs: [triage, impact, data]
means: An object was written whose key tells how to pay or recover. Look at what was deleted or encrypted before.
noise: Documents about ransomware; recovery manuals in other folders.
cite: "Stratus Red Team aws.impact.s3-ransomware techniques, ransom note; Elastic AWS S3 Bucket Ransom Note Uploaded"
next:
  - {id: ct-bulk-delete}
  - {id: ct-objects-encrypted}
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip, json_extract_scalar(request_parameters, '$.bucketName') AS target,
  'written: ' || min(json_extract_scalar(request_parameters, '$.key')) || CASE WHEN count(*) > 1 THEN ' and ' || CAST(count(*) - 1 AS VARCHAR) || ' more' ELSE '' END AS summary,
  count(*) AS objects, max(event_time) AS last_time, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until AND event_source = 's3.amazonaws.com' AND event_name IN ('PutObject', 'CopyObject', 'CompleteMultipartUpload') AND error_code IS NULL
  AND regexp_like(lower(json_extract_scalar(request_parameters, '$.key')), '(^|[/_-])(ransom|how[_-]?to[_-]?(decrypt|recover|restore|get)|(decrypt|recover|restore)[_-]?(your|my|files|data|instructions)|files[_-]?encrypted|read[_-]?me[_-]?(to|for)[_-]?(decrypt|recover|restore)|readme[_-]?(decrypt|recover|ransom)|your[_-]?(files|data)[_-]|pay[_-]?(bitcoin|btc|ransom)|recovery[_-]?instructions|warning[_-]?ransom)')
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), source_ip_address, json_extract_scalar(request_parameters, '$.bucketName')
ORDER BY 1, 3, 4, 5
