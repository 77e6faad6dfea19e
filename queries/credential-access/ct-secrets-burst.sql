/*---
id: ct-secrets-burst
title: Many secrets or parameters read
severity: high
attack: [T1555.006]
sources: [cloudtrail]
packs: [triage, credential-access]
params:
  - {name: secrets, type: bigint, default: 10, doc: distinct secrets read or refused that make a burst}
  - {name: window_minutes, type: bigint, default: 10, doc: minutes they must lie in}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-credentials-issued, with: {key: access_key_id}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: One principal reads secret after secret from Secrets Manager, or decrypts parameter after parameter. An application reads its own few.
noise: Backup and rotation jobs, external-secrets controllers at start.
cite: "Stratus Red Team aws.credential-access.secretsmanager-retrieve-secrets, secretsmanager-batch-retrieve-secrets, ssm-retrieve-securestring-parameters; ATT&CK T1555.006 Cloud Secrets Management Stores"
---*/
WITH reads AS (
  SELECT event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent, error_code,
    -- GetParameters and BatchGetSecretValue name several at once: the call's
    -- own parameters stand for the set.
    coalesce(json_extract_scalar(request_parameters, '$.secretId'), json_extract_scalar(request_parameters, '$.name'),
      json_extract_scalar(request_parameters, '$.path'), request_parameters) AS secret,
    coalesce(json_extract_scalar(request_parameters, '$.secretId'), json_extract_scalar(request_parameters, '$.name'),
      json_extract_scalar(request_parameters, '$.path'), json_extract_scalar(request_parameters, '$.names[0]'), event_name) AS label,
    CASE event_name WHEN 'GetParameters' THEN greatest(1, coalesce(CAST(json_array_length(json_extract(request_parameters, '$.names')) AS BIGINT), 1))
      WHEN 'BatchGetSecretValue' THEN greatest(1, coalesce(CAST(json_array_length(json_extract(request_parameters, '$.secretIdList')) AS BIGINT), 20))
      WHEN 'GetParametersByPath' THEN 10 ELSE 1 END AS weight
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND ((event_source = 'secretsmanager.amazonaws.com' AND event_name IN ('GetSecretValue', 'BatchGetSecretValue'))
      OR (event_source = 'ssm.amazonaws.com' AND event_name IN ('GetParameter', 'GetParameters', 'GetParametersByPath')
        AND json_extract_scalar(request_parameters, '$.withDecryption') = 'true'))
),
-- Each read covers its secret until the window has passed or it is read again:
-- the running sum is the number of distinct secrets in the window.
spans AS (
  SELECT principal, secret, weight, event_time,
    lead(event_time) OVER (PARTITION BY principal, secret ORDER BY event_time) AS next_time
  FROM reads
),
edges AS (
  SELECT principal, event_time AS moment, weight AS step FROM spans
  UNION ALL
  SELECT principal, CASE WHEN next_time < event_time + $window_minutes * INTERVAL '1' MINUTE THEN next_time
      ELSE event_time + $window_minutes * INTERVAL '1' MINUTE END, -weight
  FROM spans
),
running AS (
  SELECT principal, moment, sum(step) OVER (PARTITION BY principal ORDER BY moment) AS distinct_secrets FROM edges
),
bursts AS (
  SELECT principal, min(moment) AS time, max(distinct_secrets) AS most
  FROM running WHERE distinct_secrets >= $secrets GROUP BY principal
)
SELECT b.time, 'cloudtrail' AS source, b.principal, max(r.source_ip_address) AS src_ip, max(r.label) AS target,
  CAST(b.most AS VARCHAR) || ' secrets read within ' || CAST($window_minutes AS VARCHAR) || ' minutes' AS summary,
  count(*) AS calls, count(DISTINCT r.secret) AS secrets, count(r.error_code) AS errors,
  min(r.event_time) AS first_time, max(r.event_time) AS last_time,
  max(r.user_access_key_id) AS access_key_id, max(r.user_agent) AS user_agent
FROM bursts b JOIN reads r ON r.principal = b.principal
GROUP BY b.time, b.principal, b.most
ORDER BY 1, 3, 4, 5, 6
