/*---
id: rds-destroyed
title: Tables or databases dropped or emptied
severity: high
attack: [T1485]
sources: [rds_audit]
packs: [triage, impact, data]
params:
  - {name: statements, type: bigint, default: 3, doc: such statements of one user}
means: DROP TABLE, DROP DATABASE, TRUNCATE or DELETE without WHERE, several of them. Extortionists leave a table with a note behind.
noise: Migrations, tests, temporary tables.
cite: "ATT&CK T1485 Data Destruction"
next:
  - {id: rds-dump}
---*/
WITH statements AS (
  SELECT time, user_name, client_host, database, coalesce(log_group, server_host, 'database') AS server, statement, lower(statement) AS words
  FROM rds_statements
  WHERE time >= $since AND time < $until AND statement IS NOT NULL
)
SELECT min(time) AS time, 'rds_audit' AS source, user_name AS principal, client_host AS src_ip, server || coalesce('/' || database, '') AS target,
  CAST(count(*) AS VARCHAR) || ' statements that destroy, such as ' || substr(min_by(statement, time), 1, 120) AS summary,
  count(*) AS statements, max(time) AS last_time, max_by(statement, time) AS last_statement
FROM statements
WHERE regexp_like(words, '^ *(drop (table|database|schema)|truncate |delete from [^ ;]+ *;?$)') AND words NOT LIKE '%temporary%' AND NOT regexp_like(words, '(tmp|temp)[_ ]')
GROUP BY user_name, client_host, server, database
HAVING count(*) >= $statements
ORDER BY 1, 3, 4, 5
