-- Every entry of a database log in the columns all sources share; outcome is denied for failed logins, failure for errors.
CREATE OR REPLACE VIEW rds_audit_events AS
SELECT
  time AS event_time,
  'rds_audit' AS source,
  query_id AS event_id,
  account_id,
  CAST(NULL AS VARCHAR) AS region,
  user_name AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  NULLIF(client_host, '[local]') AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  COALESCE(operation, severity) AS action,
  COALESCE(NULLIF(regexp_extract(log_group, '^/aws/rds/[a-z]+/([^/]+)/', 1), ''), server_host, '') || COALESCE('/' || NULLIF(database, ''), '') || COALESCE(' ' || NULLIF(object_name, ''), '') AS target,
  CASE WHEN operation = 'FAILED_CONNECT' OR (operation = 'CONNECT' AND return_code <> 0) OR message LIKE 'password authentication failed%' OR message LIKE 'no pg_hba.conf entry%' THEN 'denied' WHEN return_code <> 0 OR severity IN ('ERROR', 'FATAL', 'PANIC') THEN 'failure' WHEN return_code = 0 OR audit_type IS NOT NULL THEN 'success' END AS outcome,
  CASE WHEN return_code <> 0 THEN 'error ' || CAST(return_code AS VARCHAR) WHEN severity IN ('ERROR', 'FATAL', 'PANIC') THEN message END AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  COALESCE(user_name, '?') || COALESCE('@' || NULLIF(client_host, ''), '') || ' ' || COALESCE(operation, severity, '') || ' ' || substr(COALESCE(NULLIF(object, ''), message, database, ''), 1, 200) AS summary,
  file_id,
  record_no
FROM rds_audit;

-- Logins and attempts, of all engines.
CREATE OR REPLACE VIEW rds_logins AS
SELECT time, user_name, client_host, database,
  CASE WHEN operation = 'FAILED_CONNECT' OR return_code <> 0 OR severity = 'FATAL' THEN 'failed' ELSE 'success' END AS result,
  COALESCE(message, operation) AS what, log_group, server_host, file_id, record_no
FROM rds_audit
WHERE operation IN ('CONNECT', 'FAILED_CONNECT') OR message LIKE 'connection authorized%' OR message LIKE 'password authentication failed%' OR message LIKE 'no pg_hba.conf entry%';

-- Statements, of all engines.
CREATE OR REPLACE VIEW rds_statements AS
SELECT time, user_name, client_host, database, operation, class, COALESCE(NULLIF(object, ''), message) AS statement, object_name, return_code, log_group, server_host, file_id, record_no
FROM rds_audit
WHERE operation NOT IN ('CONNECT', 'DISCONNECT', 'FAILED_CONNECT') OR severity = 'STATEMENT';

-- Statements that change the structure or the rights of a database.
CREATE OR REPLACE VIEW rds_ddl AS
SELECT * FROM rds_statements
WHERE class IN ('DDL', 'ROLE') OR operation IN ('CREATE', 'ALTER', 'DROP', 'RENAME') OR regexp_like(upper(statement), '^\s*(CREATE|ALTER|DROP|TRUNCATE|GRANT|REVOKE|RENAME)\b');
