/*---
id: ct-instance-role-outside-aws
title: Instance role used from an address outside AWS
severity: high
attack: [T1552.005, T1078.004]
sources: [cloudtrail, aws_ip_ranges]
packs: [triage, initial-access, geoip]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Credentials of an EC2 instance were used from a public address that is not in AWS's published ranges. They were taken out of the instance. Needs --ip-ranges with AWS's ip-ranges.json. The network that has the address is named with --geoip."
noise: Instances that reach the internet through an own network, by VPN or Direct Connect, or through addresses brought to AWS, which the list does not have. Calls through a VPC endpoint are left out.
cite: "GuardDuty UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS; ATT&CK T1552.005"
---*/
WITH calls AS (
  SELECT user_principal_id, user_arn, source_ip_address AS ip, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls,
    count(DISTINCT event_name) AS apis, count(error_code) AS errors, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until AND user_type = 'AssumedRole' AND user_principal_id LIKE '%:i-%'
    AND user_invoked_by IS NULL AND vpc_endpoint_id IS NULL
  GROUP BY user_principal_id, user_arn, source_ip_address
)
SELECT first_time AS time, 'cloudtrail' AS source, user_arn AS principal, ip AS src_ip, split_part(user_principal_id, ':', 2) AS target,
  CASE WHEN calls = 1 THEN 'a call' ELSE CAST(calls AS VARCHAR) || ' calls' END || ' from ' || ip || coalesce(', ' || geo_country(ip), '') || coalesce(', ' || as_org(ip), '') || ', not an address of AWS' AS summary,
  geo_country(ip) AS country, asn(ip) AS asn, as_org(ip) AS as_org, calls, apis, errors, last_time, access_key_id, user_agent
FROM calls
WHERE EXISTS (SELECT 1 FROM aws_ip_ranges) AND aws_service(ip) IS NULL AND is_private_ip(ip) = false
ORDER BY 1, 3, 4, 5, 6
