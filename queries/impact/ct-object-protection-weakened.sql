/*---
id: ct-object-protection-weakened
title: Versioning, MFA delete or Object Lock weakened
severity: high
attack: [T1490]
sources: [cloudtrail]
packs: [triage, impact, data, defense-evasion]
means: What keeps old versions of objects was suspended, taken off or bypassed. ct-versioning-then-delete tells whether deletions followed.
noise: Few reasons are honest; set-ups that undo themselves within the hour.
cite: "Amazon S3 User Guide, Object Lock and versioning; AWS Incident Response Playbooks, ransomware, query 4; ATT&CK T1490"
next:
  - {id: ct-versioning-then-delete}
  - {id: ct-resource-calls, with: {name: target}}
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.bucketName') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || CASE WHEN event_name = 'PutBucketVersioning' AND request_parameters LIKE '%"Suspended"%' THEN 'versioning suspended' WHEN event_name = 'PutBucketVersioning' THEN 'MFA delete disabled'
    WHEN event_name = 'PutObjectLegalHold' THEN 'legal hold taken off' WHEN request_parameters LIKE '%bypass-governance-retention%' THEN event_name || ' past governance retention' ELSE 'Object Lock without a rule' END AS summary,
  json_extract_scalar(request_parameters, '$.key') AS object_key, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until AND event_source = 's3.amazonaws.com'
  AND ((event_name = 'PutBucketVersioning' AND regexp_like(request_parameters, '"Status" *: *"Suspended"|"MfaDelete" *: *"Disabled"'))
    OR (event_name = 'PutObjectLegalHold' AND request_parameters LIKE '%"OFF"%')
    OR (event_name IN ('PutBucketObjectLockConfiguration', 'PutObjectLockConfiguration') AND request_parameters NOT LIKE '%"DefaultRetention"%')
    OR (event_name IN ('DeleteObject', 'DeleteObjects', 'PutObjectRetention') AND regexp_like(request_parameters, '"x-amz-bypass-governance-retention" *: *"?true')))
ORDER BY 1, 3, 4, 5, 6
