/*---
id: rds-dump
title: Database dumped or exported by a statement
severity: high
attack: [T1213.006, T1048]
sources: [rds_audit]
packs: [triage, exfiltration, data, collection]
means: Statements such as dump tools send, or ones that write a table to a file or a bucket.
noise: Nightly dumps by a user and host of their own.
cite: "MySQL 8.0 Reference Manual, mysqldump and SELECT INTO; Amazon Aurora User Guide, SELECT INTO OUTFILE S3 and aws_s3.query_export_to_s3; PostgreSQL documentation, COPY; ATT&CK T1213.006"
next:
  - {id: rds-login-guessing}
---*/
WITH statements AS (
  SELECT time, user_name, client_host, database, coalesce(log_group, server_host, 'database') AS server, statement, lower(statement) AS words
  FROM rds_statements
  WHERE time >= $since AND time < $until AND statement IS NOT NULL
)
SELECT min(time) AS time, 'rds_audit' AS source, user_name AS principal, client_host AS src_ip, server || coalesce('/' || database, '') AS target,
  CAST(count(*) AS VARCHAR) || ' statements of a dump or export, such as ' || substr(min_by(statement, time), 1, 120) AS summary,
  count(*) AS statements, max(time) AS last_time, max_by(statement, time) AS last_statement
FROM statements
WHERE regexp_like(words, 'select /[*]!40001 sql_no_cache|into (outfile|dumpfile)|query_export_to_s3|^ *copy .* to (stdout|program|''|s3)|^ *copy [(]?.*[)]? to |lo_export|pg_read_file|load_file *[(]')
GROUP BY user_name, client_host, server, database
ORDER BY 1, 3, 4, 5
