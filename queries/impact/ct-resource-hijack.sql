/*---
id: ct-resource-hijack
title: Models invoked or mail sent by a long-term key
severity: medium
attack: [T1496]
sources: [cloudtrail]
packs: [triage, impact]
params:
  - {name: calls, type: bigint, default: 5, doc: successful calls that make a finding}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Leaked keys are sold to run language models and to send spam. The bill is the victim's.
noise: Applications that still use long-term keys for Bedrock or SES. They call from known addresses and did so before.
cite: "Stratus Red Team aws.impact.bedrock-invoke-model; TrailDiscover, InvokeModel and SendEmail; ATT&CK T1496 Resource Hijacking"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, source_ip_address AS src_ip,
  user_access_key_id AS target,
  CAST(count(*) AS VARCHAR) || ' calls of ' || array_join(array_agg(DISTINCT event_name ORDER BY event_name), ', ') AS summary,
  count(*) AS calls, count(DISTINCT aws_region) AS regions, max(json_extract_scalar(request_parameters, '$.modelId')) AS model_id,
  max(event_time) AS last_time, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source IN ('bedrock.amazonaws.com', 'ses.amazonaws.com')
  AND event_name IN ('InvokeModel', 'InvokeModelWithResponseStream', 'Converse', 'ConverseStream',
    'PutUseCaseForModelAccess', 'CreateFoundationModelAgreement', 'SendEmail', 'SendRawEmail', 'SendBulkEmail')
  AND user_access_key_id LIKE 'AKIA%' AND error_code IS NULL
GROUP BY source_ip_address, user_access_key_id, event_source
HAVING count(*) >= $calls
ORDER BY 1, 3, 4, 5, 6
