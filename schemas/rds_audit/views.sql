-- Every entry of a database log in the columns all sources share; outcome is denied for failed logins and missing rights, failure for errors.
CREATE OR REPLACE VIEW rds_audit_events AS
SELECT
  time AS event_time,
  'rds_audit' AS source,
  COALESCE(query_id, statement_id) AS event_id,
  account_id,
  CAST(NULL AS VARCHAR) AS region,
  user_name AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  CASE WHEN regexp_like(client_host, '^[0-9]+([.][0-9]+){3}$|:') THEN client_host END AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  CASE WHEN message LIKE 'connection authorized:%' THEN 'CONNECT'
    WHEN severity = 'FATAL' AND regexp_like(message, 'authentication failed for user|^no pg_hba[.]conf entry|^(role|database) "[^"]*" does not exist|^permission denied for database') THEN 'FAILED_CONNECT'
    ELSE COALESCE(operation, severity, record_type) END AS action,
  COALESCE(NULLIF(regexp_extract(log_group, '^/aws/rds/[a-z]+/([^/]+)/', 1), ''), server_host, '') || COALESCE('/' || NULLIF(database, ''), '') || COALESCE(' ' || NULLIF(object_name, ''), '') AS target,
  CASE WHEN operation = 'FAILED_CONNECT' OR (operation = 'CONNECT' AND return_code <> 0) OR return_code IN (1044, 1045, 1142, 1143, 1227, 1370)
      OR regexp_like(message, 'authentication failed for user|^no pg_hba[.]conf entry|^permission denied') OR (severity = 'FATAL' AND regexp_like(message, '^(role|database) "[^"]*" does not exist')) THEN 'denied'
    WHEN return_code <> 0 OR severity IN ('ERROR', 'FATAL', 'PANIC') THEN 'failure' WHEN return_code = 0 OR audit_type IS NOT NULL OR message LIKE 'connection authorized:%' THEN 'success' END AS outcome,
  CASE WHEN return_code <> 0 THEN 'error ' || CAST(return_code AS VARCHAR) WHEN severity IN ('ERROR', 'FATAL', 'PANIC') THEN message END AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  CASE WHEN encrypted_events IS NOT NULL THEN 'events of an activity stream, encrypted'
    ELSE COALESCE(user_name, '?') || COALESCE('@' || NULLIF(client_host, ''), '') || ' ' || COALESCE(operation, severity, '') || ' ' || substr(COALESCE(NULLIF(object, ''), message, database, ''), 1, 200) END AS summary,
  file_id,
  record_no
FROM rds_audit;

-- Logins and attempts, of all engines.
CREATE OR REPLACE VIEW rds_logins AS
SELECT time, user_name, client_host, database,
  CASE WHEN operation = 'FAILED_CONNECT' OR return_code <> 0 OR severity = 'FATAL' THEN 'failed' ELSE 'success' END AS result,
  COALESCE(message, operation) AS what, log_group, server_host, file_id, record_no
FROM rds_audit
WHERE operation IN ('CONNECT', 'FAILED_CONNECT') OR message LIKE 'connection authorized:%'
  OR (severity = 'FATAL' AND regexp_like(message, 'authentication failed for user|^no pg_hba[.]conf entry|^(role|database) "[^"]*" does not exist|^permission denied for database'));

-- Statements, of all engines; those PostgreSQL logs itself stand in its message.
CREATE OR REPLACE VIEW rds_statements AS
SELECT time, user_name, client_host, database, operation, class,
  COALESCE(NULLIF(object, ''), regexp_replace(message, '^(duration: [0-9.]+ ms +)?(statement|execute [^:]*): ', '')) AS statement,
  object_name, return_code, log_group, server_host, file_id, record_no
FROM rds_audit
WHERE operation NOT IN ('CONNECT', 'DISCONNECT', 'FAILED_CONNECT') OR severity = 'STATEMENT' OR (severity = 'LOG' AND regexp_like(message, '^(duration: [0-9.]+ ms +)?(statement|execute [^:]*): '));

-- Statements that change the structure or the rights of a database.
CREATE OR REPLACE VIEW rds_ddl AS
SELECT * FROM rds_statements
WHERE class IN ('DDL', 'ROLE') OR operation IN ('CREATE', 'ALTER', 'DROP', 'RENAME') OR regexp_like(upper(statement), '^\s*(CREATE|ALTER|DROP|TRUNCATE|GRANT|REVOKE|RENAME)\b');
