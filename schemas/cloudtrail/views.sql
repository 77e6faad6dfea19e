-- Every CloudTrail event in the columns all sources share; outcome is success, failure, denied or dry_run.
CREATE OR REPLACE VIEW cloudtrail_events AS
SELECT
  event_time,
  'cloudtrail' AS source,
  event_id,
  recipient_account_id AS account_id,
  aws_region AS region,
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  NULLIF(user_access_key_id, '') AS access_key_id,
  source_ip_address AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  event_name AS action,
  CASE
    WHEN event_source = 's3.amazonaws.com' AND json_extract_scalar(request_parameters, '$.bucketName') IS NOT NULL
      THEN 's3://' || json_extract_scalar(request_parameters, '$.bucketName')
        || COALESCE('/' || json_extract_scalar(request_parameters, '$.key'), '')
    ELSE COALESCE(
      json_extract_scalar(resources, '$[0].ARN'),
      json_extract_scalar(request_parameters, '$.roleArn'),
      json_extract_scalar(request_parameters, '$.policyArn'),
      json_extract_scalar(request_parameters, '$.userName'),
      json_extract_scalar(request_parameters, '$.roleName'),
      json_extract_scalar(request_parameters, '$.groupName'),
      json_extract_scalar(request_parameters, '$.instanceId'),
      json_extract_scalar(request_parameters, '$.instancesSet.items[0].instanceId'),
      json_extract_scalar(request_parameters, '$.secretId'),
      json_extract_scalar(request_parameters, '$.functionName'),
      json_extract_scalar(request_parameters, '$.groupId'),
      json_extract_scalar(request_parameters, '$.snapshotId'),
      json_extract_scalar(request_parameters, '$.keyId'),
      json_extract_scalar(request_parameters, '$.trailName'),
      json_extract_scalar(request_parameters, '$.detectorId'),
      json_extract_scalar(request_parameters, '$.name'))
  END AS target,
  CASE
    WHEN event_source = 'signin.amazonaws.com' AND response_elements LIKE '%"Failure"%' THEN 'failure'
    WHEN COALESCE(NULLIF(error_code, ''), NULLIF(error_message, ''), '') = '' THEN 'success'
    WHEN error_code = 'Client.DryRunOperation' THEN 'dry_run'
    WHEN lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' OR lower(error_code) LIKE '%forbidden%' THEN 'denied'
    ELSE 'failure'
  END AS outcome,
  COALESCE(error_code, error_message) AS error,
  CASE WHEN additional_event_data LIKE '%bytesTransferred%'
    THEN TRY_CAST(COALESCE(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredIn') AS DOUBLE), 0)
            + COALESCE(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredOut') AS DOUBLE), 0) AS BIGINT)
  END AS bytes,
  user_agent,
  COALESCE(event_name, '?') || ' on ' || COALESCE(event_source, '?')
    || COALESCE(' in ' || aws_region, '')
    || COALESCE(' by ' || COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id), '')
    || COALESCE(' from ' || source_ip_address, '')
    || COALESCE(': ' || COALESCE(error_code, error_message), '') AS summary,
  file_id,
  record_no
FROM cloudtrail
WHERE COALESCE(event_category, '') <> 'Aggregated'
UNION ALL
-- Aggregated events have a window where others have a moment.
SELECT
  window_start, 'cloudtrail', aggregated_event_id, aggregated_account_id, aws_region,
  CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS INTEGER),
  COALESCE(event_name, event_type), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS BIGINT),
  CAST(NULL AS VARCHAR),
  'Aggregated calls on ' || COALESCE(event_source, '?') || COALESCE(' over ' || window_size, ''),
  file_id, record_no
FROM cloudtrail
WHERE event_category = 'Aggregated';

