/*---
id: rds-injection
title: Statement that looks injected
severity: medium
attack: [T1190]
sources: [rds_audit]
packs: [triage, initial-access, data, web]
means: "The database ran, or refused, a statement with the marks of SQL injection: a UNION with the catalogue, sleeping, versions, always true."
noise: Administration tools read information_schema; they log in as themselves, not as the application.
cite: "OWASP Web Security Testing Guide, SQL injection; ATT&CK T1190"
next:
  - {id: alb-injection-answered}
  - {id: rds-dump}
---*/
WITH statements AS (
  SELECT time, user_name, client_host, database, coalesce(log_group, server_host, 'database') AS server, statement, lower(statement) AS words
  FROM rds_statements
  WHERE time >= $since AND time < $until AND statement IS NOT NULL
)
SELECT min(time) AS time, 'rds_audit' AS source, user_name AS principal, client_host AS src_ip, server || coalesce('/' || database, '') AS target,
  CAST(count(*) AS VARCHAR) || ' statements that look injected, such as ' || substr(min_by(statement, time), 1, 160) AS summary,
  count(*) AS statements, count(DISTINCT statement) AS different, max(time) AS last_time, max_by(statement, time) AS last_statement
FROM statements
WHERE regexp_like(words, 'union (all )?select .*(information_schema|@@version|version[(]|null, *null|concat[(]|pg_catalog|user[(])|(and|or|select|,) *(pg_)?sleep *[(] *[0-9]|benchmark *[(] *[0-9]{5}|extractvalue *[(] *[0-9]|updatexml *[(]|or +(''?[0-9a-z]+''?) *= *''?[0-9a-z]+''? *(--|#)|xp_cmdshell')
GROUP BY user_name, client_host, server, database
ORDER BY 1, 3, 4, 5
