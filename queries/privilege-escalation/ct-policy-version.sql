/*---
id: ct-policy-version
title: Managed policy rewritten or rolled back
severity: medium
attack: [T1098.003]
sources: [cloudtrail]
packs: [triage, privilege-escalation]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: A new default version of a managed policy that allows everything, or another version made the default. Who may do either may become administrator.
noise: Infrastructure as code. Read the version's document.
cite: "Rhino Security Labs, AWS IAM privilege escalation methods; Elastic AWS IAM Customer-Managed Policy rules"
---*/
WITH versions AS (
  SELECT *, json_extract_scalar(request_parameters, '$.policyDocument') AS written
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'iam.amazonaws.com' AND event_name IN ('CreatePolicyVersion', 'SetDefaultPolicyVersion')
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.policyArn') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END
    || CASE event_name WHEN 'CreatePolicyVersion' THEN 'new default version allows every action'
      ELSE 'default set to version ' || coalesce(json_extract_scalar(request_parameters, '$.versionId'), '?') END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM versions
WHERE event_name = 'SetDefaultPolicyVersion'
  OR (json_extract_scalar(request_parameters, '$.setAsDefault') = 'true'
    AND regexp_like(CASE WHEN written LIKE '\%7B%' ESCAPE '\' THEN url_decode(written) ELSE written END,
      '"Action"\s*:\s*(\[\s*)?"(\*|\*:\*|iam:\*)"'))
ORDER BY 1, 3, 4, 5, 6
