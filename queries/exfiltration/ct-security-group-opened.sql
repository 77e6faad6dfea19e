/*---
id: ct-security-group-opened
title: Security group opened to the world
severity: high
attack: [T1686.001]
sources: [cloudtrail]
packs: [triage, exfiltration, defense-evasion, initial-access, network]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: x-opened-then-reached}
  - {id: ct-key-calls, with: {key: access_key_id}}
means: SSH, RDP, a database port or everything was opened to the whole internet. x-opened-then-reached says who came.
noise: Web ports are left out. Engineers who open SSH for a minute are the common case, and the common hole.
cite: "Stratus Red Team aws.exfiltration.ec2-security-group-open-port-22-ingress; AWS CloudTrail Lake query samples, ec2-public-security-group; CIS AWS Foundations Benchmark, security groups; ATT&CK T1686.001"
---*/
WITH opened AS (
  SELECT *,
    coalesce(json_extract_scalar(request_parameters, '$.cidrIp'),
      json_extract_scalar(request_parameters, '$.ipPermissions.items[0].ipRanges.items[0].cidrIp'),
      json_extract_scalar(request_parameters, '$.ipPermissions.items[0].ipv6Ranges.items[0].cidrIpv6')) AS cidr,
    TRY_CAST(coalesce(json_extract_scalar(request_parameters, '$.fromPort'),
      json_extract_scalar(request_parameters, '$.ipPermissions.items[0].fromPort'), '0') AS BIGINT) AS from_port,
    TRY_CAST(coalesce(json_extract_scalar(request_parameters, '$.toPort'),
      json_extract_scalar(request_parameters, '$.ipPermissions.items[0].toPort'), '65535') AS BIGINT) AS to_port,
    coalesce(json_extract_scalar(request_parameters, '$.ipProtocol'),
      json_extract_scalar(request_parameters, '$.ipPermissions.items[0].ipProtocol')) AS ip_protocol
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'ec2.amazonaws.com' AND event_name = 'AuthorizeSecurityGroupIngress'
    -- Any rule of the request, not only the first: the text is searched.
    AND (request_parameters LIKE '%0.0.0.0/0%' OR request_parameters LIKE '%"::/0"%' OR request_parameters LIKE '%/0"%')
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.groupId'), json_extract_scalar(request_parameters, '$.groupName')) AS target,
  CASE WHEN error_code IS NULL THEN 'opened ' ELSE 'tried to open ' END
    || CASE WHEN ip_protocol = '-1' THEN 'everything' WHEN from_port = to_port THEN 'port ' || CAST(from_port AS VARCHAR)
      ELSE 'ports ' || CAST(from_port AS VARCHAR) || '-' || CAST(to_port AS VARCHAR) END
    || ' to ' || coalesce(cidr, 'the internet') AS summary,
  from_port, to_port, ip_protocol, cidr,
  json_extract_scalar(response_elements, '$.securityGroupRuleSet.items[0].securityGroupRuleId') AS rule_id,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM opened
WHERE NOT (from_port = to_port AND from_port IN (80, 443))
ORDER BY 1, 3, 4, 5, 6