-- Console sign-ins and the sign-in service's other events: who, from where, with MFA or not, with what result.
CREATE OR REPLACE VIEW cloudtrail_console_logins AS
SELECT
  event_time, event_name, user_type,
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  recipient_account_id, source_ip_address,
  CASE
    WHEN COALESCE(
      json_extract_scalar(response_elements, '$.ConsoleLogin'),
      json_extract_scalar(response_elements, '$.CheckMfa'),
      json_extract_scalar(response_elements, '$.SwitchRole'),
      json_extract_scalar(response_elements, '$.PasswordUpdated'),
      json_extract_scalar(response_elements, '$.PasswordRecoveryRequested'),
      json_extract_scalar(response_elements, '$.PasswordRecoveryCompleted')) = 'Failure'
      OR error_code IS NOT NULL OR error_message IS NOT NULL THEN 'failure'
    ELSE 'success'
  END AS outcome,
  error_message,
  CASE lower(json_extract_scalar(additional_event_data, '$.MFAUsed')) WHEN 'yes' THEN TRUE WHEN 'no' THEN FALSE END AS mfa_used,
  COALESCE(json_extract_scalar(additional_event_data, '$.MfaType'), json_extract_scalar(additional_event_data, '$.MFAIdentifier')) AS mfa_device,
  json_extract_scalar(additional_event_data, '$.LoginTo') AS login_to,
  json_extract_scalar(additional_event_data, '$.MobileVersion') AS mobile_version,
  json_extract_scalar(additional_event_data, '$.SwitchTo') AS switch_to,
  session_issuer_arn, aws_region, user_agent, event_id, file_id, record_no
FROM cloudtrail
WHERE event_source = 'signin.amazonaws.com';

-- Calls that were refused for want of permission, with what was tried.
CREATE OR REPLACE VIEW cloudtrail_denied AS
SELECT
  event_time,
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  user_access_key_id, source_ip_address, aws_region, event_source, event_name,
  error_code, error_message, request_parameters, user_agent,
  recipient_account_id, vpc_endpoint_id, event_id, file_id, record_no
FROM cloudtrail
WHERE lower(error_code) LIKE '%denied%'
  OR lower(error_code) LIKE '%unauthorized%'
  OR lower(error_code) LIKE '%forbidden%';

-- Calls that failed, counted by principal, service, action and error, with first and last time.
CREATE OR REPLACE VIEW cloudtrail_errors AS
SELECT
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  event_source, event_name,
  COALESCE(error_code, error_message) AS error,
  count(*) AS calls,
  count(DISTINCT source_ip_address) AS source_ips,
  min(event_time) AS first_time,
  max(event_time) AS last_time
FROM cloudtrail
WHERE error_code IS NOT NULL OR error_message IS NOT NULL
GROUP BY
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id),
  event_source, event_name, COALESCE(error_code, error_message);

-- Attempts to change users, keys, roles, policies, identity providers and the organization; error_code tells which were refused.
CREATE OR REPLACE VIEW cloudtrail_iam_changes AS
SELECT
  event_time,
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  user_access_key_id, source_ip_address, event_source, event_name, error_code,
  json_extract_scalar(request_parameters, '$.userName') AS target_user,
  json_extract_scalar(request_parameters, '$.roleName') AS target_role,
  json_extract_scalar(request_parameters, '$.groupName') AS target_group,
  COALESCE(
    json_extract_scalar(request_parameters, '$.policyArn'),
    json_extract_scalar(request_parameters, '$.policyName')) AS target_policy,
  COALESCE(
    json_extract_scalar(response_elements, '$.accessKey.accessKeyId'),
    json_extract_scalar(request_parameters, '$.accessKeyId')) AS target_access_key_id,
  COALESCE(
    json_extract_scalar(request_parameters, '$.policyDocument'),
    json_extract_scalar(request_parameters, '$.assumeRolePolicyDocument')) AS policy_document,
  request_parameters, response_elements, user_agent,
  recipient_account_id, event_id, file_id, record_no
