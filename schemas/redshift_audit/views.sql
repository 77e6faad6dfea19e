-- Every entry of the Redshift logs in the columns all sources share; outcome is denied for failed logins.
CREATE OR REPLACE VIEW redshift_audit_events AS
SELECT
  record_time AS event_time,
  'redshift_audit' AS source,
  xid AS event_id,
  account_id,
  CAST(NULL AS VARCHAR) AS region,
  username AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  NULLIF(regexp_replace(remotehost, '^::ffff:', ''), '') AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  COALESCE(event, 'user ' || action, 'statement') AS action,
  COALESCE(NULLIF(regexp_extract(log_group, '^/aws/redshift/(?:cluster/)?([^/]+)', 1), '') || '/', '') || COALESCE(dbname, username, '') AS target,
  CASE WHEN event = 'authentication failure' THEN 'denied' WHEN event IS NOT NULL THEN 'success' END AS outcome,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  COALESCE(username, '?') || ' ' || COALESCE(event, 'user ' || action, substr(statement, 1, 200)) || COALESCE(' from ' || remotehost, '') AS summary,
  file_id,
  record_no
FROM redshift_audit;

-- Logins and attempts.
CREATE OR REPLACE VIEW redshift_logins AS
SELECT record_time, username, regexp_replace(remotehost, '^::ffff:', '') AS remote_ip, dbname, authmethod, CASE WHEN event = 'authentication failure' THEN 'failed' ELSE 'success' END AS result, application_name, os_version, driver_version, iamauthguid, file_id, record_no
FROM redshift_audit
WHERE event IN ('authenticated', 'authentication failure');

-- Statements.
CREATE OR REPLACE VIEW redshift_statements AS
SELECT record_time, username, dbname, pid, xid, statement, file_id, record_no FROM redshift_audit WHERE statement IS NOT NULL;

-- Changes of users.
CREATE OR REPLACE VIEW redshift_user_changes AS
SELECT record_time, action, username, oldusername, usesuper, usecreatedb, pid, xid, file_id, record_no FROM redshift_audit WHERE action IS NOT NULL;
