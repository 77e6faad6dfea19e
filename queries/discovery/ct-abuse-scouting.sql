/*---
id: ct-abuse-scouting
title: "Looked for what can be sold: quotas, mail, models, text messages"
severity: medium
attack: [T1526, T1580]
sources: [cloudtrail]
packs: [triage, discovery]
params:
  - {name: kinds, type: bigint, default: 2, doc: kinds of service asked about}
  - {name: regions, type: bigint, default: 3, doc: or regions asked in}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-resource-hijack}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "What thieves of keys ask first: how much mail, how many text messages, which models, how many machines, in how many regions. It tells what the account is wanted for."
noise: "Cost and quota tools, the operators of those services."
cite: "SigmaHQ aws_cloudtrail_ses_account_discovery and aws_cloudtrail_bedrock_model_recon; Stratus Red Team aws.discovery.ses-enumerate; ATT&CK T1526"
---*/
WITH asked AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, error_code, aws_region, recipient_account_id,
    CASE WHEN event_source IN ('ses.amazonaws.com', 'email.amazonaws.com') THEN 'mail'
      WHEN event_source IN ('sns.amazonaws.com', 'sms-voice.amazonaws.com') THEN 'text messages'
      WHEN event_source = 'bedrock.amazonaws.com' THEN 'models'
      WHEN event_source = 'servicequotas.amazonaws.com' THEN 'quotas' ELSE 'costs' END AS what
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND ((event_source IN ('ses.amazonaws.com', 'email.amazonaws.com') AND event_name IN ('GetSendQuota', 'GetAccount', 'GetAccountSendingEnabled', 'ListIdentities', 'ListEmailIdentities', 'GetSendStatistics'))
      OR (event_source IN ('sns.amazonaws.com', 'sms-voice.amazonaws.com') AND event_name IN ('GetSMSAttributes', 'GetSMSSandboxAccountStatus', 'ListOriginationNumbers', 'DescribeSpendLimits', 'DescribePhoneNumbers', 'DescribeAccountAttributes'))
      OR (event_source = 'bedrock.amazonaws.com' AND event_name IN ('ListFoundationModels', 'GetFoundationModelAvailability', 'GetUseCaseForModelAccess', 'ListInferenceProfiles', 'GetModelInvocationLoggingConfiguration'))
      OR (event_source = 'servicequotas.amazonaws.com' AND event_name IN ('GetServiceQuota', 'ListServiceQuotas', 'RequestServiceQuotaIncrease'))
      OR (event_source = 'ce.amazonaws.com' AND event_name = 'GetCostAndUsage'))
    AND user_invoked_by IS NULL AND user_type <> 'AWSService'
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, principal, max(source_ip_address) AS src_ip,
  array_join(array_agg(DISTINCT what ORDER BY what), ', ') AS target,
  CASE WHEN count(*) = 1 THEN '1 call' ELSE CAST(count(*) AS VARCHAR) || ' calls' END || ' in ' || CAST(count(DISTINCT aws_region) AS VARCHAR) || CASE WHEN count(DISTINCT aws_region) = 1 THEN ' region' ELSE ' regions' END AS summary,
  count(*) AS calls, count(error_code) AS errors, count(DISTINCT what) AS kinds, count(DISTINCT aws_region) AS regions, max(event_time) AS last_time,
  max(recipient_account_id) AS account_id, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM asked
GROUP BY principal
HAVING count(DISTINCT what) >= $kinds OR count(DISTINCT aws_region) >= $regions
ORDER BY 1, 3, 4, 5, 6
