/*---
id: ct-many-parameters
title: Whole trees of parameters read
severity: medium
attack: [T1555.006, T1552]
sources: [cloudtrail]
packs: [credential-access]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-secrets-burst}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Everything in Parameter Store, or everything of an application, in one go: passwords, keys, connection strings."
noise: Applications that load their own tree at start. A person who reads / is none.
cite: "Stratus Red Team aws.credential-access.ssm-retrieve-securestring-parameters; AWS Systems Manager API Reference, GetParametersByPath"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip, json_extract_scalar(request_parameters, '$.path') AS target,
  'all below ' || json_extract_scalar(request_parameters, '$.path') || CASE WHEN max(json_extract_scalar(request_parameters, '$.withDecryption')) = 'true' THEN ', decrypted' ELSE '' END || ', ' || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END AS summary,
  count(*) AS calls, count(error_code) AS errors, max(event_time) AS last_time, max(recipient_account_id) AS account_id,
  max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ssm.amazonaws.com' AND event_name = 'GetParametersByPath'
  AND json_extract_scalar(request_parameters, '$.recursive') = 'true' AND regexp_like(json_extract_scalar(request_parameters, '$.path'), '^/[^/]*/?$')
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), json_extract_scalar(request_parameters, '$.path')
ORDER BY 1, 3, 4, 5, 6
