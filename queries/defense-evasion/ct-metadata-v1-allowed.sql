/*---
id: ct-metadata-v1-allowed
title: Instance allowed to hand out its role by IMDSv1
severity: medium
attack: [T1552.005, T1578]
sources: [cloudtrail]
packs: [credential-access, defense-evasion]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-instance-credentials-elsewhere}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "A plain GET, as a flaw in a web application can be made to send, gets the role's credentials again."
noise: Old software that knows IMDSv1 only.
cite: "Amazon EC2 User Guide, instance metadata options; Elastic AWS EC2 IMDSv1 enabled; ATT&CK T1552.005"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.ModifyInstanceMetadataOptionsRequest.InstanceId'), json_extract_scalar(request_parameters, '$.instanceId'), recipient_account_id) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || 'tokens made optional for ' || coalesce(json_extract_scalar(request_parameters, '$.ModifyInstanceMetadataOptionsRequest.InstanceId'), json_extract_scalar(request_parameters, '$.instanceId'), 'new instances of the region') AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ec2.amazonaws.com'
  AND ((event_name = 'ModifyInstanceMetadataOptions' AND coalesce(json_extract_scalar(request_parameters, '$.ModifyInstanceMetadataOptionsRequest.HttpTokens'), json_extract_scalar(request_parameters, '$.httpTokens')) = 'optional')
    OR (event_name = 'ModifyInstanceMetadataDefaults' AND coalesce(json_extract_scalar(request_parameters, '$.ModifyInstanceMetadataDefaultsRequest.HttpTokens'), json_extract_scalar(request_parameters, '$.httpTokens')) = 'optional'))
ORDER BY 1, 3, 4, 5, 6
