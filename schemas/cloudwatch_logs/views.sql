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
  CASE WHEN program IS NOT NULL THEN NULLIF(regexp_extract(text, '(?:from |rhost=)([0-9]{1,3}(?:[.][0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F.:]+)(?:[ ,;]|$)', 1), '') END AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  COALESCE(program, log_group, 'log event') AS action,
  COALESCE(host, log_stream) AS target,
  CASE WHEN status <> 'success' OR error_type IS NOT NULL THEN 'failure'
    WHEN message_json LIKE '%platform.%' AND json_extract_scalar(message_json, '$.record.status') IN ('failure', 'error', 'timeout') THEN 'failure'
    WHEN message_json LIKE '%"errorType"%' AND json_extract_scalar(message_json, '$.errorType') IS NOT NULL THEN 'failure'
    WHEN program LIKE 'sshd%' AND text LIKE 'Accepted %' THEN 'success' WHEN program LIKE 'sshd%' AND (text LIKE 'Failed %' OR text LIKE 'Invalid user %') THEN 'denied' END AS outcome,
  COALESCE(error_type, status, CASE WHEN message_json LIKE '%"errorType"%' THEN COALESCE(json_extract_scalar(message_json, '$.record.errorType'), json_extract_scalar(message_json, '$.errorType')) END,
    CASE WHEN message_json LIKE '%platform.%' THEN NULLIF(json_extract_scalar(message_json, '$.record.status'), 'success') END) AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  substr(message, 1, 300) AS summary,
  file_id,
  record_no
FROM cloudwatch_logs;

-- Lines of Lambda functions in text and JSON mode. A line that names no request but an error, as Python's unhandled exceptions do, belongs to the request its stream began last and has not ended.
CREATE OR REPLACE VIEW lambda_lines AS
SELECT
  COALESCE(own_request_id, CASE WHEN error_type IS NOT NULL THEN max(started) OVER (PARTITION BY stream, run) END) AS request_id,
  function_name, log_group, owner, time, what, level, status, error_type, duration_ms, billed_duration_ms, memory_size_mb, max_memory_used_mb, init_duration_ms, restore_duration_ms, file_id, record_no
FROM (
  SELECT parts.*,
    CASE WHEN what = 'start' THEN own_request_id END AS started,
    sum(CASE WHEN what IN ('start', 'end', 'report') THEN 1 ELSE 0 END) OVER (PARTITION BY stream ORDER BY COALESCE(timestamp, time), file_id, record_no ROWS UNBOUNDED PRECEDING) AS run
  FROM (
    SELECT
      COALESCE(request_id, json_extract_scalar(message_json, '$.record.requestId'), json_extract_scalar(message_json, '$.requestId'), json_extract_scalar(message_json, '$.AWSRequestId')) AS own_request_id,
      COALESCE(NULLIF(regexp_extract(log_group, '^/aws/lambda/(.+)$', 1), ''), NULLIF(regexp_extract(log_stream, '^[0-9]{4}[/-][0-9]{2}[/-][0-9]{2}[/-]([A-Za-z0-9_-]+)\[', 1), '')) AS function_name,
      COALESCE(log_group, '') || ' ' || COALESCE(log_stream, CAST(file_id AS VARCHAR)) AS stream,
      CASE WHEN message LIKE 'START RequestId: %' OR json_extract_scalar(message_json, '$.type') = 'platform.start' THEN 'start'
        WHEN message LIKE 'END RequestId: %' OR json_extract_scalar(message_json, '$.type') = 'platform.runtimeDone' THEN 'end'
        WHEN message LIKE 'REPORT RequestId: %' OR json_extract_scalar(message_json, '$.type') = 'platform.report' THEN 'report' ELSE 'line' END AS what,
      time, timestamp, log_group, owner, file_id, record_no,
      COALESCE(duration_ms, TRY_CAST(json_extract_scalar(message_json, '$.record.metrics.durationMs') AS DOUBLE)) AS duration_ms,
      COALESCE(billed_duration_ms, TRY_CAST(json_extract_scalar(message_json, '$.record.metrics.billedDurationMs') AS DOUBLE)) AS billed_duration_ms,
      COALESCE(memory_size_mb, TRY_CAST(json_extract_scalar(message_json, '$.record.metrics.memorySizeMB') AS INTEGER)) AS memory_size_mb,
      COALESCE(max_memory_used_mb, TRY_CAST(json_extract_scalar(message_json, '$.record.metrics.maxMemoryUsedMB') AS INTEGER)) AS max_memory_used_mb,
      COALESCE(init_duration_ms, TRY_CAST(json_extract_scalar(message_json, '$.record.metrics.initDurationMs') AS DOUBLE)) AS init_duration_ms,
      COALESCE(restore_duration_ms, TRY_CAST(json_extract_scalar(message_json, '$.record.metrics.restoreDurationMs') AS DOUBLE)) AS restore_duration_ms,
      CASE WHEN status = 'Task timed out' THEN 'timeout' WHEN status = 'Process exited before completing request' THEN 'error'
        ELSE COALESCE(status, CASE WHEN json_extract_scalar(message_json, '$.type') IN ('platform.report', 'platform.runtimeDone') THEN json_extract_scalar(message_json, '$.record.status') END) END AS status,
      COALESCE(error_type, json_extract_scalar(message_json, '$.record.errorType'), json_extract_scalar(message_json, '$.errorType')) AS error_type,
      COALESCE(level, json_extract_scalar(message_json, '$.level')) AS level
    FROM cloudwatch_logs
    WHERE request_id IS NOT NULL OR error_type IS NOT NULL OR message_json LIKE '%equestId%'
  ) parts
) counted;

