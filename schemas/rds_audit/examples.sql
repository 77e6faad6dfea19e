-- Logins that failed, by user and address.
SELECT user_name, client_host, count(*) AS attempts, min(time) AS first_time, max(time) AS last_time FROM rds_logins WHERE result = 'failed' GROUP BY 1, 2 ORDER BY attempts DESC, 1;

-- What a user ran.
SELECT time, user_name, client_host, operation, statement FROM rds_statements ORDER BY time;

-- Changes of structure and rights.
SELECT time, user_name, client_host, statement FROM rds_ddl ORDER BY time;

-- Errors.
SELECT time, user_name, client_host, severity, message FROM rds_audit WHERE severity IN ('ERROR', 'FATAL') ORDER BY time;

-- Operations by user and table.
SELECT user_name, operation, database, object_name, count(*) AS n FROM rds_audit GROUP BY 1, 2, 3, 4 ORDER BY n DESC, 1, 2, 3, 4;

-- What the server refused for want of rights.
SELECT event_time, principal, src_ip, action, target, error FROM rds_audit_events WHERE outcome = 'denied' ORDER BY event_time;
