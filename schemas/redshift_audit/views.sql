-- Every entry of the Redshift logs in the columns all sources share; outcome is denied for failed logins. The user log names who was changed, not who did it.
CREATE OR REPLACE VIEW redshift_audit_events AS
SELECT
  record_time AS event_time,
  'redshift_audit' AS source,
  xid AS event_id,
  account_id,
  CAST(NULL AS VARCHAR) AS region,
  CASE WHEN action IS NULL THEN username END AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  CASE WHEN regexp_like(remotehost, '^[0-9]+([.][0-9]+){3}$|:') THEN regexp_replace(remotehost, '^::ffff:', '') END AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  COALESCE(event, 'user ' || action, 'statement') AS action,
  COALESCE(NULLIF(regexp_extract(log_group, '^/aws/redshift/(?:cluster/)?([^/]+)', 1), '') || '/', '') || COALESCE(CASE WHEN action IS NOT NULL THEN username END, dbname, username, '') AS target,
  CASE WHEN event LIKE 'authentication failure%' THEN 'denied' WHEN event IS NOT NULL OR action IS NOT NULL THEN 'success' END AS outcome,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  CASE WHEN action IS NOT NULL THEN 'user ' || action || ' ' || COALESCE(username, '?') || COALESCE(', before ' || oldusername, '') ELSE COALESCE(username, '?') || ' ' || COALESCE(event, substr(statement, 1, 200), '') END || COALESCE(' from ' || remotehost, '') AS summary,
  file_id,
  record_no
FROM redshift_audit;

-- Logins and attempts.
CREATE OR REPLACE VIEW redshift_logins AS
SELECT record_time, username, regexp_replace(remotehost, '^::ffff:', '') AS remote_ip, dbname, authmethod, CASE WHEN event LIKE 'authentication failure%' THEN 'failed' ELSE 'success' END AS result, application_name, os_version, driver_version, iamauthguid, file_id, record_no
FROM redshift_audit
WHERE event = 'authenticated' OR event LIKE 'authentication failure%';

-- Statements.
CREATE OR REPLACE VIEW redshift_statements AS
SELECT record_time, username, dbname, pid, xid, statement, file_id, record_no FROM redshift_audit WHERE statement IS NOT NULL;

-- Changes of users, with who made them where the statement of the same session and transaction is in the user activity log.
CREATE OR REPLACE VIEW redshift_user_changes AS
SELECT c.record_time, c.action, c.username, c.oldusername, c.usesuper, c.usecreatedb, c.pid, c.xid, a.changed_by, c.file_id, c.record_no
FROM redshift_audit c
LEFT JOIN (
  SELECT pid, xid, CASE WHEN count(DISTINCT username) = 1 THEN max(username) END AS changed_by FROM redshift_audit WHERE statement IS NOT NULL GROUP BY pid, xid
) a ON a.pid = c.pid AND a.xid = c.xid
WHERE c.action IS NOT NULL;
