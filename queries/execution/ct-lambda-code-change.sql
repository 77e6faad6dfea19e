/*---
id: ct-lambda-code-change
title: Lambda function made, or its code, layer or trigger changed
severity: low
attack: [T1648]
sources: [cloudtrail]
packs: [execution, persistence]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: New code runs with the function's role, at every event that triggers it.
noise: Every deployment. Changes made by CloudFormation are left out; compare principal and user agent with your pipeline's.
cite: "Stratus Red Team aws.persistence.lambda-overwrite-code and lambda-layer-extension; SigmaHQ aws_new_lambda_layer_attached"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.functionName') AS target,
  CASE WHEN event_name LIKE 'CreateFunction2%' THEN 'function made, role ' || coalesce(json_extract_scalar(request_parameters, '$.role'), '?')
    WHEN event_name LIKE 'UpdateFunctionCode%' THEN 'code replaced'
    WHEN event_name LIKE 'CreateEventSourceMapping%' THEN 'trigger added'
    ELSE 'layers set' END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'lambda.amazonaws.com' AND error_code IS NULL
  AND coalesce(user_invoked_by, '') <> 'cloudformation.amazonaws.com'
  AND (event_name LIKE 'CreateFunction2%' OR event_name LIKE 'UpdateFunctionCode%' OR event_name LIKE 'CreateEventSourceMapping%'
    OR (event_name LIKE 'UpdateFunctionConfiguration%'
      AND json_extract(request_parameters, '$.layers') IS NOT NULL))
ORDER BY 1, 3, 4, 5, 6
