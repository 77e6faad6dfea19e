/*---
id: ct-cross-account-role
title: Role of another account assumed
severity: info
attack: [T1550.001]
sources: [cloudtrail]
packs: [lateral-movement, orientation]
next:
  - {id: ct-role-callers, with: {role: target}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: Which accounts reach into which, from where. A pair nobody knows is the way the intruder came or went.
noise: Most pairs are meant. Sort by first_time; look at the newest and at those with refusals.
cite: "AWS CloudTrail Lake query samples, cross-account AssumeRole; AWS Incident Response Playbooks, compromised IAM credentials, query 5"
---*/
WITH assumed AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, user_account_id, recipient_account_id, source_ip_address, error_code,
    coalesce(json_extract_scalar(request_parameters, '$.roleArn'),
      regexp_extract(error_message, 'on resource: (\S+)', 1)) AS role
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'sts.amazonaws.com' AND event_name = 'AssumeRole'
    AND user_account_id IS NOT NULL AND user_type <> 'AWSService'
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, principal, max(source_ip_address) AS src_ip, role AS target,
  'account ' || user_account_id || ' assumes a role of ' || split_part(role, ':', 5) || ', ' || CAST(count(*) AS VARCHAR) || ' times' AS summary,
  user_account_id AS from_account, split_part(role, ':', 5) AS to_account, count(*) AS calls, count(error_code) AS errors,
  count(DISTINCT source_ip_address) AS addresses, max(event_time) AS last_time
FROM assumed
WHERE role LIKE 'arn:%' AND split_part(role, ':', 5) <> user_account_id
GROUP BY principal, role, user_account_id
ORDER BY 1, 3, 4, 5, 6
