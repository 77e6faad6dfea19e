/*---
id: ct-mfa-removed
title: MFA device deactivated, deleted or added for another
severity: high
attack: [T1556.006, T1098.005]
sources: [cloudtrail]
packs: [triage, persistence]
next:
  - {id: ct-principal-calls, with: {principal: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A second factor was taken off a user, or one was put on somebody else's.
noise: A lost telephone. The user knows.
cite: "SigmaHQ and Elastic AWS IAM Deactivation of MFA Device; ATT&CK T1556.006"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.userName'), json_extract_scalar(request_parameters, '$.serialNumber')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END
    || CASE event_name WHEN 'EnableMFADevice' THEN 'MFA device added for another user' ELSE 'MFA device removed' END AS summary,
  json_extract_scalar(request_parameters, '$.serialNumber') AS serial_number,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'iam.amazonaws.com'
  AND (event_name IN ('DeactivateMFADevice', 'DeleteVirtualMFADevice')
    OR (event_name = 'EnableMFADevice'
      AND NOT (user_type = 'IAMUser' AND user_name = json_extract_scalar(request_parameters, '$.userName'))))
ORDER BY 1, 3, 4, 5, 6
