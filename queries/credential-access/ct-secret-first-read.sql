/*---
id: ct-secret-first-read
title: Secret read by somebody who never read it
severity: low
attack: [T1555.006]
sources: [cloudtrail]
packs: [credential-access]
params:
  - {name: baseline_hours, type: bigint, default: 6, doc: hours of reads before a reader counts as new}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "A secret has a few readers, always the same. A new one, a person above all, is worth a question."
noise: New releases; the habit is only as long as the logs.
cite: "Elastic First Time Seen AWS Secret Value Accessed in Secrets Manager; ATT&CK T1555.006"
---*/
WITH reads AS (
  SELECT json_extract_scalar(request_parameters, '$.secretId') AS secret, coalesce(session_issuer_arn, coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS reader, min(event_time) AS first_time, max(event_time) AS last_time,
    count(*) AS calls, max(coalesce(user_arn, user_name, user_principal_id, user_invoked_by)) AS principal, max(source_ip_address) AS src_ip, max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'secretsmanager.amazonaws.com' AND event_name = 'GetSecretValue' AND error_code IS NULL
  GROUP BY json_extract_scalar(request_parameters, '$.secretId'), coalesce(session_issuer_arn, coalesce(user_arn, user_name, user_principal_id, user_invoked_by))
),
habits AS (
  SELECT *, min(first_time) OVER (PARTITION BY secret) AS known_since FROM reads WHERE secret IS NOT NULL
)
SELECT first_time AS time, 'cloudtrail' AS source, principal, src_ip, secret AS target,
  'first read by ' || coalesce(regexp_extract(reader, '[^/]+$', 0), '?') || ', ' || CAST(date_diff('hour', known_since, first_time) AS VARCHAR) || ' h after the first read by anybody' AS summary,
  calls, last_time, known_since, access_key_id, user_agent
FROM habits
WHERE first_time >= known_since + $baseline_hours * INTERVAL '1' HOUR
ORDER BY 1, 3, 4, 5, 6
