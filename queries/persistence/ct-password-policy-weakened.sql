/*---
id: ct-password-policy-weakened
title: Password policy deleted or weakened
severity: medium
attack: [T1556]
sources: [cloudtrail]
packs: [defense-evasion, persistence]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-credentials-for-another}
means: "Short passwords may be set from here on, and are guessed."
noise: The first set-up of an account.
cite: "Elastic AWS IAM Account Password Policy Deleted; AWS IAM API Reference, UpdateAccountPasswordPolicy; ATT&CK T1556"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  recipient_account_id AS target,
  event_name || coalesce(' with length ' || json_extract_scalar(request_parameters, '$.minimumPasswordLength'), '') || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'iam.amazonaws.com'
  AND (event_name = 'DeleteAccountPasswordPolicy'
    OR (event_name = 'UpdateAccountPasswordPolicy' AND coalesce(json_extract_scalar(request_parameters, '$.minimumPasswordLength'), '6') IN ('6', '7')))
ORDER BY 1, 3, 4, 5, 6
