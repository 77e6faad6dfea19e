/*---
id: ct-credentials-issued
title: "Credentials made with a key, and with those in turn"
severity: info
attack: [T1550.001, T1098.001]
sources: [cloudtrail]
packs: [orientation, lateral-movement]
params:
  - {name: key, type: varchar, default: "", doc: "the access key id it begins with; empty: every long-term key"}
next:
  - {id: ct-key-calls, with: {key: new_access_key_id}}
  - {id: ct-role-callers, with: {role: role_arn}}
means: "The sessions and keys that a key brought forth, step by step: human to role to role. Each new key has a life of its own, also when the first is deactivated. Without a key it follows every long-term key."
noise: It shows what is there. A key that was made before the logs begin is not seen.
cite: "AWS IAM User Guide, Roles terms and concepts, role chaining; AWS STS API Reference, AssumeRole; Elastic AWS STS Role Chaining"
---*/
WITH issued AS (
  SELECT event_time, event_name, source_ip_address, user_access_key_id AS made_with, recipient_account_id, event_id, user_agent, aws_region,
    coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal,
    coalesce(json_extract_scalar(response_elements, '$.credentials.accessKeyId'), json_extract_scalar(response_elements, '$.accessKey.accessKeyId')) AS made,
    coalesce(json_extract_scalar(request_parameters, '$.roleArn'), json_extract_scalar(response_elements, '$.federatedUser.arn'), json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.name')) AS for_whom, json_extract_scalar(request_parameters, '$.roleArn') AS role_arn
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND ((event_source = 'sts.amazonaws.com' AND event_name IN ('AssumeRole', 'GetSessionToken', 'GetFederationToken', 'AssumeRoot'))
      OR (event_source = 'iam.amazonaws.com' AND event_name = 'CreateAccessKey'))
    AND error_code IS NULL AND user_access_key_id <> ''
),
-- Four steps deep; a longer chain goes on from the last key shown.
first_step AS (
  SELECT *, 1 AS depth, made_with AS began_with FROM issued
  WHERE made_with = $key
    OR ($key = '' AND made_with LIKE 'AKIA%' AND made_with NOT IN (SELECT made FROM issued WHERE made IS NOT NULL))
),
second_step AS (
  SELECT i.*, 2 AS depth, s.began_with FROM issued i JOIN first_step s ON i.made_with = s.made AND i.event_time >= s.event_time
),
third_step AS (
  SELECT i.*, 3 AS depth, s.began_with FROM issued i JOIN second_step s ON i.made_with = s.made AND i.event_time >= s.event_time
),
fourth_step AS (
  SELECT i.*, 4 AS depth, s.began_with FROM issued i JOIN third_step s ON i.made_with = s.made AND i.event_time >= s.event_time
),
steps AS (
  SELECT * FROM first_step UNION ALL SELECT * FROM second_step UNION ALL SELECT * FROM third_step UNION ALL SELECT * FROM fourth_step
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, principal, max(source_ip_address) AS src_ip, for_whom AS target,
  'step ' || CAST(depth AS VARCHAR) || ': ' || event_name || ' for ' || coalesce(regexp_extract(for_whom, '[^/]+$', 0), '?')
    || CASE WHEN count(*) > 1 THEN ', ' || CAST(count(*) AS VARCHAR) || ' times' ELSE '' END AS summary,
  depth, began_with, made_with AS access_key_id, max(made) AS new_access_key_id, max(role_arn) AS role_arn, event_name, count(*) AS calls,
  max(event_time) AS last_time, recipient_account_id AS account_id, max(user_agent) AS user_agent
FROM steps
GROUP BY depth, began_with, made_with, principal, for_whom, event_name, recipient_account_id
ORDER BY 1, 3, 4, 5, 6
