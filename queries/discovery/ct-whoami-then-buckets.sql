/*---
id: ct-whoami-then-buckets
title: GetCallerIdentity, then buckets listed
severity: medium
attack: [T1087.004, T1619]
sources: [cloudtrail]
packs: [triage, discovery]
params:
  - {name: window_minutes, type: bigint, default: 5, doc: minutes between the two}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-object-mass-read}
means: Who am I, and what can I take. The first two questions of a person, or a script, with somebody else's long-term key.
noise: Scripts that check their identity before an S3 job. Only long-term keys (AKIA) are looked at.
cite: "Suzaku correlation rule GetCallerIdentity and S3 enumeration; SigmaHQ aws_sts_getcalleridentity_trufflehog; ATT&CK T1619 Cloud Storage Object Discovery"
---*/
WITH steps AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, event_name, error_code
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND ((event_source = 'sts.amazonaws.com' AND event_name = 'GetCallerIdentity')
      OR (event_source = 's3.amazonaws.com' AND event_name = 'ListBuckets'))
    AND user_access_key_id LIKE 'AKIA%'
),
ordered AS (
  SELECT *, max(CASE WHEN event_name = 'GetCallerIdentity' THEN event_time END) OVER (
      PARTITION BY user_access_key_id, source_ip_address ORDER BY event_time) AS asked_at
  FROM steps
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, max(principal) AS principal, source_ip_address AS src_ip,
  user_access_key_id AS target,
  'asked who it is, then listed the buckets' || CASE WHEN count(*) = count(error_code) THEN ' (refused)' ELSE '' END AS summary,
  count(*) AS times, min(asked_at) AS asked_at, max(user_agent) AS user_agent
FROM ordered
WHERE event_name = 'ListBuckets' AND event_time <= asked_at + $window_minutes * INTERVAL '1' MINUTE
GROUP BY source_ip_address, user_access_key_id
ORDER BY 1, 3, 4, 5, 6