FROM cloudtrail
WHERE event_source IN ('iam.amazonaws.com', 'organizations.amazonaws.com', 'sso.amazonaws.com',
    'sso-directory.amazonaws.com', 'identitystore.amazonaws.com', 'rolesanywhere.amazonaws.com')
  AND COALESCE(read_only, FALSE) = FALSE
  AND event_name NOT LIKE 'Get%'
  AND event_name NOT LIKE 'List%'
  AND event_name NOT LIKE 'Describe%'
  AND event_name NOT LIKE 'Search%'
  AND event_name NOT LIKE 'Generate%'
  AND event_name NOT LIKE 'Simulate%';

-- Assumed-role sessions: one row a role, session and key, with its span, calls, errors, addresses and regions.
CREATE OR REPLACE VIEW cloudtrail_role_sessions AS
SELECT
  session_issuer_arn AS role_arn,
  user_arn AS session_arn,
  NULLIF(user_access_key_id, '') AS access_key_id,
  session_creation_date,
  max(session_source_identity) AS source_identity,
  bool_or(session_mfa_authenticated) AS mfa_authenticated,
  bool_or(session_credential_from_console) AS from_console,
  max(session_ec2_role_delivery) AS ec2_role_delivery,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  count(*) AS calls,
  count(COALESCE(error_code, error_message)) AS errors,
  count(DISTINCT event_name) AS actions,
  count(DISTINCT source_ip_address) AS source_ip_count,
  array_join(array_agg(DISTINCT source_ip_address ORDER BY source_ip_address), ', ') AS source_ips,
  array_join(array_agg(DISTINCT aws_region ORDER BY aws_region), ', ') AS regions,
  count(DISTINCT user_agent) AS user_agent_count,
  max_by(user_agent, event_time) AS last_user_agent,
  max(user_account_id) AS account_id
FROM cloudtrail
WHERE user_type = 'AssumedRole'
GROUP BY session_issuer_arn, user_arn, NULLIF(user_access_key_id, ''), session_creation_date;

-- Roles assumed and sessions issued by STS: who got which credentials, from which principal, role and address.
CREATE OR REPLACE VIEW cloudtrail_role_assumptions AS
SELECT
  min(event_time) AS event_time,
  max(event_name) AS event_name,
  max(COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id)) AS from_principal,
  max(user_type) AS from_type,
  max(session_issuer_arn) AS from_role_arn,
  max(NULLIF(user_access_key_id, '')) AS from_access_key_id,
  max(COALESCE(
    json_extract_scalar(request_parameters, '$.roleArn'),
    json_extract_scalar(request_parameters, '$.targetPrincipal'))) AS to_role_arn,
  max(COALESCE(
    json_extract_scalar(response_elements, '$.assumedRoleUser.arn'),
    json_extract_scalar(response_elements, '$.federatedUser.arn'))) AS to_session_arn,
  max(json_extract_scalar(response_elements, '$.credentials.accessKeyId')) AS to_access_key_id,
  max(json_extract_scalar(request_parameters, '$.roleSessionName')) AS role_session_name,
  max(COALESCE(
    json_extract_scalar(response_elements, '$.sourceIdentity'), session_source_identity)) AS source_identity,
  max(json_extract_scalar(request_parameters, '$.externalId')) AS external_id,
  max(source_ip_address) AS source_ip_address,
  max(user_agent) AS user_agent,
  -- The account of the caller and that of the role each have their copy.
  count(*) AS copies,
  min(event_id) AS event_id,
  min_by(file_id, event_id) AS file_id,
  min_by(record_no, event_id) AS record_no
FROM cloudtrail
WHERE event_source = 'sts.amazonaws.com'
  AND event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'GetFederationToken', 'GetSessionToken')
  AND error_code IS NULL
GROUP BY COALESCE(json_extract_scalar(response_elements, '$.credentials.accessKeyId'), shared_event_id, event_id, CAST(file_id AS VARCHAR) || ':' || CAST(record_no AS VARCHAR));

