-- Lambda invocations with duration, memory and errors.
SELECT start_time, function_name, request_id, duration_ms, max_memory_used_mb, memory_size_mb, status, error_type
FROM lambda_invocations
ORDER BY start_time;

-- Functions that fail.
SELECT * FROM lambda_functions ORDER BY failed DESC, function_name;

-- Logins on hosts, and attempts.
SELECT time, syslog_time, host, what, user_name, src_ip FROM syslog_auth WHERE what LIKE '%login%' OR what = 'invalid user' ORDER BY syslog_time;

-- What was run with sudo.
SELECT syslog_time, host, text, command FROM syslog_auth WHERE what = 'sudo' ORDER BY syslog_time;

-- Events of applications that are JSON, by a member of theirs.
SELECT time, log_group, json_extract_scalar(message_json, '$.level') AS level, json_extract_scalar(message_json, '$.message') AS message
FROM cloudwatch_logs
WHERE message_json IS NOT NULL
ORDER BY time;

-- Log groups, and what they hold.
SELECT * FROM cloudwatch_log_groups ORDER BY events DESC, log_group;

-- Invocations that were never reported: cut off, or still running when the logs were taken.
SELECT request_id, function_name, start_time, lines, error_lines FROM lambda_invocations WHERE attempts = 0 ORDER BY start_time;

-- Which IAM principal became which Kubernetes user, and who was refused.
SELECT time, cluster, msg, arn, user_name, user_groups, error FROM eks_authenticator ORDER BY time;

-- What containers wrote.
SELECT time, namespace_name, pod_name, stream, line FROM container_lines ORDER BY time, pod_name;
