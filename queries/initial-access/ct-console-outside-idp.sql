/*---
id: ct-console-outside-idp
title: IAM user at the console of an account that uses single sign-on
severity: medium
attack: [T1078.004]
sources: [cloudtrail]
packs: [initial-access]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: The people of this account come in through an identity provider; this sign-in did not.
noise: Break-glass users. There should be few of them and each use known.
cite: "Panther aws_console_sign-in_without_okta; AWS IAM User Guide, Security best practices"
---*/
WITH federated AS (
  -- People who came through a provider: Identity Center's roles, SAML, and
  -- sessions named by an e-mail address.
  SELECT recipient_account_id, count(DISTINCT user_principal_id) AS people
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND (session_issuer_user_name LIKE 'AWSReservedSSO%' OR event_name = 'AssumeRoleWithSAML'
      OR (user_type = 'AssumedRole' AND user_principal_id LIKE '%@%'))
  GROUP BY recipient_account_id
)
SELECT l.event_time AS time, 'cloudtrail' AS source, coalesce(l.user_arn, l.user_name, l.user_principal_id, l.user_invoked_by) AS principal,
  l.source_ip_address AS src_ip, l.recipient_account_id AS target,
  'IAM user signed in by password; ' || CAST(f.people AS VARCHAR)
    || ' sessions of this account came through the identity provider' AS summary,
  json_extract_scalar(l.additional_event_data, '$.MFAUsed') AS mfa_used, l.aws_region, l.user_agent, l.event_id
FROM cloudtrail l JOIN federated f ON f.recipient_account_id = l.recipient_account_id
WHERE l.event_time >= $since AND l.event_time < $until
  AND l.event_source = 'signin.amazonaws.com' AND l.event_name = 'ConsoleLogin'
  AND json_extract_scalar(l.response_elements, '$.ConsoleLogin') = 'Success'
  AND l.user_type = 'IAMUser'
ORDER BY 1, 3, 4, 5, 6
