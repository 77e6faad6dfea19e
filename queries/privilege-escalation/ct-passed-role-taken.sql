/*---
id: ct-passed-role-taken
title: "Role handed to a service, then used by the one who handed it"
severity: high
attack: [T1098.003, T1078.004]
sources: [cloudtrail]
packs: [triage, privilege-escalation]
params:
  - {name: window_hours, type: bigint, default: 24, doc: hours from handing the role on to its use}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: passed_by}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "The way up by iam:PassRole, finished: the role given to a machine, function or job is used from the very address that gave it. Its credentials were taken out."
noise: A NAT gateway that people and the machine share; then every call of the instance comes from there.
cite: "Rhino Security Labs, AWS IAM privilege escalation methods; Elastic AWS IAM PassRole rules; ATT&CK T1098.003"
---*/
WITH passes AS (
  SELECT min(event_time) AS passed_at, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, recipient_account_id,
    min(event_source || ' ' || event_name) AS passed_with, max(user_access_key_id) AS access_key_id,
    regexp_extract(coalesce(json_extract_scalar(request_parameters, '$.iamInstanceProfile.arn'), json_extract_scalar(request_parameters, '$.iamInstanceProfile.name'), json_extract_scalar(request_parameters, '$.role'), json_extract_scalar(request_parameters, '$.roleArn'), json_extract_scalar(request_parameters, '$.roleARN'), json_extract_scalar(request_parameters, '$.taskRoleArn'), json_extract_scalar(request_parameters, '$.serviceRole'), json_extract_scalar(request_parameters, '$.executionRoleArn')), '[^/]+$', 0) AS role_name
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND error_code IS NULL AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
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
  GROUP BY coalesce(user_arn, user_name, user_principal_id, user_invoked_by), source_ip_address, recipient_account_id, regexp_extract(coalesce(json_extract_scalar(request_parameters, '$.iamInstanceProfile.arn'), json_extract_scalar(request_parameters, '$.iamInstanceProfile.name'), json_extract_scalar(request_parameters, '$.role'), json_extract_scalar(request_parameters, '$.roleArn'), json_extract_scalar(request_parameters, '$.roleARN'), json_extract_scalar(request_parameters, '$.taskRoleArn'), json_extract_scalar(request_parameters, '$.serviceRole'), json_extract_scalar(request_parameters, '$.executionRoleArn')), '[^/]+$', 0)
)
SELECT min(c.event_time) AS time, 'cloudtrail' AS source, max(c.user_arn) AS principal, p.source_ip_address AS src_ip, p.role_name AS target,
  CAST(count(*) AS VARCHAR) || ' calls as ' || p.role_name || ' from the address of ' || regexp_extract(p.principal, '[^/]+$', 0)
    || ', who handed the role to ' || replace(p.passed_with, '.amazonaws.com', '') || ' ' || CAST(date_diff('minute', p.passed_at, min(c.event_time)) AS VARCHAR) || ' min before' AS summary,
  p.passed_at, p.principal AS passed_by, p.passed_with, count(*) AS calls, count(c.error_code) AS errors, max(c.event_time) AS last_time,
  p.recipient_account_id AS account_id, max(c.user_access_key_id) AS access_key_id, max(c.user_agent) AS user_agent
FROM passes p
JOIN cloudtrail c ON c.session_issuer_user_name = p.role_name AND c.source_ip_address = p.source_ip_address AND c.recipient_account_id = p.recipient_account_id
WHERE c.event_time >= $since AND c.event_time < $until
  AND c.user_type = 'AssumedRole' AND c.event_time >= p.passed_at AND c.event_time <= p.passed_at + $window_hours * INTERVAL '1' HOUR
  AND coalesce(c.user_arn, '') <> p.principal
GROUP BY p.role_name, p.principal, p.source_ip_address, p.recipient_account_id, p.passed_at, p.passed_with
ORDER BY 1, 3, 4, 5, 6
