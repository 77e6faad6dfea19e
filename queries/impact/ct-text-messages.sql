/*---
id: ct-text-messages
title: "Text messages: numbers, limits or messages sent"
severity: medium
attack: [T1496.003]
sources: [cloudtrail]
packs: [impact]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-abuse-scouting}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "Messages to paid numbers, or phishing by text, at the account's cost."
noise: "Applications that send codes: always the same role."
cite: "ATT&CK T1496.003; AWS End User Messaging SMS API Reference; SentinelOne on SNS abuse"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.destinationPhoneNumber'), json_extract_scalar(request_parameters, '$.phoneNumber'), json_extract_scalar(request_parameters, '$.isoCountryCode'), aws_region) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || coalesce(', spend limit ' || json_extract_scalar(request_parameters, '$.attributes.MonthlySpendLimit'), ', spend limit ' || json_extract_scalar(request_parameters, '$.monthlyLimit'), '') AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'sns.amazonaws.com' AND (event_name IN ('SetSMSAttributes', 'CreateSMSSandboxPhoneNumber', 'OptInPhoneNumber') OR (event_name = 'Publish' AND json_extract_scalar(request_parameters, '$.phoneNumber') IS NOT NULL)))
    OR (event_source = 'sms-voice.amazonaws.com' AND event_name IN ('SendTextMessage', 'RequestPhoneNumber', 'SetTextMessageSpendLimitOverride', 'CreatePool', 'RequestSenderId')))
ORDER BY 1, 3, 4, 5, 6
