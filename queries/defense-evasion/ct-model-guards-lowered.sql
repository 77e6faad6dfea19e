/*---
id: ct-model-guards-lowered
title: Bedrock logging or guardrails taken away
severity: high
attack: [T1685.002]
sources: [cloudtrail]
packs: [triage, defense-evasion]
next:
  - {id: ct-resource-hijack}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: "What is asked of the models is logged no more, or no longer filtered. What follows is use at your cost."
noise: A guardrail replaced by a new one.
cite: "SigmaHQ aws_bedrock_logging_config_deleted; Elastic AWS Bedrock model invocation logging disabled; ATT&CK T1685.002"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.guardrailIdentifier'), aws_region) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'bedrock.amazonaws.com' AND event_name IN ('DeleteModelInvocationLoggingConfiguration', 'DeleteGuardrail', 'DeleteEnforcedGuardrailConfiguration')
ORDER BY 1, 3, 4, 5, 6
