/*---
id: ct-resource-shared
title: Bucket, key or function opened to another account
severity: high
attack: [T1098, T1537]
sources: [cloudtrail]
packs: [triage, persistence, exfiltration]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A resource policy or grant names an account that is not the owner, or everybody.
noise: Services of AWS are left out; buckets shared within your organization and the accounts AWS delivers load balancer logs from are not. Compare with your list of accounts. Statements for everybody that bear a condition are left out.
cite: "AWS Incident Response Playbooks, S3 public access and ransomware; Stratus Red Team aws.exfiltration.s3-backdoor-bucket-policy"
---*/
WITH changes AS (
  SELECT *, replace(coalesce(
      json_format(json_extract(request_parameters, '$.bucketPolicy')),
      json_extract_scalar(request_parameters, '$.policy'),
      CASE WHEN event_name = 'CreateGrant' THEN '"AWS":"' || json_extract_scalar(request_parameters, '$.granteePrincipal') || '"' END,
      CASE WHEN event_name LIKE 'AddPermission%' THEN '"AWS":"' || json_extract_scalar(request_parameters, '$.principal') || '"' END),
      recipient_account_id, 'own') AS policy
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source IN ('s3.amazonaws.com', 'kms.amazonaws.com', 'lambda.amazonaws.com')
    AND (event_name IN ('PutBucketPolicy', 'PutKeyPolicy', 'CreateGrant')
      OR (event_source = 'lambda.amazonaws.com' AND event_name LIKE 'AddPermission%'))
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.bucketName'), json_extract_scalar(request_parameters, '$.keyId'),
    json_extract_scalar(request_parameters, '$.functionName')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' opens it to '
    || coalesce('account ' || nullif(regexp_extract(policy, '"AWS"\s*:\s*("|\[[^\]]*")(arn:aws[a-z-]*:(iam|sts)::)?([0-9]{12})', 4), ''), 'everybody') AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM changes
WHERE regexp_like(policy, '"AWS"\s*:\s*("|\[[^\]]*")(arn:aws[a-z-]*:(iam|sts)::)?[0-9]{12}')
  -- A statement without a condition, whichever of its two keys is written first.
  OR regexp_like(policy, '\{[^{}]*"Effect"\s*:\s*"Allow"[^{}]*"Principal"\s*:\s*("\*"|\{\s*"AWS"\s*:\s*("|\[[^\]]*")\*"[^{}]*\})[^{}]*\}')
  OR regexp_like(policy, '\{[^{}]*"Principal"\s*:\s*("\*"|\{\s*"AWS"\s*:\s*("|\[[^\]]*")\*"[^{}]*\})[^{}]*"Effect"\s*:\s*"Allow"[^{}]*\}')
  OR policy = '"AWS":"*"'
ORDER BY 1, 3, 4, 5, 6
