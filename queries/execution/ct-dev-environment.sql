/*---
id: ct-dev-environment
title: Development endpoint or notebook with a role
severity: medium
attack: [T1059, T1098]
sources: [cloudtrail]
packs: [triage, execution, privilege-escalation]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A Glue endpoint, a SageMaker notebook or its start script, or CloudShell gives a shell with a role's rights.
noise: Data teams make notebooks. A public key of an unknown hand on a Glue endpoint is not theirs.
cite: "SigmaHQ aws_passed_role_to_glue_development_endpoint; Rhino Security Labs, AWS IAM privilege escalation methods; Elastic AWS CloudShell Environment Created"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.endpointName'), json_extract_scalar(request_parameters, '$.notebookInstanceName'),
    json_extract_scalar(request_parameters, '$.notebookInstanceLifecycleConfigName'), recipient_account_id) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  json_extract_scalar(request_parameters, '$.roleArn') AS role_arn, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'glue.amazonaws.com' AND event_name IN ('CreateDevEndpoint', 'UpdateDevEndpoint'))
    OR (event_source = 'sagemaker.amazonaws.com' AND event_name IN ('CreateNotebookInstance', 'CreatePresignedNotebookInstanceUrl',
      'CreateNotebookInstanceLifecycleConfig', 'UpdateNotebookInstanceLifecycleConfig'))
    OR (event_source = 'cloudshell.amazonaws.com' AND event_name = 'CreateEnvironment'))
ORDER BY 1, 3, 4, 5, 6