-- Role chains: every issue of credentials with the principal at the chain's start, the number of hops and the way, followed by access key.
CREATE OR REPLACE VIEW cloudtrail_role_chains AS
WITH RECURSIVE issues AS (SELECT * FROM cloudtrail_role_assumptions),
chain (event_time, origin_principal, origin_access_key_id, origin_ip_address, hops, path,
    from_principal, from_role_arn, from_access_key_id, to_role_arn, to_session_arn, to_access_key_id,
    source_ip_address, user_agent, event_id, file_id, record_no) AS (
  SELECT
    a.event_time, a.from_principal, a.from_access_key_id, a.source_ip_address, 1,
    COALESCE(a.from_principal, '?') || ' > ' || COALESCE(a.to_session_arn, a.to_role_arn, '?'),
    a.from_principal, a.from_role_arn, a.from_access_key_id, a.to_role_arn, a.to_session_arn, a.to_access_key_id,
    a.source_ip_address, a.user_agent, a.event_id, a.file_id, a.record_no
  FROM issues a
  WHERE NOT EXISTS (
    SELECT 1 FROM issues p WHERE p.to_access_key_id = a.from_access_key_id)
  UNION ALL
  SELECT
    a.event_time, c.origin_principal, c.origin_access_key_id, c.origin_ip_address, c.hops + 1,
    c.path || ' > ' || COALESCE(a.to_session_arn, a.to_role_arn, '?'),
    a.from_principal, a.from_role_arn, a.from_access_key_id, a.to_role_arn, a.to_session_arn, a.to_access_key_id,
    a.source_ip_address, a.user_agent, a.event_id, a.file_id, a.record_no
  FROM chain c
  JOIN issues a ON a.from_access_key_id = c.to_access_key_id
  WHERE c.hops < 10
)
SELECT * FROM chain;

