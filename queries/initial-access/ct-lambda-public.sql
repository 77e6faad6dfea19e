/*---
id: ct-lambda-public
title: Lambda function opened to everybody
severity: high
attack: [T1190, T1098]
sources: [cloudtrail]
packs: [triage, initial-access, persistence]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Anyone may invoke the function, with no signature. A way back in, or a way out for data.
noise: Public web hooks. Their names are known to their owners.
cite: "AWS Lambda Developer Guide, Function URLs, NONE auth type; Stratus Red Team aws.persistence.lambda-backdoor-function; SigmaHQ aws_lambda_function_url"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.functionName') AS target,
  CASE WHEN event_name LIKE 'AddPermission%' THEN 'everybody may ' || coalesce(json_extract_scalar(request_parameters, '$.action'), 'invoke it')
    ELSE 'function URL without authentication' END
    || CASE WHEN error_code IS NULL THEN '' ELSE ' (refused: ' || error_code || ')' END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'lambda.amazonaws.com'
  AND ((event_name LIKE 'AddPermission%' AND event_name NOT LIKE 'AddLayer%'
      AND json_extract_scalar(request_parameters, '$.principal') = '*'
      AND json_extract_scalar(request_parameters, '$.principalOrgID') IS NULL)
    OR ((event_name LIKE 'CreateFunctionUrlConfig%' OR event_name LIKE 'UpdateFunctionUrlConfig%')
      AND json_extract_scalar(request_parameters, '$.authType') = 'NONE'))
ORDER BY 1, 3, 4, 5, 6
