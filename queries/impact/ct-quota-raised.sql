/*---
id: ct-quota-raised
title: Higher quota asked for
severity: low
attack: [T1496.001]
sources: [cloudtrail]
packs: [impact]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-abuse-scouting}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "More machines, mail or model calls are to be had soon. Withdraw the request."
noise: Teams that grow; they know of it.
cite: "Service Quotas User Guide, requesting a quota increase; ATT&CK T1496.001"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.serviceCode'), json_extract_scalar(request_parameters, '$.subject'), event_source) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || coalesce(json_extract_scalar(request_parameters, '$.serviceCode') || ' ' || json_extract_scalar(request_parameters, '$.quotaCode') || ' to ' || json_extract_scalar(request_parameters, '$.desiredValue'), 'support case', '?') AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'servicequotas.amazonaws.com' AND event_name = 'RequestServiceQuotaIncrease')
    OR (event_source = 'support.amazonaws.com' AND event_name = 'CreateCase'))
ORDER BY 1, 3, 4, 5, 6
