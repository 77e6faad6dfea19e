/*---
id: ct-cloudshell-change
title: Rights or credentials changed from CloudShell
severity: medium
attack: [T1059.009]
sources: [cloudtrail]
packs: [credential-access, execution]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "A stolen console session has a command line in CloudShell, from an address of AWS, where nobody looks for it."
noise: Administrators who like CloudShell.
cite: "Elastic AWS Sensitive IAM Operations Performed via CloudShell; AWS CloudShell User Guide; ATT&CK T1059.009"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName'), json_extract_scalar(request_parameters, '$.groupName'), json_extract_scalar(request_parameters, '$.policyArn'), json_extract_scalar(request_parameters, '$.secretId'), event_source) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' from CloudShell' AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'iam.amazonaws.com' AND read_only = FALSE) OR (event_source = 'secretsmanager.amazonaws.com' AND event_name = 'GetSecretValue')
    OR (event_source = 'cloudtrail.amazonaws.com' AND read_only = FALSE) OR (event_source = 'sts.amazonaws.com' AND event_name = 'AssumeRole'))
  AND regexp_like(user_agent, '(?i)exec-env/CloudShell')
ORDER BY 1, 3, 4, 5, 6