-- Lambda invocations, one row a request: duration, memory and errors. A request that was tried again keeps its id: attempts counts its reports, 0 where none was logged; status is the worst of them.
CREATE OR REPLACE VIEW lambda_invocations AS
SELECT
  request_id, function_name, min(time) AS start_time, max(time) AS end_time, max(duration_ms) AS duration_ms, max(billed_duration_ms) AS billed_duration_ms,
  max(memory_size_mb) AS memory_size_mb, max(max_memory_used_mb) AS max_memory_used_mb, max(init_duration_ms) AS init_duration_ms,
  CASE WHEN count(CASE WHEN status = 'timeout' THEN 1 END) > 0 THEN 'timeout'
    WHEN count(CASE WHEN status = 'error' THEN 1 END) > 0 THEN 'error'
    WHEN count(CASE WHEN status = 'failure' THEN 1 END) > 0 THEN 'failure'
    WHEN count(error_type) > 0 THEN 'error'
    WHEN count(CASE WHEN what = 'report' THEN 1 END) > 0 OR count(CASE WHEN status = 'success' THEN 1 END) > 0 THEN 'success' END AS status,
  max(error_type) AS error_type,
  count(CASE WHEN level IN ('ERROR', 'FATAL', 'CRITICAL') THEN 1 END) AS error_lines, count(*) AS lines, log_group, owner,
  count(CASE WHEN what = 'report' THEN 1 END) AS attempts, max(restore_duration_ms) AS restore_duration_ms
FROM lambda_lines
WHERE request_id IS NOT NULL
GROUP BY request_id, function_name, log_group, owner;

-- Lambda functions: invocations, errors, durations and memory; unreported are invocations without a report, as those cut off or still running are.
CREATE OR REPLACE VIEW lambda_functions AS
SELECT function_name, count(*) AS invocations, count(CASE WHEN status <> 'success' THEN 1 END) AS failed, avg(duration_ms) AS avg_duration_ms, max(duration_ms) AS max_duration_ms,
  max(max_memory_used_mb) AS max_memory_used_mb, max(memory_size_mb) AS memory_size_mb, min(start_time) AS first_time, max(end_time) AS last_time,
  count(CASE WHEN status = 'timeout' THEN 1 END) AS timeouts, count(CASE WHEN attempts = 0 THEN 1 END) AS unreported
FROM lambda_invocations
GROUP BY 1;

