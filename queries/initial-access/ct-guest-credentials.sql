/*---
id: ct-guest-credentials
title: Guest credentials of an identity pool used by hand
severity: high
attack: [T1078.004]
sources: [cloudtrail]
packs: [triage, initial-access]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A Cognito identity pool gives credentials to anybody who asks. Somebody took them to a command line or a script instead of the app.
noise: Apps built with a plain SDK; a browser or mobile app names itself otherwise. Look at the APIs called.
cite: "Elastic AWS Cognito unauthenticated identity rules; Amazon Cognito Developer Guide, Identity pools, unauthenticated identities"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  max(session_issuer_user_name) AS target,
  CAST(count(*) AS VARCHAR) || ' calls with guest credentials by ' || max(user_agent) AS summary,
  array_join(array_agg(DISTINCT event_name ORDER BY event_name), ', ') AS apis, count(*) AS calls, count(error_code) AS errors,
  max(event_time) AS last_time, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND user_type = 'AssumedRole' AND user_principal_id LIKE '%:CognitoIdentityCredentials'
  AND regexp_like(user_agent, '(?i)(aws-cli|boto3|botocore|python-requests|curl|powershell|pacu)')
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), source_ip_address
ORDER BY 1, 3, 4, 5, 6
