/*---
id: ct-iam-dump
title: All of IAM read in one call
severity: low
attack: [T1087.004, T1069.003]
sources: [cloudtrail]
packs: [discovery]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-recon-burst}
means: "Every user, role, group and policy in one answer: what tools for finding ways up begin with."
noise: Posture tools and auditors; they do it from the same place every day.
cite: "Rhino Security Labs Pacu, iam__enum_permissions; AWS IAM API Reference, GetAccountAuthorizationDetails; ATT&CK T1087.004"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  recipient_account_id AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'iam.amazonaws.com' AND event_name IN ('GetAccountAuthorizationDetails', 'GetCredentialReport')
ORDER BY 1, 3, 4, 5, 6
