-- Clients by connections and TLS version.
SELECT client_ip, tls_protocol, count(*) AS connections, min(timestamp) AS first_time, max(timestamp) AS last_time
FROM alb_connection
GROUP BY 1, 2
ORDER BY connections DESC, 1, 2;

-- Client certificates that were refused.
SELECT timestamp, client_ip, leaf_client_cert_subject, tls_verify_status
FROM alb_connection
WHERE tls_verify_status LIKE 'Failed%'
ORDER BY timestamp;

-- Who logged in with a certificate.
SELECT * FROM alb_client_certificates ORDER BY timestamp;

-- Connections with old TLS, or without any.
SELECT timestamp, client_ip, listener_port, tls_protocol, tls_cipher
FROM alb_connection
WHERE tls_protocol IS NULL OR tls_protocol IN ('TLSv1', 'TLSv1.1')
ORDER BY timestamp;

-- Slow handshakes.
SELECT timestamp, client_ip, tls_handshake_latency
FROM alb_connection
WHERE tls_handshake_latency IS NOT NULL
ORDER BY tls_handshake_latency DESC
LIMIT 20;
