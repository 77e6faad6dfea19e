/*---
id: ct-role-callers
title: Who became a role
severity: info
attack: [T1550.001, T1078.004]
sources: [cloudtrail]
packs: [orientation, lateral-movement]
params:
  - {name: role, type: varchar, default: "", doc: "ARN or name of the role; empty: every role"}
next:
  - {id: ct-key-calls, with: {key: new_access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Every principal that took a role in the time, how often, and from how many addresses. Somebody who never did so before is worth a question. Without a role it lists all roles."
noise: "It shows what is there. AWS services take roles for their instances, functions and tasks all day."
cite: "AWS CloudTrail User Guide, userIdentity element; AWS Incident Response Playbooks, compromised IAM credentials"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip,
  json_extract_scalar(request_parameters, '$.roleArn') AS target,
  coalesce(regexp_extract(json_extract_scalar(request_parameters, '$.roleArn'), '[^/]+$', 0), '?') || ' assumed by ' || coalesce(coalesce(user_arn, user_name, user_principal_id, user_invoked_by), '?')
    || ', ' || CAST(count(*) AS VARCHAR) || ' times' || CASE WHEN count(error_code) > 0 THEN ', ' || CAST(count(error_code) AS VARCHAR) || ' refused' ELSE '' END AS summary,
  event_name, count(*) AS calls, count(error_code) AS errors, count(DISTINCT source_ip_address) AS addresses, max(event_time) AS last_time,
  max(user_account_id) AS caller_account_id, max(recipient_account_id) AS account_id, max(user_access_key_id) AS access_key_id,
  max(json_extract_scalar(response_elements, '$.credentials.accessKeyId')) AS new_access_key_id, max(json_extract_scalar(request_parameters, '$.roleSessionName')) AS session_name, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'sts.amazonaws.com' AND event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
  AND ($role = '' OR json_extract_scalar(request_parameters, '$.roleArn') = $role OR regexp_extract(json_extract_scalar(request_parameters, '$.roleArn'), '[^/]+$', 0) = $role)
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), json_extract_scalar(request_parameters, '$.roleArn'), event_name
ORDER BY 1, 3, 4, 5, 6
