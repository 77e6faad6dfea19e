/*---
id: ct-rare-api
title: API that hardly anybody calls
severity: low
attack: [T1078.004]
sources: [cloudtrail]
packs: [baseline]
params:
  - {name: max_principals, type: bigint, default: 1, doc: most principals that call it}
  - {name: max_calls, type: bigint, default: 5, doc: most calls of it by a principal}
  - {name: min_score, type: bigint, default: 60, doc: "least score, 0 to 100"}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "An API that few principals call, and seldom. Rarity is counted over the whole case up to --until; with --baseline-until T only calls from T on are shown. The score is the sum of four columns: score_peers, 40 times the part of the principals that never call it; score_calls, 20 for one call and 4 less for each more; score_new, 20 where nobody called it before T and on the first day of the case; score_changes, 20 where it changes something. why says them in words."
noise: Work that is done once a month, and all work in a small account.
cite: "Splunk Security Content, rare API calls; Elastic, rare AWS error code and method machine-learning jobs"
---*/
WITH calls AS (
  SELECT coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id) AS who, split_part(event_source, '.', 1) || ':' || event_name AS api,
    min(event_time) AS first_time, max(event_time) AS last_time, min(CASE WHEN event_time >= $since AND event_time >= $baseline_until THEN event_time END) AS shown_time,
    count(*) AS n, count(error_code) AS errors, max(source_ip_address) AS ip, count(CASE WHEN read_only = false THEN 1 END) AS changes
  FROM cloudtrail
  WHERE event_time < $until AND user_invoked_by IS NULL AND coalesce(user_type, '') <> 'AWSService'
    AND coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id) IS NOT NULL
  GROUP BY coalesce(session_issuer_arn, NULLIF(user_arn, ''), NULLIF(user_name, ''), user_principal_id), split_part(event_source, '.', 1) || ':' || event_name
),
apis AS (
  SELECT api, count(*) AS principals, min(first_time) AS api_first_time FROM calls GROUP BY api
),
everybody AS (
  SELECT count(DISTINCT who) AS n, min(CAST(first_time AS DATE)) AS first_day FROM calls
),
scored AS (
  SELECT c.*, a.principals, e.n AS all_principals,
    CAST(floor(40.0 * (e.n - a.principals) / e.n) AS BIGINT) AS score_peers,
    CASE WHEN c.n < 6 THEN 24 - 4 * c.n ELSE 0 END AS score_calls,
    CASE WHEN a.api_first_time >= $baseline_until AND CAST(a.api_first_time AS DATE) > e.first_day THEN 20 ELSE 0 END AS score_new,
    CASE WHEN c.changes > 0 THEN 20 ELSE 0 END AS score_changes
  FROM calls c
  JOIN apis a ON a.api = c.api
  CROSS JOIN everybody e
  WHERE c.shown_time IS NOT NULL AND a.principals <= $max_principals AND c.n <= $max_calls
)
SELECT shown_time AS time, 'cloudtrail' AS source, who AS principal, ip AS src_ip, api AS target,
  'score ' || CAST(score_peers + score_calls + score_new + score_changes AS VARCHAR) || ': ' || api || ', called ' || CASE WHEN n = 1 THEN 'once' ELSE CAST(n AS VARCHAR) || ' times' END AS summary,
  score_peers + score_calls + score_new + score_changes AS score,
  CAST(principals AS VARCHAR) || ' of ' || CAST(all_principals AS VARCHAR) || CASE WHEN principals = 1 THEN ' principals calls it, ' ELSE ' principals call it, ' END
    || CASE WHEN n = 1 THEN 'once' ELSE CAST(n AS VARCHAR) || ' times' END
    || CASE WHEN score_new > 0 THEN '; nobody did before' ELSE '' END
    || CASE WHEN changes > 0 THEN '; it changes something' ELSE '; it reads' END
    || CASE WHEN errors > 0 THEN '; ' || CAST(errors AS VARCHAR) || ' failed' ELSE '' END AS why,
  score_peers, score_calls, score_new, score_changes, principals, all_principals, n AS calls, errors, changes, last_time
FROM scored
WHERE score_peers + score_calls + score_new + score_changes >= $min_score
ORDER BY score DESC, 1, 3, 5
