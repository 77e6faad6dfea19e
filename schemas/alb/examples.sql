-- Clients that scanned: many different requests, most of them refused.
SELECT * FROM alb_clients ORDER BY client_errors DESC, requests DESC LIMIT 20;

-- What a client asked, in the order of time.
SELECT time, client_ip, method, url, elb_status_code, target_status_code, user_agent
FROM alb_requests
ORDER BY client_ip, time;

-- Requests that succeeded after others of the same client had failed.
SELECT r.time, r.client_ip, r.request, r.elb_status_code
FROM alb r
JOIN (SELECT client_ip, min(time) AS first_error FROM alb WHERE elb_status_code BETWEEN 400 AND 499 GROUP BY 1) e
  ON e.client_ip = r.client_ip AND r.time > e.first_error
WHERE r.elb_status_code < 400
ORDER BY r.time;

-- The slowest requests.
SELECT time, client_ip, url, total_time_s, elb_status_code
FROM alb_requests
WHERE total_time_s IS NOT NULL
ORDER BY total_time_s DESC
LIMIT 20;

-- Requests the load balancer could not serve, and why.
SELECT * FROM alb_errors ORDER BY time;

-- Malformed and smuggled requests.
SELECT time, client_ip, request, classification, classification_reason
FROM alb
WHERE classification IS NOT NULL OR request LIKE '- %'
ORDER BY time;
