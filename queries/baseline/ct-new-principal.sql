/*---
id: ct-new-principal
title: Principal that was not there before
severity: low
attack: [T1136.003, T1078.004]
sources: [cloudtrail]
packs: [baseline]
params:
  - {name: min_score, type: bigint, default: 20, doc: "least score, 0 to 100"}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "A principal whose first call comes after --baseline-until T or, without it, on a later day than the first of the account's log. The score is the sum of four columns: score_apis, 40 times the part of its APIs that no other principal calls; score_addresses, 30 times the part of its addresses that no other principal calls from; score_failed, 20 times the part of its calls that failed; score_changes, 10 where it changed something. why says them in words. A role is one principal, whoever holds its sessions."
noise: People and services that join. A role that runs once a week is new in a log of some days.
cite: "Splunk Security Content, AWS Create User / first time seen user; Elastic new_terms rules over user identity; ATT&CK T1136.003"
---*/
WITH calls AS (
  SELECT recipient_account_id AS account_id, coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id) AS who, event_source, event_name,
    source_ip_address AS ip, read_only, event_time, error_code
  FROM cloudtrail
  WHERE event_time < $until AND user_invoked_by IS NULL AND coalesce(user_type, '') <> 'AWSService'
    AND coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id) IS NOT NULL
),
principals AS (
  SELECT account_id, who, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls, count(error_code) AS errors,
    count(CASE WHEN read_only = false THEN 1 END) AS changes
  FROM calls GROUP BY account_id, who
),
starts AS (
  SELECT account_id, min(first_time) AS first_time FROM principals GROUP BY account_id
),
api_use AS (
  SELECT who, event_source, event_name FROM calls GROUP BY who, event_source, event_name
),
api_users AS (
  SELECT event_source, event_name, count(*) AS users FROM api_use GROUP BY event_source, event_name
),
apis AS (
  SELECT u.who, count(*) AS apis, count(CASE WHEN a.users = 1 THEN 1 END) AS own_apis
  FROM api_use u JOIN api_users a ON a.event_source = u.event_source AND a.event_name = u.event_name GROUP BY u.who
),
ip_use AS (
  SELECT who, ip, min(event_time) AS first_time FROM calls WHERE ip IS NOT NULL GROUP BY who, ip
),
ip_users AS (
  SELECT ip, count(*) AS users FROM ip_use GROUP BY ip
),
addresses AS (
  SELECT u.who, count(*) AS addresses, count(CASE WHEN i.users = 1 THEN 1 END) AS own_addresses, array_agg(u.ip ORDER BY u.first_time, u.ip)[1] AS ip
  FROM ip_use u JOIN ip_users i ON i.ip = u.ip GROUP BY u.who
),
scored AS (
  SELECT p.*, a.apis, a.own_apis, i.ip, coalesce(i.addresses, 0) AS addresses, coalesce(i.own_addresses, 0) AS own_addresses,
    CAST(floor(40.0 * a.own_apis / a.apis) AS BIGINT) AS score_apis,
    CASE WHEN i.addresses > 0 THEN CAST(floor(30.0 * i.own_addresses / i.addresses) AS BIGINT) ELSE 0 END AS score_addresses,
    CAST(floor(20.0 * p.errors / p.calls) AS BIGINT) AS score_failed,
    CASE WHEN p.changes > 0 THEN 10 ELSE 0 END AS score_changes
  FROM principals p
  JOIN starts s ON s.account_id = p.account_id
  JOIN apis a ON a.who = p.who
  LEFT JOIN addresses i ON i.who = p.who
  WHERE p.first_time >= $since AND p.first_time >= $baseline_until
    AND ($baseline_until > TIMESTAMP '0002-01-01 00:00:00' OR CAST(p.first_time AS DATE) > CAST(s.first_time AS DATE))
)
SELECT first_time AS time, 'cloudtrail' AS source, who AS principal, ip AS src_ip, account_id AS target,
  'score ' || CAST(score_apis + score_addresses + score_failed + score_changes AS VARCHAR) || ': first call of ' || who AS summary,
  score_apis + score_addresses + score_failed + score_changes AS score,
  CAST(own_apis AS VARCHAR) || ' of its ' || CAST(apis AS VARCHAR) || ' APIs and ' || CAST(own_addresses AS VARCHAR) || ' of its '
    || CAST(addresses AS VARCHAR) || ' addresses are used by no other principal; ' || CAST(errors AS VARCHAR) || ' of ' || CAST(calls AS VARCHAR)
    || ' calls failed; ' || CAST(changes AS VARCHAR) || ' changed something' AS why,
  score_apis, score_addresses, score_failed, score_changes, apis, own_apis, addresses, own_addresses, calls, errors, changes, last_time
FROM scored
WHERE score_apis + score_addresses + score_failed + score_changes >= $min_score
ORDER BY score DESC, 1, 3, 5
