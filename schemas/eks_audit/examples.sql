-- Who did what, by verb and kind of object.
SELECT user_username, arn, verb, object_resource, count(*) AS requests, min(stage_timestamp) AS first_time, max(stage_timestamp) AS last_time
FROM eks_requests
GROUP BY 1, 2, 3, 4
ORDER BY requests DESC, 1, 3, 4;

-- Anonymous requests and what came of them.
SELECT stage_timestamp, source_ip, verb, request_uri, response_code FROM eks_anonymous ORDER BY stage_timestamp;

-- Reads of secrets.
SELECT stage_timestamp, user_username, source_ip, verb, object_namespace, object_name, response_code FROM eks_secrets_access ORDER BY stage_timestamp;

-- Commands run in pods.
SELECT stage_timestamp, user_username, source_ip, request_uri, response_code FROM eks_exec ORDER BY stage_timestamp;

-- Requests that were refused, by user.
SELECT user_username, source_ip, count(*) AS requests, count(DISTINCT request_uri) AS paths FROM eks_denied GROUP BY 1, 2 ORDER BY requests DESC, 1;

-- Changes of rights.
SELECT stage_timestamp, user_username, verb, object_resource, object_name FROM eks_rbac_changes ORDER BY stage_timestamp;

-- Requests made in another's name.
SELECT stage_timestamp, user_username, arn, impersonated, verb, object_resource, response_code FROM eks_requests WHERE impersonated IS NOT NULL ORDER BY stage_timestamp;

-- Shells that were still open when the logs were taken.
SELECT stage_timestamp, user_username, source_ip, request_uri, stage FROM eks_exec WHERE stage = 'ResponseStarted' ORDER BY stage_timestamp;