-- Logins, sudo and changes of users on hosts, from syslog.
CREATE OR REPLACE VIEW syslog_auth AS
SELECT
  time, syslog_time, host, program, pid,
  CASE WHEN text LIKE 'Accepted %' THEN 'login' WHEN text LIKE 'Failed password%' OR text LIKE 'Failed publickey%' THEN 'failed login' WHEN text LIKE 'Invalid user %' THEN 'invalid user'
    WHEN program = 'sudo' AND text LIKE '%COMMAND=%' THEN 'sudo' WHEN program IN ('useradd', 'usermod', 'userdel', 'groupadd', 'passwd', 'chpasswd') THEN program WHEN text LIKE 'session opened%' OR text LIKE '%: session opened%' THEN 'session' ELSE 'other' END AS what,
  COALESCE(NULLIF(regexp_extract(text, '(?:for (?:invalid user |user )?|Invalid user |new user: name=)([^ ,(]+)', 1), ''), CASE WHEN program = 'sudo' THEN NULLIF(regexp_extract(text, '^[ ]*([^ :]+) : ', 1), '') END) AS user_name,
  NULLIF(regexp_extract(text, '(?:from |rhost=)([0-9]{1,3}(?:[.][0-9]{1,3}){3}|[0-9a-fA-F]*:[0-9a-fA-F.:]+)(?:[ ,;]|$)', 1), '') AS src_ip, NULLIF(regexp_extract(text, 'COMMAND=(.*)$', 1), '') AS command,
  text, log_group, log_stream, file_id, record_no
FROM cloudwatch_logs
WHERE program IN ('sshd', 'sshd-session', 'sudo', 'su', 'login', 'useradd', 'usermod', 'userdel', 'groupadd', 'passwd', 'chpasswd', 'systemd-logind') OR program LIKE 'sshd(%' OR program LIKE 'su(%';

-- The authenticator of EKS: which IAM principal became which Kubernetes user.
CREATE OR REPLACE VIEW eks_authenticator AS
SELECT time, NULLIF(regexp_extract(log_group, '^/aws/eks/([^/]+)/cluster$', 1), '') AS cluster, level, text AS msg,
  NULLIF(regexp_extract(message, ' arn="([^"]*)"', 1), '') AS arn, COALESCE(NULLIF(regexp_extract(message, ' username="([^"]*)"', 1), ''), NULLIF(regexp_extract(message, ' username=([^" ]+)', 1), '')) AS user_name,
  NULLIF(regexp_extract(message, ' groups="([^"]*)"', 1), '') AS user_groups, NULLIF(regexp_extract(message, ' client="([^"]*)"', 1), '') AS client, file_id, record_no,
  NULLIF(regexp_extract(message, ' error="((?:[^"\\]|\\.)*)"', 1), '') AS error
FROM cloudwatch_logs
WHERE log_stream LIKE 'authenticator-%';

-- Lines of containers as Fluent Bit wraps them: pod, container and stream beside the line itself.
CREATE OR REPLACE VIEW container_lines AS
SELECT time, json_extract_scalar(message_json, '$.kubernetes.namespace_name') AS namespace_name, json_extract_scalar(message_json, '$.kubernetes.pod_name') AS pod_name,
  COALESCE(json_extract_scalar(message_json, '$.kubernetes.container_name'), json_extract_scalar(message_json, '$.container_name')) AS container_name, json_extract_scalar(message_json, '$.kubernetes.host') AS host,
  COALESCE(json_extract_scalar(message_json, '$.stream'), json_extract_scalar(message_json, '$.source')) AS stream, json_extract_scalar(message_json, '$.log') AS line, log_group, log_stream, file_id, record_no
FROM cloudwatch_logs
WHERE message_json LIKE '%"log"%' AND json_extract_scalar(message_json, '$.log') IS NOT NULL;

-- Log groups and streams: events and span.
CREATE OR REPLACE VIEW cloudwatch_log_groups AS
SELECT owner, log_group, count(DISTINCT log_stream) AS log_streams, count(*) AS events, min(time) AS first_time, max(time) AS last_time
FROM cloudwatch_logs
GROUP BY 1, 2;
