/*---
id: ct-instance-profile-changed
title: Instance given another role
severity: medium
attack: [T1098.003, T1578]
sources: [cloudtrail]
packs: [privilege-escalation]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-instance-credentials-elsewhere}
means: Who is on the machine has another role now. Common after a foothold on it.
noise: "Repairs by hand, by those who run the machine."
cite: "Amazon EC2 API Reference, AssociateIamInstanceProfile; Rhino Security Labs, AWS IAM privilege escalation methods; ATT&CK T1098.003"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.AssociateIamInstanceProfileRequest.InstanceId'), json_extract_scalar(request_parameters, '$.ReplaceIamInstanceProfileAssociationRequest.AssociationId'), json_extract_scalar(request_parameters, '$.instanceProfileName')) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || coalesce(json_extract_scalar(request_parameters, '$.AssociateIamInstanceProfileRequest.IamInstanceProfile.Name'), json_extract_scalar(request_parameters, '$.AssociateIamInstanceProfileRequest.IamInstanceProfile.Arn'), json_extract_scalar(request_parameters, '$.ReplaceIamInstanceProfileAssociationRequest.IamInstanceProfile.Name'), json_extract_scalar(request_parameters, '$.ReplaceIamInstanceProfileAssociationRequest.IamInstanceProfile.Arn'), json_extract_scalar(request_parameters, '$.roleName'), '?') || ' given to ' || coalesce(json_extract_scalar(request_parameters, '$.AssociateIamInstanceProfileRequest.InstanceId'), json_extract_scalar(request_parameters, '$.ReplaceIamInstanceProfileAssociationRequest.AssociationId'), json_extract_scalar(request_parameters, '$.instanceProfileName'), '?') AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'ec2.amazonaws.com' AND event_name IN ('AssociateIamInstanceProfile', 'ReplaceIamInstanceProfileAssociation'))
    OR (event_source = 'iam.amazonaws.com' AND event_name = 'AddRoleToInstanceProfile'))
  AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
ORDER BY 1, 3, 4, 5, 6
