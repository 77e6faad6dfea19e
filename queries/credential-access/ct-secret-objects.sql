/*---
id: ct-secret-objects
title: Objects read whose names promise credentials
severity: high
attack: [T1552.001, T1530]
sources: [cloudtrail]
packs: [triage, credential-access, collection, data]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-resource-calls, with: {name: bucket}}
means: Somebody read key files, environment files, Terraform state, password lists or the like from a bucket. Read the object to know what to rotate.
noise: Terraform reads its state all day; compare principal with the pipeline's.
cite: "Elastic AWS S3 credential file access; ATT&CK T1552.001 Credentials In Files"
---*/
WITH reads AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, event_name, error_code, event_id,
    json_extract_scalar(request_parameters, '$.bucketName') AS bucket,
    json_extract_scalar(request_parameters, '$.key') AS object_key
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 's3.amazonaws.com' AND event_name = 'GetObject'
)
SELECT event_time AS time, 'cloudtrail' AS source, principal, source_ip_address AS src_ip,
  bucket || '/' || object_key AS target,
  CASE WHEN error_code IS NULL THEN 'read ' ELSE 'tried to read ' END || object_key AS summary,
  bucket, object_key, error_code, user_access_key_id AS access_key_id, user_agent, event_id
FROM reads
WHERE regexp_like(object_key, '(?i)((^|/)(id_(rsa|dsa|ecdsa|ed25519)|\.env(\.[a-z]+)?|\.aws/credentials|credentials(\.(csv|json|txt))?|\.git-credentials|\.pgpass|\.npmrc|\.netrc|\.htpasswd|passwords?[^/]*|accesskeys\.csv|[^/]*_accesskeys\.csv|rootkey\.csv)$|\.(tfstate|pem|ppk|kdbx|pfx|p12|jks)$)')
ORDER BY 1, 3, 4, 5, 6
