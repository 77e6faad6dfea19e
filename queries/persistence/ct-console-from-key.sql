/*---
id: ct-console-from-key
title: Federation token or console session made from an access key
severity: high
attack: [T1550.001, T1078.004]
sources: [cloudtrail]
packs: [triage, persistence]
next:
  - {id: ct-key-calls, with: {key: new_access_key_id}}
  - {id: ct-credentials-issued, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: GetFederationToken makes credentials that outlive the deactivation of the key; with GetSigninToken they open the console.
noise: Old in-house portals that federate this way. Few remain.
cite: "Stratus Red Team aws.persistence.sts-federation-token; SigmaHQ aws_console_getsignintoken; Elastic AWS STS GetFederationToken"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(response_elements, '$.federatedUser.arn'), json_extract_scalar(request_parameters, '$.name'), recipient_account_id) AS target,
  CASE event_name WHEN 'GetFederationToken' THEN 'federation token' ELSE 'console sign-in token' END
    || CASE WHEN error_code IS NULL THEN ' made' ELSE ' refused: ' || error_code END AS summary,
  json_extract_scalar(response_elements, '$.credentials.accessKeyId') AS new_access_key_id,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'sts.amazonaws.com' AND event_name = 'GetFederationToken')
    -- Identity Center's portal does this for its own sessions all day.
    OR (event_source = 'signin.amazonaws.com' AND event_name = 'GetSigninToken'
      AND coalesce(session_issuer_user_name, '') NOT LIKE 'AWSReservedSSO%'
      AND coalesce(user_agent, '') NOT LIKE 'Jersey/%'))
ORDER BY 1, 3, 4, 5, 6
