/*---
id: ct-broad-policy
title: "Policy written that allows everything, or to take any role"
severity: high
attack: [T1098.003]
sources: [cloudtrail]
packs: [triage, persistence, privilege-escalation]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "A policy of the account's own that is as good as AdministratorAccess, or leads there in one step."
noise: "Early days of an account; vendors' templates. Statements are looked at together, so a narrow one beside a broad one may be meant."
cite: "Rhino Security Labs, AWS IAM privilege escalation methods; Elastic AWS IAM Customer-Managed Policy rules; ATT&CK T1098.003"
---*/
WITH written AS (
  SELECT *, CASE WHEN json_extract_scalar(request_parameters, '$.policyDocument') LIKE '\%7B%' ESCAPE '\' THEN url_decode(json_extract_scalar(request_parameters, '$.policyDocument')) ELSE json_extract_scalar(request_parameters, '$.policyDocument') END AS document
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'iam.amazonaws.com'
    AND event_name IN ('CreatePolicy', 'CreatePolicyVersion', 'PutUserPolicy', 'PutGroupPolicy', 'PutRolePolicy')
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(response_elements, '$.policy.arn'), json_extract_scalar(request_parameters, '$.policyArn'), json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.roleName'), json_extract_scalar(request_parameters, '$.groupName'), json_extract_scalar(request_parameters, '$.policyName')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' ' || coalesce(json_extract_scalar(request_parameters, '$.policyName'), regexp_extract(json_extract_scalar(request_parameters, '$.policyArn'), '[^/]+$', 0), '')
    || CASE WHEN regexp_like(document, '"(Not)?Action"\s*:\s*(\[\s*)?"(\*|\*:\*)"') THEN ': every action' ELSE ': '
      || regexp_extract(document, '(iam:PassRole|sts:AssumeRole|iam:\*|iam:CreatePolicyVersion|iam:UpdateAssumeRolePolicy|iam:CreateAccessKey)', 1) || ' on everything' END AS summary,
  document, event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM written
WHERE regexp_like(document, '"Effect"\s*:\s*"Allow"') AND regexp_like(document, '"Resource"\s*:\s*(\[\s*)?"\*"')
  AND ((event_name IN ('CreatePolicy', 'CreatePolicyVersion') AND regexp_like(document, '"(Not)?Action"\s*:\s*(\[\s*)?"(\*|\*:\*)"'))
    OR regexp_like(document, '"(iam:PassRole|sts:AssumeRole|iam:\*|iam:CreatePolicyVersion|iam:UpdateAssumeRolePolicy|iam:CreateAccessKey)"'))
ORDER BY 1, 3, 4, 5, 6
