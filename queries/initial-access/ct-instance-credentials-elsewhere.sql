/*---
id: ct-instance-credentials-elsewhere
title: Instance role credentials used from a second address
severity: high
attack: [T1552.005, T1078.004]
sources: [cloudtrail]
packs: [triage, initial-access]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-credentials-issued, with: {key: access_key_id}}
means: The credentials of an instance were used from an address other than the one it mostly calls from. They may have been read from its metadata service and taken away.
noise: Instances that got a new public address, call through several NAT gateways, or partly through a VPC endpoint (then vpc_endpoint_id is set). x-instance-role-stranger gives proof from the flows.
cite: "SigmaHQ aws_ec2 instance credentials rules; Stratus Red Team aws.credential-access.ec2-steal-instance-credentials; ATT&CK T1552.005"
---*/
WITH calls AS (
  SELECT user_principal_id, source_ip_address, vpc_endpoint_id, min(event_time) AS first_time,
    max(event_time) AS last_time, count(*) AS calls, max(user_arn) AS user_arn, max(user_agent) AS user_agent,
    count(DISTINCT event_name) AS apis, count(error_code) AS errors, max(user_access_key_id) AS access_key_id
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_type = 'AssumedRole' AND user_principal_id LIKE '%:i-%'
    AND user_invoked_by IS NULL
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
    AND regexp_like(user_principal_id, ':i-[0-9a-f]{8,17}$')
  GROUP BY user_principal_id, source_ip_address, vpc_endpoint_id
),
ranked AS (
  SELECT *, row_number() OVER (PARTITION BY user_principal_id ORDER BY calls DESC, first_time) AS place,
    first_value(source_ip_address) OVER (PARTITION BY user_principal_id ORDER BY calls DESC, first_time) AS usual
  FROM calls
)
SELECT first_time AS time, 'cloudtrail' AS source, user_arn AS principal, source_ip_address AS src_ip,
  split_part(user_principal_id, ':', 2) AS target,
  CAST(calls AS VARCHAR) || ' calls from ' || source_ip_address || ', the instance calls from ' || usual AS summary,
  usual AS usual_ip, calls, apis, errors, last_time, access_key_id, vpc_endpoint_id, user_agent
FROM ranked
WHERE place > 1 AND source_ip_address <> usual
ORDER BY 1, 3, 4, 5, 6
