-- Every log event in the columns all sources share; action is the program or log group, outcome failure where a function timed out or failed.
CREATE OR REPLACE VIEW cloudwatch_logs_events AS
SELECT
  time AS event_time,
  'cloudwatch_logs' AS source,
  event_id,
  owner AS account_id,
  CAST(NULL AS VARCHAR) AS region,
  program AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  CASE WHEN program IS NOT NULL THEN NULLIF(regexp_extract(text, '(?:from|rhost=)[ ]?([0-9a-fA-F.:]+[0-9a-fA-F])', 1), '') END AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  COALESCE(program, log_group, 'log event') AS action,
  COALESCE(host, log_stream) AS target,
  CASE WHEN status IS NOT NULL OR error_type IS NOT NULL THEN 'failure' WHEN program LIKE 'sshd%' AND text LIKE 'Accepted %' THEN 'success' WHEN program LIKE 'sshd%' AND (text LIKE 'Failed %' OR text LIKE 'Invalid user %') THEN 'denied' END AS outcome,
  COALESCE(error_type, status) AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  substr(message, 1, 300) AS summary,
  file_id,
  record_no
FROM cloudwatch_logs;

-- Lambda invocations, one row a request: duration, memory and errors, from text lines and from JSON platform events.
CREATE OR REPLACE VIEW lambda_invocations AS
SELECT
  request_id, function_name, min(time) AS start_time, max(time) AS end_time, max(duration_ms) AS duration_ms, max(billed_duration_ms) AS billed_duration_ms,
  max(memory_size_mb) AS memory_size_mb, max(max_memory_used_mb) AS max_memory_used_mb, max(init_duration_ms) AS init_duration_ms,
  COALESCE(max(status), CASE WHEN count(error_type) > 0 THEN 'error' WHEN max(duration_ms) IS NOT NULL THEN 'success' END) AS status, max(error_type) AS error_type,
  count(CASE WHEN level IN ('ERROR', 'FATAL', 'CRITICAL') THEN 1 END) AS error_lines, count(*) AS lines, log_group, owner
FROM (
  SELECT
    COALESCE(request_id, json_extract_scalar(message_json, '$.record.requestId'), json_extract_scalar(message_json, '$.requestId'), json_extract_scalar(message_json, '$.AWSRequestId')) AS request_id,
    COALESCE(NULLIF(regexp_extract(log_group, '^/aws/lambda/(.+)$', 1), ''), NULLIF(regexp_extract(log_stream, '^[0-9]{4}[/-][0-9]{2}[/-][0-9]{2}[/-]([A-Za-z0-9_-]+)\[', 1), '')) AS function_name,
    time, log_group, owner,
    COALESCE(duration_ms, CAST(json_extract_scalar(message_json, '$.record.metrics.durationMs') AS DOUBLE)) AS duration_ms,
    COALESCE(billed_duration_ms, CAST(json_extract_scalar(message_json, '$.record.metrics.billedDurationMs') AS DOUBLE)) AS billed_duration_ms,
    COALESCE(memory_size_mb, CAST(json_extract_scalar(message_json, '$.record.metrics.memorySizeMB') AS INTEGER)) AS memory_size_mb,
    COALESCE(max_memory_used_mb, CAST(json_extract_scalar(message_json, '$.record.metrics.maxMemoryUsedMB') AS INTEGER)) AS max_memory_used_mb,
    COALESCE(init_duration_ms, CAST(json_extract_scalar(message_json, '$.record.metrics.initDurationMs') AS DOUBLE)) AS init_duration_ms,
    CASE WHEN status = 'Task timed out' THEN 'timeout' ELSE COALESCE(status, CASE WHEN json_extract_scalar(message_json, '$.type') = 'platform.report' THEN json_extract_scalar(message_json, '$.record.status') END) END AS status,
    COALESCE(error_type, json_extract_scalar(message_json, '$.record.errorType'), json_extract_scalar(message_json, '$.errorType')) AS error_type,
    COALESCE(level, json_extract_scalar(message_json, '$.level')) AS level
  FROM cloudwatch_logs
  WHERE request_id IS NOT NULL OR message_json LIKE '%equestId%'
) lines
WHERE request_id IS NOT NULL
GROUP BY request_id, function_name, log_group, owner;

-- Lambda functions: invocations, errors, durations and memory.
CREATE OR REPLACE VIEW lambda_functions AS
SELECT function_name, count(*) AS invocations, count(CASE WHEN status <> 'success' THEN 1 END) AS failed, avg(duration_ms) AS avg_duration_ms, max(duration_ms) AS max_duration_ms,
  max(max_memory_used_mb) AS max_memory_used_mb, max(memory_size_mb) AS memory_size_mb, min(start_time) AS first_time, max(end_time) AS last_time
FROM lambda_invocations
GROUP BY 1;

-- Logins, sudo and changes of users on hosts, from syslog.
CREATE OR REPLACE VIEW syslog_auth AS
SELECT
  time, syslog_time, host, program, pid,
  CASE WHEN text LIKE 'Accepted %' THEN 'login' WHEN text LIKE 'Failed password%' OR text LIKE 'Failed publickey%' THEN 'failed login' WHEN text LIKE 'Invalid user %' THEN 'invalid user'
    WHEN program = 'sudo' AND text LIKE '%COMMAND=%' THEN 'sudo' WHEN program IN ('useradd', 'usermod', 'userdel', 'groupadd', 'passwd', 'chpasswd') THEN program WHEN text LIKE 'session opened%' OR text LIKE '%: session opened%' THEN 'session' ELSE 'other' END AS what,
  NULLIF(regexp_extract(text, '(?:for (?:invalid user )?|Invalid user |new user: name=)([^ ,]+)', 1), '') AS user_name,
  NULLIF(regexp_extract(text, 'from ([0-9a-fA-F.:]+)', 1), '') AS src_ip, NULLIF(regexp_extract(text, 'COMMAND=(.*)$', 1), '') AS command,
  text, log_group, log_stream, file_id, record_no
FROM cloudwatch_logs
WHERE program IN ('sshd', 'sshd-session', 'sudo', 'su', 'login', 'useradd', 'usermod', 'userdel', 'groupadd', 'passwd', 'chpasswd', 'systemd-logind');

-- The authenticator of EKS: which IAM principal became which Kubernetes user.
CREATE OR REPLACE VIEW eks_authenticator AS
SELECT time, NULLIF(regexp_extract(log_group, '^/aws/eks/([^/]+)/cluster$', 1), '') AS cluster, level, text AS msg,
  NULLIF(regexp_extract(message, ' arn="([^"]*)"', 1), '') AS arn, NULLIF(regexp_extract(message, ' username="?([^" ]*)', 1), '') AS user_name,
  NULLIF(regexp_extract(message, ' groups="([^"]*)"', 1), '') AS user_groups, NULLIF(regexp_extract(message, ' client="([^"]*)"', 1), '') AS client, file_id, record_no
FROM cloudwatch_logs
WHERE log_stream LIKE 'authenticator-%';

-- Log groups and streams: events and span.
CREATE OR REPLACE VIEW cloudwatch_log_groups AS
SELECT owner, log_group, count(DISTINCT log_stream) AS log_streams, count(*) AS events, min(time) AS first_time, max(time) AS last_time
FROM cloudwatch_logs
GROUP BY 1, 2;
