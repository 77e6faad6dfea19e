/*---
id: ct-identity-provider
title: Identity provider or trust anchor added or changed
severity: high
attack: [T1484.002]
sources: [cloudtrail]
packs: [triage, persistence]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: Whoever controls the new provider can sign his own way in, as any role that trusts it.
noise: Rare set-up work; GitHub and Kubernetes OIDC providers come with pipelines and clusters.
cite: "Stratus Red Team aws.persistence.rolesanywhere-create-trust-anchor; SigmaHQ aws_iam_saml provider rules; ATT&CK T1484.002 Trust Modification"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.name'), json_extract_scalar(request_parameters, '$.url'),
    json_extract_scalar(request_parameters, '$.sAMLProviderArn'), json_extract_scalar(request_parameters, '$.openIDConnectProviderArn'),
    json_extract_scalar(request_parameters, '$.instanceArn'), recipient_account_id) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_name IN ('CreateSAMLProvider', 'UpdateSAMLProvider', 'CreateOpenIDConnectProvider',
    'UpdateOpenIDConnectProviderThumbprint', 'AddClientIDToOpenIDConnectProvider', 'CreateTrustAnchor',
    'UpdateTrustAnchor', 'EnableTrustAnchor', 'AssociateDirectory', 'EnableExternalIdPConfigurationForDirectory',
    'AddExternalIdPCertificateForDirectory', 'UpdateExternalIdPConfigurationForDirectory')
  AND event_source IN ('iam.amazonaws.com', 'rolesanywhere.amazonaws.com', 'sso.amazonaws.com', 'sso-directory.amazonaws.com')
ORDER BY 1, 3, 4, 5, 6
