/*---
id: ct-root-use
title: Root user at work
severity: high
attack: [T1078.004]
sources: [cloudtrail]
packs: [triage, initial-access]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: The account's root user signed in or called an API. Root cannot be limited by IAM policies and is needed for very few tasks.
noise: Closing an account, changing the support plan, the first set-up of an account. Calls an AWS service makes for root, and service events, are left out.
cite: "CIS AWS Foundations Benchmark, Ensure a log metric filter and alarm exist for usage of the root account; SigmaHQ aws_root_account_usage"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal,
  source_ip_address AS src_ip, recipient_account_id AS target,
  'root did ' || event_name || ' ' || CAST(count(*) AS VARCHAR) || ' times'
    || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, count(*) AS calls, max(event_time) AS last_time,
  max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND user_type = 'Root' AND user_invoked_by IS NULL
  AND coalesce(event_type, '') <> 'AwsServiceEvent'
GROUP BY source_ip_address, recipient_account_id, event_source, event_name, error_code
ORDER BY 1, 3, 4, 5, 6
