/*---
id: ct-first-country
title: Principal in a country it never came from
severity: medium
attack: [T1078.004]
sources: [cloudtrail, geoip_databases]
packs: [baseline, geoip]
params:
  - {name: min_days, type: bigint, default: 1, doc: days the principal must have been active before}
  - {name: min_score, type: bigint, default: 40, doc: "least score, 0 to 100"}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "The first call from a country, by a principal that has a habit. With --baseline-until T the habit is all it did before T; without, what it did on earlier days. The score is the sum of three columns: score_habit, 10 and 10 more for each day of habit, 40 at most; score_peers, 40 times the part of the other principals that never come from there; score_network, 20 where the principal never used an address of that network (AS organisation) before. why says them in words. Needs --geoip."
noise: Travel, VPNs, a new office. GeoIP databases err, most for mobile networks.
cite: "Elastic new_terms rules over source.geo.country; GuardDuty anomaly findings, geolocation; ATT&CK T1078.004"
---*/
WITH spots AS (
  SELECT coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id) AS who, source_ip_address AS ip, CAST(event_time AS DATE) AS day,
    min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS n, count(error_code) AS errors, max(user_agent) AS user_agent
  FROM cloudtrail
  WHERE event_time < $until AND user_invoked_by IS NULL AND coalesce(user_type, '') <> 'AWSService'
    AND coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id) IS NOT NULL
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
  GROUP BY coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id), source_ip_address, CAST(event_time AS DATE)
),
calls AS (
  SELECT *, geo_country(ip) AS country, as_org(ip) AS org FROM spots WHERE geo_country(ip) IS NOT NULL
),
active AS (
  SELECT who, day, min(first_time) AS first_time, row_number() OVER (PARTITION BY who ORDER BY day) - 1 AS days_before FROM calls GROUP BY who, day
),
habits AS (
  SELECT who, count(CASE WHEN first_time < $baseline_until THEN 1 END) AS days FROM active GROUP BY who
),
organisations AS (
  SELECT who, org, min(first_time) AS first_time FROM calls WHERE org IS NOT NULL GROUP BY who, org
),
pairs AS (
  SELECT who, country, min(first_time) AS first_time, max(last_time) AS last_time, min(day) AS day, CAST(sum(n) AS BIGINT) AS calls,
    CAST(sum(errors) AS BIGINT) AS errors, array_agg(ip ORDER BY first_time, ip)[1] AS ip, array_agg(org ORDER BY first_time, ip)[1] AS org,
    count(DISTINCT ip) AS addresses, max(user_agent) AS user_agent
  FROM calls GROUP BY who, country
),
peers AS (
  SELECT country, count(*) - 1 AS with_it FROM pairs GROUP BY country
),
others AS (
  SELECT count(*) - 1 AS n FROM habits
),
usual AS (
  SELECT who, array_join(array_agg(country ORDER BY first_time, country), ', ') AS countries FROM pairs GROUP BY who
),
scored AS (
  SELECT p.*, e.with_it AS peers, o.n AS others, u.countries,
    CASE WHEN $baseline_until > TIMESTAMP '0002-01-01 00:00:00' THEN h.days ELSE a.days_before END AS days_before,
    CASE WHEN o.n > 0 THEN CAST(floor(40.0 * (o.n - e.with_it) / o.n) AS BIGINT) ELSE 0 END AS score_peers,
    CASE WHEN g.first_time >= p.first_time THEN 20 ELSE 0 END AS score_network
  FROM pairs p
  JOIN active a ON a.who = p.who AND a.day = p.day
  JOIN habits h ON h.who = p.who
  JOIN peers e ON e.country = p.country
  JOIN usual u ON u.who = p.who
  CROSS JOIN others o
  LEFT JOIN organisations g ON g.who = p.who AND g.org = p.org
  WHERE p.first_time >= $since AND p.first_time >= $baseline_until
),
known AS (
  SELECT *, 10 + 10 * CASE WHEN days_before < 3 THEN days_before ELSE 3 END AS score_habit FROM scored WHERE days_before >= $min_days
)
SELECT first_time AS time, 'cloudtrail' AS source, who AS principal, ip AS src_ip, country AS target,
  'score ' || CAST(score_habit + score_peers + score_network AS VARCHAR) || ': first call from ' || country AS summary,
  score_habit + score_peers + score_network AS score,
  'first call from ' || country || ' after ' || CAST(days_before AS VARCHAR) || CASE WHEN days_before = 1 THEN ' day' ELSE ' days' END || ' of use; '
    || CAST(peers AS VARCHAR) || ' of ' || CAST(others AS VARCHAR) || ' other principals come from there; its countries: ' || countries
    || coalesce('; by way of ' || org || CASE WHEN score_network > 0 THEN ', new to it' ELSE ', known to it' END, '') AS why,
  score_habit, score_peers, score_network, days_before, peers, others, org AS as_org, addresses, calls, errors, last_time, user_agent
FROM known
WHERE score_habit + score_peers + score_network >= $min_score
ORDER BY score DESC, 1, 3, 5
