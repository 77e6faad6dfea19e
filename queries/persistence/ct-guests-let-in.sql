/*---
id: ct-guests-let-in
title: Cognito identity pool opened to guests
severity: high
attack: [T1078.004, T1556]
sources: [cloudtrail]
packs: [initial-access, persistence]
next:
  - {id: ct-guest-credentials}
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: Anybody on the internet who knows the pool's id gets credentials of its guest role. See what that role may do.
noise: "Apps that mean it: sign-up pages, analytics."
cite: "Amazon Cognito Developer Guide, identity pools, guest access; ATT&CK T1078.004"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.identityPoolId'), json_extract_scalar(response_elements, '$.identityPoolId')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || 'guests get credentials from ' || coalesce(json_extract_scalar(request_parameters, '$.identityPoolName'), json_extract_scalar(request_parameters, '$.identityPoolId'), '?') AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'cognito-identity.amazonaws.com' AND event_name IN ('CreateIdentityPool', 'UpdateIdentityPool') AND json_extract_scalar(request_parameters, '$.allowUnauthenticatedIdentities') = 'true'
ORDER BY 1, 3, 4, 5, 6
