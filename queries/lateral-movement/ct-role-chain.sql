/*---
id: ct-role-chain
title: Role assumed from a role
severity: low
attack: [T1550.001, T1078.004]
sources: [cloudtrail]
packs: [lateral-movement, orientation]
next:
  - {id: ct-key-calls, with: {key: new_access_key_id}}
  - {id: ct-role-callers, with: {role: target}}
means: A session of one role became another role. Each step hides the one before; follow new_access_key_id to what it did.
noise: Deployment pipelines and organizations that enter by a hub role. Assuming one's own role again is left out.
cite: "Elastic AWS STS Role Chaining; AWS IAM User Guide, Roles terms and concepts, role chaining"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip,
  json_extract_scalar(request_parameters, '$.roleArn') AS target,
  coalesce(session_issuer_user_name, session_issuer_arn) || ' became '
    || regexp_extract(json_extract_scalar(request_parameters, '$.roleArn'), '[^/]+$', 0) AS summary,
  count(*) AS calls, max(event_time) AS last_time, max(user_access_key_id) AS access_key_id,
  max(json_extract_scalar(response_elements, '$.credentials.accessKeyId')) AS new_access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'sts.amazonaws.com' AND event_name = 'AssumeRole'
  AND user_type = 'AssumedRole' AND error_code IS NULL AND user_invoked_by IS NULL
  AND json_extract_scalar(request_parameters, '$.roleArn') <> session_issuer_arn
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), json_extract_scalar(request_parameters, '$.roleArn'), session_issuer_user_name, session_issuer_arn
ORDER BY 1, 3, 4, 5, 6
