/*---
id: ct-role-trusts-stranger
title: Role that another account or anybody may assume
severity: high
attack: [T1098.003, T1136.003]
sources: [cloudtrail]
packs: [triage, persistence, privilege-escalation]
next:
  - {id: ct-role-callers, with: {role: target}}
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: The trust policy names an account other than the role's own, or everybody. Whoever holds that account can come back as this role.
noise: Vendors' and your other accounts' roles. Compare the account with your organization's list; vendors ask for an ExternalId.
cite: "Stratus Red Team aws.persistence.iam-backdoor-role and iam-create-backdoor-role; Elastic AWS IAM AssumeRolePolicy Update"
---*/
WITH trust AS (
  SELECT *, coalesce(json_extract_scalar(request_parameters, '$.policyDocument'),
      json_extract_scalar(request_parameters, '$.assumeRolePolicyDocument')) AS written
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'iam.amazonaws.com' AND event_name IN ('CreateRole', 'UpdateAssumeRolePolicy')
),
plain AS (
  -- The role's own account is taken out: what is left is somebody else's.
  SELECT *, replace(CASE WHEN written LIKE '\%7B%' ESCAPE '\' THEN url_decode(written) ELSE written END,
      recipient_account_id, 'own') AS policy
  FROM trust
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.roleName') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || 'role trusts '
    || coalesce('account ' || nullif(regexp_extract(policy, '"AWS"\s*:\s*("|\[[^\]]*")(arn:aws[a-z-]*:(iam|sts)::)?([0-9]{12})', 4), ''), 'everybody') AS summary,
  CASE WHEN regexp_like(policy, '(?i)"sts:ExternalId"') THEN true ELSE false END AS external_id,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM plain
WHERE regexp_like(policy, '"AWS"\s*:\s*("|\[[^\]]*")(arn:aws[a-z-]*:(iam|sts)::)?[0-9]{12}')
  OR regexp_like(policy, '"Principal"\s*:\s*"\*"|"AWS"\s*:\s*("|\[[^\]]*")\*"')
ORDER BY 1, 3, 4, 5, 6
