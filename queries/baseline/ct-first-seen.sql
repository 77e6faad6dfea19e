/*---
id: ct-first-seen
title: Principal does, uses or comes from what it never did before
severity: low
attack: [T1078.004]
sources: [cloudtrail]
packs: [baseline]
params:
  - {name: min_days, type: bigint, default: 1, doc: days the principal must have been active before}
  - {name: min_score, type: bigint, default: 60, doc: "least score, 0 to 100"}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "The first API, address, Region or program (kind of user agent) of a principal that has a habit. With --baseline-until T the habit is all it did before T, and what is new comes after T. Without, a thing is new where the principal was active on earlier days and never had it then. The score is the sum of three columns: score_habit, 10 and 10 more for each day of habit, 40 at most; score_peers, 30 times the part of the other principals that never have it; score_company, 10 for each other kind of new thing on the same day, 30 at most. why says them in words. A role is one principal, whoever holds its sessions."
noise: Releases and new tasks are new too, with few points for company. A habit of one day is little; the days before are in days_before.
cite: "Elastic new_terms rules; Splunk Security Content, first time seen AWS detections; GuardDuty anomaly findings name the same dimensions: API, ASN, user agent, location"
---*/
WITH calls AS (
  SELECT coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id) AS who, event_source, event_name, source_ip_address AS ip, user_agent,
    aws_region, event_time, error_code
  FROM cloudtrail
  WHERE event_time < $until AND user_invoked_by IS NULL AND coalesce(user_type, '') <> 'AWSService'
    AND coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id) IS NOT NULL
),
active AS (
  SELECT who, CAST(event_time AS DATE) AS day, min(event_time) AS first_time,
    row_number() OVER (PARTITION BY who ORDER BY CAST(event_time AS DATE)) - 1 AS days_before
  FROM calls GROUP BY who, CAST(event_time AS DATE)
),
habits AS (
  SELECT who, count(CASE WHEN first_time < $baseline_until THEN 1 END) AS days FROM active GROUP BY who
),
agents AS (
  SELECT who, user_agent, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls, count(error_code) AS errors FROM calls WHERE user_agent IS NOT NULL GROUP BY who, user_agent
),
programs AS (
  SELECT who, lower(split_part(split_part(user_agent, ' ', 1), '/', 1) || ' '
      || coalesce(regexp_extract(user_agent, '(?i)(windows|macintosh|macos|darwin|linux|iphone|android)', 1), '')) AS program, first_time, last_time, calls, errors
  FROM agents
),
pairs AS (
  SELECT who, 'API' AS kind, split_part(event_source, '.', 1) || ':' || event_name AS thing, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls, count(error_code) AS errors FROM calls
  GROUP BY who, split_part(event_source, '.', 1) || ':' || event_name
  UNION ALL
  SELECT who, 'address', ip, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls, count(error_code) AS errors FROM calls
  WHERE ip NOT LIKE '%.amazonaws.com' AND ip NOT LIKE 'AWS Internal%' GROUP BY who, ip
  UNION ALL
  SELECT who, 'Region', aws_region, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls, count(error_code) AS errors FROM calls
  WHERE aws_region IS NOT NULL GROUP BY who, aws_region
  UNION ALL
  SELECT who, 'program', program, min(first_time), max(last_time), CAST(sum(calls) AS BIGINT), CAST(sum(errors) AS BIGINT) FROM programs GROUP BY who, program
),
peers AS (
  SELECT kind, thing, count(*) - 1 AS with_it FROM pairs GROUP BY kind, thing
),
others AS (
  SELECT count(*) - 1 AS n FROM habits
),
fresh AS (
  SELECT p.*, a.day, CASE WHEN $baseline_until > TIMESTAMP '0002-01-01 00:00:00' THEN h.days ELSE a.days_before END AS days_before
  FROM pairs p
  JOIN active a ON a.who = p.who AND a.day = CAST(p.first_time AS DATE)
  JOIN habits h ON h.who = p.who
  WHERE p.first_time >= $since AND p.first_time >= $baseline_until
    AND CASE WHEN $baseline_until > TIMESTAMP '0002-01-01 00:00:00' THEN h.days ELSE a.days_before END >= $min_days
),
kinds AS (
  SELECT DISTINCT who, day, kind FROM fresh
),
company AS (
  SELECT a.who, a.day, a.kind, count(*) AS n, array_join(array_agg(b.kind ORDER BY b.kind), ', ') AS names
  FROM kinds a JOIN kinds b ON b.who = a.who AND b.day = a.day AND b.kind <> a.kind
  GROUP BY a.who, a.day, a.kind
),
scored AS (
  SELECT f.*, e.with_it AS peers, o.n AS others, c.names AS also_new,
    10 + 10 * CASE WHEN f.days_before < 3 THEN f.days_before ELSE 3 END AS score_habit,
    CASE WHEN o.n > 0 THEN CAST(floor(30.0 * (o.n - e.with_it) / o.n) AS BIGINT) ELSE 0 END AS score_peers,
    10 * coalesce(c.n, 0) AS score_company
  FROM fresh f
  JOIN peers e ON e.kind = f.kind AND e.thing = f.thing
  CROSS JOIN others o
  LEFT JOIN company c ON c.who = f.who AND c.day = f.day AND c.kind = f.kind
),
found AS (
  SELECT *, score_habit + score_peers + score_company AS score FROM scored WHERE score_habit + score_peers + score_company >= $min_score
),
origins AS (
  SELECT f.who, f.first_time, min(c.ip) AS ip FROM found f JOIN calls c ON c.who = f.who AND c.event_time = f.first_time GROUP BY f.who, f.first_time
)
SELECT f.first_time AS time, 'cloudtrail' AS source, f.who AS principal, CASE WHEN kind = 'address' THEN thing ELSE g.ip END AS src_ip, thing AS target,
  'score ' || CAST(score AS VARCHAR) || ': new ' || kind || ' ' || thing AS summary,
  score,
  'first ' || kind || ' of this name by this principal after ' || CAST(days_before AS VARCHAR) || CASE WHEN days_before = 1 THEN ' day' ELSE ' days' END || ' of use; '
    || CAST(peers AS VARCHAR) || ' of ' || CAST(others AS VARCHAR) || ' other principals have it'
    || coalesce('; new on the same day: ' || also_new, '')
    || CASE WHEN errors > 0 THEN '; ' || CAST(errors AS VARCHAR) || ' of ' || CAST(calls AS VARCHAR) || ' calls failed' ELSE '' END AS why,
  kind, score_habit, score_peers, score_company, days_before, peers, others, also_new, calls, errors, last_time
FROM found f JOIN origins g ON g.who = f.who AND g.first_time = f.first_time
ORDER BY score DESC, 1, 3, 5, 6
