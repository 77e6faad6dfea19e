/*---
id: ct-assume-root
title: Root of a member account taken from the organization
severity: high
attack: [T1078.004]
sources: [cloudtrail]
packs: [triage, privilege-escalation, initial-access]
next:
  - {id: ct-key-calls, with: {key: new_access_key_id}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "Central root access lets the management account act as root of a member for one task: to delete its root credentials, or to unlock a bucket or queue policy."
noise: Rare; the organization's administrators know of each.
cite: "AWS STS API Reference, AssumeRoot; AWS IAM User Guide, centralize root access for member accounts"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.targetPrincipal') AS target,
  'root session of ' || coalesce(json_extract_scalar(request_parameters, '$.targetPrincipal'), '?') || ' for ' || coalesce(regexp_extract(coalesce(json_extract_scalar(request_parameters, '$.taskPolicyArn.arn'), json_extract_scalar(request_parameters, '$.taskPolicyArn')), '[^/]+$', 0), '?') || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  json_extract_scalar(response_elements, '$.credentials.accessKeyId') AS new_access_key_id,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'sts.amazonaws.com' AND event_name = 'AssumeRoot'
ORDER BY 1, 3, 4, 5, 6
