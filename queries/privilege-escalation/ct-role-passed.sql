/*---
id: ct-role-passed
title: "Role handed to a machine, function or job"
severity: low
attack: [T1098.003]
sources: [cloudtrail]
packs: [privilege-escalation]
next:
  - {id: ct-passed-role-taken}
  - {id: ct-principal-calls, with: {principal: role_name}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "iam:PassRole leaves no event of its own: this is where it shows. Who may hand a role on to something he controls has that role's rights."
noise: Deployments by hand.
cite: "AWS IAM User Guide, pass a role to an AWS service; SigmaHQ aws_pass_role_to_lambda_function and aws_passed_role_to_glue_development_endpoint; ATT&CK T1098.003"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.iamInstanceProfile.arn'), json_extract_scalar(request_parameters, '$.iamInstanceProfile.name'), json_extract_scalar(request_parameters, '$.role'), json_extract_scalar(request_parameters, '$.roleArn'), json_extract_scalar(request_parameters, '$.roleARN'), json_extract_scalar(request_parameters, '$.taskRoleArn'), json_extract_scalar(request_parameters, '$.serviceRole'), json_extract_scalar(request_parameters, '$.executionRoleArn')) AS target,
  'role ' || regexp_extract(coalesce(json_extract_scalar(request_parameters, '$.iamInstanceProfile.arn'), json_extract_scalar(request_parameters, '$.iamInstanceProfile.name'), json_extract_scalar(request_parameters, '$.role'), json_extract_scalar(request_parameters, '$.roleArn'), json_extract_scalar(request_parameters, '$.roleARN'), json_extract_scalar(request_parameters, '$.taskRoleArn'), json_extract_scalar(request_parameters, '$.serviceRole'), json_extract_scalar(request_parameters, '$.executionRoleArn')), '[^/]+$', 0) || ' handed to ' || replace(event_source, '.amazonaws.com', '') || ' with ' || event_name || ', ' || CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END AS summary,
  event_source, event_name, regexp_extract(coalesce(json_extract_scalar(request_parameters, '$.iamInstanceProfile.arn'), json_extract_scalar(request_parameters, '$.iamInstanceProfile.name'), json_extract_scalar(request_parameters, '$.role'), json_extract_scalar(request_parameters, '$.roleArn'), json_extract_scalar(request_parameters, '$.roleARN'), json_extract_scalar(request_parameters, '$.taskRoleArn'), json_extract_scalar(request_parameters, '$.serviceRole'), json_extract_scalar(request_parameters, '$.executionRoleArn')), '[^/]+$', 0) AS role_name, count(*) AS calls, count(error_code) AS errors, max(event_time) AS last_time,
  max(recipient_account_id) AS account_id, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
  AND ((event_source = 'ec2.amazonaws.com' AND event_name IN ('RunInstances', 'RequestSpotInstances'))
    OR (event_source = 'lambda.amazonaws.com' AND (event_name LIKE 'CreateFunction2%' OR event_name LIKE 'UpdateFunctionConfiguration2%'))
    OR (event_source = 'glue.amazonaws.com' AND event_name IN ('CreateDevEndpoint', 'CreateJob', 'UpdateJob', 'CreateSession'))
    OR (event_source = 'sagemaker.amazonaws.com' AND event_name IN ('CreateNotebookInstance', 'CreateTrainingJob', 'CreateProcessingJob'))
    OR (event_source = 'cloudformation.amazonaws.com' AND event_name IN ('CreateStack', 'UpdateStack', 'CreateChangeSet'))
    OR (event_source = 'codebuild.amazonaws.com' AND event_name IN ('CreateProject', 'UpdateProject'))
    OR (event_source = 'ecs.amazonaws.com' AND event_name IN ('RegisterTaskDefinition', 'RunTask'))
    OR (event_source = 'bedrock-agentcore.amazonaws.com' AND event_name = 'CreateCodeInterpreter')
    OR (event_source = 'states.amazonaws.com' AND event_name = 'CreateStateMachine'))
  AND coalesce(json_extract_scalar(request_parameters, '$.iamInstanceProfile.arn'), json_extract_scalar(request_parameters, '$.iamInstanceProfile.name'), json_extract_scalar(request_parameters, '$.role'), json_extract_scalar(request_parameters, '$.roleArn'), json_extract_scalar(request_parameters, '$.roleARN'), json_extract_scalar(request_parameters, '$.taskRoleArn'), json_extract_scalar(request_parameters, '$.serviceRole'), json_extract_scalar(request_parameters, '$.executionRoleArn')) IS NOT NULL
GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), coalesce(json_extract_scalar(request_parameters, '$.iamInstanceProfile.arn'), json_extract_scalar(request_parameters, '$.iamInstanceProfile.name'), json_extract_scalar(request_parameters, '$.role'), json_extract_scalar(request_parameters, '$.roleArn'), json_extract_scalar(request_parameters, '$.roleARN'), json_extract_scalar(request_parameters, '$.taskRoleArn'), json_extract_scalar(request_parameters, '$.serviceRole'), json_extract_scalar(request_parameters, '$.executionRoleArn')), event_source, event_name
ORDER BY 1, 3, 4, 5, 6
