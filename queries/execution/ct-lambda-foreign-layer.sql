/*---
id: ct-lambda-foreign-layer
title: Function given a layer of another account
severity: high
attack: [T1648]
sources: [cloudtrail]
packs: [triage, persistence, execution]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Code of another account runs inside the function, with its role, before the function's own."
noise: "AWS and vendors publish layers of their own: Lambda Insights, Powertools, monitoring agents. Their account ids are in their documentation."
cite: "Stratus Red Team aws.persistence.lambda-layer-extension; SigmaHQ aws_attached_malicious_lambda_layer; Elastic AWS Lambda Layer Added to Existing Function"
---*/
WITH changes AS (
  SELECT *, regexp_extract(json_format(l.layer), 'arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:layer:[^"]+', 0) AS layer_arn
  FROM cloudtrail CROSS JOIN UNNEST(json_elements(json_extract(request_parameters, '$.layers'))) AS l (layer)
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'lambda.amazonaws.com'
    AND (event_name LIKE 'UpdateFunctionConfiguration2%' OR event_name LIKE 'CreateFunction2%')
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.functionName') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || coalesce(json_extract_scalar(request_parameters, '$.functionName'), '?') || ' runs ' || layer_arn AS summary,
  layer_arn, split_part(layer_arn, ':', 5) AS layer_account_id, event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM changes
WHERE layer_arn <> '' AND split_part(layer_arn, ':', 5) <> recipient_account_id
ORDER BY 1, 3, 4, 5, 6
