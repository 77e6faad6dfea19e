/*---
id: ct-user-with-credentials
title: New user given credentials at once
severity: high
attack: [T1136.003, T1098.001]
sources: [cloudtrail]
packs: [triage, persistence]
params:
  - {name: window_minutes, type: bigint, default: 10, doc: minutes from the user to the credentials}
next:
  - {id: ct-key-calls, with: {key: new_access_key_id}}
  - {id: ct-credentials-issued, with: {key: new_access_key_id}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: One principal made a user and, soon after, an access key or a console password for it. A back door, or a new colleague.
noise: Onboarding. Ask who the user is for, and whether people get IAM users here at all.
cite: "Suzaku correlation rule CreateUser and CreateAccessKey; Stratus Red Team aws.persistence.iam-create-admin-user; ATT&CK T1136.003"
---*/
WITH steps AS (
  SELECT *, json_extract_scalar(request_parameters, '$.userName') AS new_user
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'iam.amazonaws.com'
    AND event_name IN ('CreateUser', 'CreateAccessKey', 'CreateLoginProfile')
    AND error_code IS NULL
)
SELECT k.event_time AS time, 'cloudtrail' AS source, coalesce(k.user_arn, k.user_name, k.user_principal_id, k.user_invoked_by) AS principal, k.source_ip_address AS src_ip,
  k.new_user AS target,
  'made user ' || k.new_user || ' and ' || CASE k.event_name WHEN 'CreateAccessKey' THEN 'an access key' ELSE 'a password' END
    || ' for it ' || CAST(date_diff('second', u.event_time, k.event_time) AS VARCHAR) || ' s later' AS summary,
  json_extract_scalar(k.response_elements, '$.accessKey.accessKeyId') AS new_access_key_id,
  u.event_time AS user_created_at, k.event_name, k.recipient_account_id AS account_id,
  k.user_access_key_id AS access_key_id, k.user_agent, k.event_id
FROM steps u
JOIN steps k ON k.recipient_account_id = u.recipient_account_id AND k.new_user = u.new_user
  AND k.event_name <> 'CreateUser'
  AND k.event_time >= u.event_time AND k.event_time <= u.event_time + $window_minutes * INTERVAL '1' MINUTE
WHERE u.event_name = 'CreateUser'
ORDER BY 1, 3, 4, 5, 6
