/*---
id: ct-logs-deleted
title: Other logs deleted or switched off
severity: high
attack: [T1685.002]
sources: [cloudtrail]
packs: [triage, defense-evasion]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Flow logs, DNS query logs, S3 or load balancer access logs, WAF logs or CloudWatch log groups were deleted or switched off.
noise: Stacks being torn down; then the VPC or the bucket goes too.
cite: "Stratus Red Team aws.defense-evasion.vpc-remove-flow-logs and dns-delete-logs; Elastic AWS VPC Flow Logs Deletion, AWS CloudWatch Log Group Deletion; ATT&CK T1685.002"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.DeleteFlowLogsRequest.FlowLogId.content'),
    json_extract_scalar(request_parameters, '$.DeleteFlowLogsRequest.FlowLogId[0].content'),
    json_extract_scalar(request_parameters, '$.resolverQueryLogConfigId'),
    json_extract_scalar(request_parameters, '$.logGroupName'), json_extract_scalar(request_parameters, '$.bucketName'),
    json_extract_scalar(request_parameters, '$.resourceArn'), recipient_account_id) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_name IN ('DeleteFlowLogs') AND event_source = 'ec2.amazonaws.com')
    OR (event_name IN ('DeleteResolverQueryLogConfig', 'DisassociateResolverQueryLogConfig') AND event_source = 'route53resolver.amazonaws.com')
    OR (event_name = 'DeleteQueryLoggingConfig' AND event_source = 'route53.amazonaws.com')
    OR (event_name IN ('DeleteLogGroup', 'DeleteLogStream', 'DeleteSubscriptionFilter') AND event_source = 'logs.amazonaws.com')
    OR (event_name = 'DeleteLoggingConfiguration' AND event_source IN ('wafv2.amazonaws.com', 'waf.amazonaws.com', 'waf-regional.amazonaws.com', 'network-firewall.amazonaws.com'))
    OR (event_name = 'PutBucketLogging' AND event_source = 's3.amazonaws.com'
      AND json_extract(request_parameters, '$.BucketLoggingStatus.LoggingEnabled') IS NULL))
ORDER BY 1, 3, 4, 5, 6
