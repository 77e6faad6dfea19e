-- Logins that failed.
SELECT username, remote_ip, count(*) AS attempts, min(record_time) AS first_time, max(record_time) AS last_time FROM redshift_logins WHERE result = 'failed' GROUP BY 1, 2 ORDER BY attempts DESC;

-- Data carried out: UNLOAD and COPY.
SELECT record_time, username, statement FROM redshift_statements WHERE regexp_like(upper(statement), '^\s*(UNLOAD|COPY)') ORDER BY record_time;

-- Users made or changed.
SELECT * FROM redshift_user_changes ORDER BY record_time;

-- Where users connect from, and with what.
SELECT username, remote_ip, application_name, count(*) AS logins FROM redshift_logins GROUP BY 1, 2, 3 ORDER BY logins DESC, 1;

-- Statements of a user.
SELECT record_time, statement FROM redshift_statements WHERE username = 'alice' ORDER BY record_time;
