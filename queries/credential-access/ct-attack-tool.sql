/*---
id: ct-attack-tool
title: Attack or assessment tool by its user agent
severity: high
attack: [T1580, T1078.004]
sources: [cloudtrail]
packs: [triage, credential-access, discovery]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-credentials-issued, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: The caller names itself as Pacu, TruffleHog, ScoutSuite, Prowler, Stratus Red Team, CloudFox, S3 Browser, or runs on Kali, Parrot or Pentoo.
noise: Your own assessments. Ask for their addresses and dates.
cite: "SigmaHQ aws_susp_saml and hacktool user-agent rules; Elastic AWS API Activity from Uncommon S3 Client and TruffleHog; GuardDuty finding types PenTest:IAMUser/KaliLinux, ParrotLinux, PentooLinux"
---*/
WITH tools AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, event_name, error_code,
    lower(regexp_extract(user_agent, '(?i)(pacu|trufflehog|scoutsuite|scout suite|prowler|stratus-red-team|grimoire|cloudfox|cloudsploit|s3 browser|enumerate-iam|kali|parrot|pentoo)', 1)) AS tool
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND regexp_like(user_agent, '(?i)(pacu|trufflehog|scoutsuite|scout suite|prowler|stratus-red-team|grimoire|cloudfox|cloudsploit|s3 browser|enumerate-iam|[^a-z](kali|parrot|pentoo)([^a-z]|$))')
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, principal, source_ip_address AS src_ip, tool AS target,
  CAST(count(*) AS VARCHAR) || ' calls by ' || tool AS summary,
  count(*) AS calls, count(DISTINCT event_name) AS apis, count(error_code) AS errors, max(event_time) AS last_time,
  max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM tools
GROUP BY principal, source_ip_address, tool
ORDER BY 1, 3, 4, 5, 6
