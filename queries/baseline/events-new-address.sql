/*---
id: events-new-address
title: Address new to the case shows up in several logs
severity: low
attack: [T1078.004, T1190]
sources: [events]
packs: [baseline]
params:
  - {name: min_sources, type: bigint, default: 2, doc: logs the address must be in}
  - {name: min_score, type: bigint, default: 60, doc: "least score, 0 to 100"}
means: "A public address without any event before --baseline-until T or, without it, before the day it first appears, that then is the source of events in several logs. The score is the sum of three columns: score_sources, 20 for each log beyond the first, 40 at most; score_habit, 10 for each day of logs before, 30 at most, for a log without a past knows no new; score_agents, 30 where none of its user agents was used by another address, 15 where it names none. why says them in words."
noise: Every visitor of a public site is new to it once; few of them are in the logs of other services too.
cite: "timesketch and Suzaku merged timelines; Elastic new_terms rules over source.ip"
---*/
WITH seen AS (
  SELECT src_ip, source, CAST(event_time AS DATE) AS day, min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS n,
    min(principal) AS principal
  FROM events
  WHERE event_time < $until AND src_ip IS NOT NULL
  GROUP BY src_ip, source, CAST(event_time AS DATE)
),
days AS (
  SELECT day, row_number() OVER (ORDER BY day) - 1 AS days_before, min(first_time) AS first_time FROM seen GROUP BY day
),
habit AS (
  SELECT count(CASE WHEN first_time < $baseline_until THEN 1 END) AS days FROM days
),
addresses AS (
  SELECT src_ip, min(first_time) AS first_time, max(last_time) AS last_time, min(day) AS day, count(DISTINCT source) AS sources,
    CAST(sum(n) AS BIGINT) AS n, min(principal) AS principal
  FROM seen GROUP BY src_ip
  HAVING count(DISTINCT source) >= $min_sources AND min(first_time) >= $since AND min(first_time) >= $baseline_until
),
fresh AS (
  SELECT a.*, CASE WHEN $baseline_until > TIMESTAMP '0002-01-01 00:00:00' THEN h.days ELSE d.days_before END AS days_before
  FROM addresses a JOIN days d ON d.day = a.day CROSS JOIN habit h
  WHERE CASE WHEN a.n > 0 THEN is_private_ip(a.src_ip) = false END
    AND CASE WHEN $baseline_until > TIMESTAMP '0002-01-01 00:00:00' THEN h.days ELSE d.days_before END > 0
),
agents AS (
  SELECT user_agent, count(DISTINCT src_ip) AS addresses FROM events
  WHERE event_time < $until AND src_ip IS NOT NULL AND user_agent IS NOT NULL
  GROUP BY user_agent
),
named AS (
  SELECT f.src_ip, min(g.addresses) AS least, max(g.addresses) AS most
  FROM fresh f JOIN events e ON e.src_ip = f.src_ip JOIN agents g ON g.user_agent = e.user_agent
  WHERE e.event_time < $until
  GROUP BY f.src_ip
),
logs AS (
  SELECT s.src_ip, array_join(array_agg(DISTINCT s.source ORDER BY s.source), ', ') AS names
  FROM seen s JOIN fresh f ON f.src_ip = s.src_ip GROUP BY s.src_ip
),
scored AS (
  SELECT f.*, l.names, n.most AS agent_addresses,
    CASE WHEN f.sources > 2 THEN 40 ELSE 20 * (f.sources - 1) END AS score_sources,
    10 * CASE WHEN f.days_before < 3 THEN f.days_before ELSE 3 END AS score_habit,
    CASE WHEN n.most IS NULL THEN 15 WHEN n.most = 1 THEN 30 ELSE 0 END AS score_agents
  FROM fresh f JOIN logs l ON l.src_ip = f.src_ip LEFT JOIN named n ON n.src_ip = f.src_ip
)
SELECT first_time AS time, 'events' AS source, principal, src_ip, CAST(NULL AS VARCHAR) AS target,
  'score ' || CAST(score_sources + score_habit + score_agents AS VARCHAR) || ': first seen, in ' || names AS summary,
  score_sources + score_habit + score_agents AS score,
  'nothing from it on ' || CAST(days_before AS VARCHAR) || CASE WHEN days_before = 1 THEN ' day' ELSE ' days' END || ' of logs before; then ' || CAST(n AS VARCHAR) || ' events in ' || names
    || CASE WHEN agent_addresses IS NULL THEN '; no user agent' WHEN agent_addresses = 1 THEN '; its user agents are its alone' ELSE '; others have its user agents' END AS why,
  score_sources, score_habit, score_agents, sources, n AS events, days_before, last_time
FROM scored
WHERE score_sources + score_habit + score_agents >= $min_score
ORDER BY score DESC, 1, 4
