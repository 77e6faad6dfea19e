/*---
id: ct-network-acl-opened
title: "Network ACL opened to everybody, or deleted"
severity: medium
attack: [T1686.001]
sources: [cloudtrail]
packs: [network, defense-evasion]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-security-group-opened}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: "The subnet's own filter lets everybody in. With a security group that does too, the machine is on the internet."
noise: New subnets; an ACL that allows all is AWS's default.
cite: "SigmaHQ aws_cloudtrail_new_acl_entries; Elastic AWS EC2 Network Access Control List Creation and Deletion; ATT&CK T1686.001"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.networkAclId') AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' ' || coalesce(json_extract_scalar(request_parameters, '$.networkAclId'), '?') || CASE WHEN event_name LIKE 'Delete%' THEN '' ELSE ': everybody in, ' || CASE WHEN coalesce(json_extract_scalar(request_parameters, '$.aclProtocol'), json_extract_scalar(request_parameters, '$.protocol')) = '-1' THEN 'all protocols' ELSE coalesce('ports ' || json_extract_scalar(request_parameters, '$.portRange.from') || ' to ' || json_extract_scalar(request_parameters, '$.portRange.to'), 'protocol ' || coalesce(json_extract_scalar(request_parameters, '$.aclProtocol'), json_extract_scalar(request_parameters, '$.protocol'), '?')) END END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ec2.amazonaws.com'
  AND (event_name IN ('DeleteNetworkAcl', 'DeleteNetworkAclEntry')
    OR (event_name IN ('CreateNetworkAclEntry', 'ReplaceNetworkAclEntry') AND json_extract_scalar(request_parameters, '$.ruleAction') = 'allow' AND json_extract_scalar(request_parameters, '$.egress') = 'false'
      AND coalesce(json_extract_scalar(request_parameters, '$.cidrBlock'), json_extract_scalar(request_parameters, '$.ipv6CidrBlock')) IN ('0.0.0.0/0', '::/0')))
  AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
ORDER BY 1, 3, 4, 5, 6