-- Access keys: one row a key, with its principal, span, calls, errors, denials, addresses and regions.
CREATE OR REPLACE VIEW cloudtrail_access_keys AS
SELECT
  user_access_key_id AS access_key_id,
  CASE WHEN user_access_key_id LIKE 'AKIA%' THEN 'long-lived' WHEN user_access_key_id LIKE 'ASIA%' THEN 'temporary' END AS key_kind,
  max(COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id)) AS principal,
  max(user_type) AS user_type,
  max(user_account_id) AS account_id,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  count(*) AS calls,
  count(COALESCE(error_code, error_message)) AS errors,
  count(CASE WHEN lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' OR lower(error_code) LIKE '%forbidden%' THEN 1 END) AS denied,
  count(CASE WHEN read_only = FALSE THEN 1 END) AS writes,
  count(DISTINCT event_name) AS actions,
  count(DISTINCT source_ip_address) AS source_ip_count,
  array_join(array_agg(DISTINCT source_ip_address ORDER BY source_ip_address), ', ') AS source_ips,
  array_join(array_agg(DISTINCT aws_region ORDER BY aws_region), ', ') AS regions,
  count(DISTINCT user_agent) AS user_agent_count,
  max_by(user_agent, event_time) AS last_user_agent
FROM cloudtrail
WHERE user_access_key_id <> ''
GROUP BY user_access_key_id;

-- Principals: one row each, with span, calls, writes, errors, denials, keys, addresses, regions and services.
CREATE OR REPLACE VIEW cloudtrail_principals AS
SELECT
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  user_type,
  max(user_account_id) AS account_id,
  min(event_time) AS first_time,
  max(event_time) AS last_time,
  count(*) AS calls,
  count(CASE WHEN read_only = FALSE THEN 1 END) AS writes,
  count(COALESCE(error_code, error_message)) AS errors,
  count(CASE WHEN lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' OR lower(error_code) LIKE '%forbidden%' THEN 1 END) AS denied,
  count(DISTINCT event_source) AS services,
  count(DISTINCT event_name) AS actions,
  count(DISTINCT user_access_key_id) AS access_keys,
  count(DISTINCT source_ip_address) AS source_ip_count,
  count(DISTINCT user_agent) AS user_agent_count,
  array_join(array_agg(DISTINCT aws_region ORDER BY aws_region), ', ') AS regions
FROM cloudtrail
WHERE COALESCE(event_category, '') <> 'Aggregated'
GROUP BY
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id),
  user_type;

-- What the root user did, save service events.
CREATE OR REPLACE VIEW cloudtrail_root AS
SELECT
  event_time, event_source, event_name, event_type, error_code, error_message,
  user_account_id, user_access_key_id, user_invoked_by, session_mfa_authenticated, session_assumed_root,
  source_ip_address, user_agent, aws_region, request_parameters, read_only,
  recipient_account_id, event_id, file_id, record_no
FROM cloudtrail
WHERE user_type = 'Root'
  AND COALESCE(event_type, '') <> 'AwsServiceEvent';

-- Object-level access to S3: who read, wrote or deleted which key, and how many bytes.
CREATE OR REPLACE VIEW cloudtrail_s3_objects AS
SELECT
  event_time, event_name,
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  user_access_key_id, user_account_id, source_ip_address,
  json_extract_scalar(request_parameters, '$.bucketName') AS bucket,
  json_extract_scalar(request_parameters, '$.key') AS object_key,
  json_extract_scalar(request_parameters, '$.prefix') AS prefix,
  TRY_CAST(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredIn') AS DOUBLE) AS BIGINT) AS bytes_in,
  TRY_CAST(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredOut') AS DOUBLE) AS BIGINT) AS bytes_out,
  error_code, read_only,
  json_extract_scalar(additional_event_data, '$.AuthenticationMethod') AS authentication_method,
  json_extract_scalar(additional_event_data, '$.SSEApplied') AS sse_applied,
  vpc_endpoint_id, user_agent, aws_region, recipient_account_id, event_id, file_id, record_no
FROM cloudtrail
WHERE event_source = 's3.amazonaws.com'
  AND (event_category = 'Data' OR management_event = FALSE);

-- Calls through VPC endpoints (network activity events), those refused by the endpoint policy first of all.
CREATE OR REPLACE VIEW cloudtrail_network_activity AS
SELECT
  event_time, vpc_endpoint_id, vpc_endpoint_account_id,
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  user_account_id, user_access_key_id, source_ip_address, event_source, event_name,
  error_code, error_message, aws_region, recipient_account_id, request_parameters,
  event_id, file_id, record_no
FROM cloudtrail
WHERE event_category = 'NetworkActivity'
  OR event_type LIKE 'AwsVpceEvent%';

-- Attempts to weaken logging and detection: trails, flow logs, log groups, Config, GuardDuty, Security Hub, WAF logging, alarms.
CREATE OR REPLACE VIEW cloudtrail_logging_changes AS
SELECT
  event_time,
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  user_access_key_id, source_ip_address, aws_region, event_source, event_name,
  error_code, request_parameters, user_agent, recipient_account_id, event_id, file_id, record_no
FROM cloudtrail
WHERE (event_source = 'cloudtrail.amazonaws.com' AND event_name IN (
      'StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'PutInsightSelectors',
      'DeleteEventDataStore', 'UpdateEventDataStore', 'StopEventDataStoreIngestion', 'DeregisterOrganizationDelegatedAdmin'))
  OR (event_source = 'ec2.amazonaws.com' AND event_name = 'DeleteFlowLogs')
  OR (event_source = 'logs.amazonaws.com' AND event_name IN (
      'DeleteLogGroup', 'DeleteLogStream', 'DeleteDestination', 'PutRetentionPolicy', 'DeleteSubscriptionFilter', 'DisassociateKmsKey'))
  OR (event_source = 'config.amazonaws.com' AND event_name IN (
      'StopConfigurationRecorder', 'DeleteConfigurationRecorder', 'DeleteDeliveryChannel', 'PutConfigurationRecorder',
      'DeleteConfigRule', 'DeleteOrganizationConfigRule', 'DeleteConfigurationAggregator'))
  OR (event_source = 'guardduty.amazonaws.com' AND event_name IN (
      'DeleteDetector', 'UpdateDetector', 'CreateFilter', 'UpdateFilter', 'CreateIPSet', 'UpdateIPSet', 'DeleteThreatIntelSet',
      'ArchiveFindings', 'StopMonitoringMembers', 'DisassociateFromMasterAccount', 'DisassociateFromAdministratorAccount',
      'DisassociateMembers', 'DeleteMembers', 'DeletePublishingDestination', 'DisableOrganizationAdminAccount'))
  OR (event_source = 'securityhub.amazonaws.com' AND event_name IN (
      'DisableSecurityHub', 'BatchDisableStandards', 'UpdateStandardsControl', 'DisassociateMembers', 'DeleteMembers',
      'DisassociateFromAdministratorAccount', 'DisableImportFindingsForProduct', 'CreateAutomationRule'))
  OR (event_source IN ('macie2.amazonaws.com', 'inspector2.amazonaws.com') AND event_name IN (
      'DisableMacie', 'Disable', 'DisassociateMember', 'DisassociateFromAdministratorAccount', 'CreateFindingsFilter', 'CreateFilter'))
  OR (event_source = 'access-analyzer.amazonaws.com' AND event_name IN ('DeleteAnalyzer', 'CreateArchiveRule'))
  OR (event_source = 'detective.amazonaws.com' AND event_name IN ('DeleteGraph', 'DeleteMembers'))
  OR (event_source IN ('wafv2.amazonaws.com', 'waf.amazonaws.com', 'waf-regional.amazonaws.com') AND event_name IN (
      'DeleteLoggingConfiguration', 'PutLoggingConfiguration', 'DeleteWebACL', 'DisassociateWebACL'))
  OR (event_source = 'route53resolver.amazonaws.com' AND event_name IN (
      'DeleteResolverQueryLogConfig', 'DisassociateResolverQueryLogConfig'))
  OR (event_source = 's3.amazonaws.com' AND event_name IN ('PutBucketLogging', 'PutBucketLifecycle', 'PutBucketLifecycleConfiguration'))
  OR (event_source = 'eks.amazonaws.com' AND event_name = 'UpdateClusterConfig')
  OR (event_source = 'monitoring.amazonaws.com' AND event_name IN ('DeleteAlarms', 'DisableAlarmActions'))
  OR (event_source = 'events.amazonaws.com' AND event_name IN ('DeleteRule', 'DisableRule', 'RemoveTargets'));

-- Calls that change something, by anyone but AWS services.
CREATE OR REPLACE VIEW cloudtrail_writes AS
SELECT
  event_time,
  COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal,
  user_type, user_access_key_id, source_ip_address, aws_region, event_source, event_name, error_code,
  session_credential_from_console, request_parameters, response_elements, user_agent,
  recipient_account_id, event_id, file_id, record_no
FROM cloudtrail
WHERE read_only = FALSE
  AND COALESCE(user_type, 'AWSService') <> 'AWSService'
  AND user_invoked_by IS NULL;

-- Aggregated events: one row a dimension value and window, with its count.
CREATE OR REPLACE VIEW cloudtrail_aggregated AS
SELECT
  c.window_start, c.window_end, c.window_size, c.aggregated_account_id AS account_id, c.aws_region, c.event_source,
  json_extract_scalar(c.aggregated_summary, '$.primaryDimension.dimension') AS dimension,
  json_extract_scalar(s.statistic, '$.name') AS name,
  TRY_CAST(TRY_CAST(json_extract_scalar(s.statistic, '$.value') AS DOUBLE) AS BIGINT) AS calls,
  c.aggregated_event_id, c.file_id, c.record_no
FROM (
  SELECT cloudtrail.*, json_elements(json_format(json_extract(aggregated_summary, '$.primaryDimension.statistics'))) AS elements
  FROM cloudtrail
  WHERE event_category = 'Aggregated'
) c
CROSS JOIN UNNEST(c.elements) AS s (statistic);
