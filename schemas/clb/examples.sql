-- Clients by errors.
SELECT * FROM clb_clients ORDER BY client_errors DESC, requests DESC;

-- Requests by status.
SELECT elb, elb_status_code, backend_status_code, count(*) AS requests
FROM clb
GROUP BY 1, 2, 3
ORDER BY requests DESC, 1, 2, 3;

-- Requests that reached no instance.
SELECT timestamp, elb, client_ip, request, elb_status_code
FROM clb
WHERE backend_ip IS NULL
ORDER BY timestamp;

-- TCP connections by bytes.
SELECT timestamp, client_ip, backend_ip, backend_port, received_bytes, sent_bytes
FROM clb
WHERE request LIKE '- - -%'
ORDER BY sent_bytes DESC;

-- The slowest answers.
SELECT timestamp, client_ip, request, backend_processing_time
FROM clb
WHERE backend_processing_time IS NOT NULL
ORDER BY backend_processing_time DESC
LIMIT 20;
