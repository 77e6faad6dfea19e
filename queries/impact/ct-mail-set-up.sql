/*---
id: ct-mail-set-up
title: Mail sending set up or opened
severity: medium
attack: [T1496.004]
sources: [cloudtrail]
packs: [impact]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-abuse-scouting}
means: "A sender's name is added, or sending switched on: phishing goes out in the account's name, and the name goes onto block lists."
noise: Teams that send mail. Compare the domain with yours.
cite: "SigmaHQ aws_ses_messaging_enabled; Elastic and Permiso on SES abuse; ATT&CK T1496.004"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.emailIdentity'), json_extract_scalar(request_parameters, '$.emailAddress'), json_extract_scalar(request_parameters, '$.domain'), recipient_account_id) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || coalesce(' ' || json_extract_scalar(request_parameters, '$.emailIdentity'), ' ' || json_extract_scalar(request_parameters, '$.emailAddress'), ' ' || json_extract_scalar(request_parameters, '$.domain'), '') AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source IN ('ses.amazonaws.com', 'email.amazonaws.com')
  AND event_name IN ('VerifyEmailIdentity', 'VerifyDomainIdentity', 'CreateEmailIdentity', 'UpdateAccountSendingEnabled', 'PutAccountSendingAttributes', 'PutAccountDetails', 'VerifyDomainDkim')
  AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
ORDER BY 1, 3, 4, 5, 6
