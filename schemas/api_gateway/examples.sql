-- Clients that were refused.
SELECT * FROM api_gateway_clients ORDER BY denied DESC, requests DESC, ip;

-- Requests in the order of time.
SELECT time, ip, http_method, COALESCE(path, resource_path, route_key) AS path, status, user_agent FROM api_gateway WHERE status IS NOT NULL ORDER BY time;

-- Requests that failed at the authorizer or the backend.
SELECT time, ip, status, error_message, authorizer_error, integration_error FROM api_gateway WHERE status >= 400 ORDER BY time;

-- What API Gateway did for a request.
SELECT time, request_id, execution_message FROM api_gateway_executions ORDER BY request_id, time;

-- The slowest requests.
SELECT time, ip, path, response_latency, integration_latency FROM api_gateway WHERE response_latency IS NOT NULL ORDER BY response_latency DESC LIMIT 20;
