-- Clients by bytes they were sent.
SELECT * FROM nlb_clients ORDER BY sent_bytes DESC;

-- Handshakes that failed.
SELECT time, client_ip, listener, incoming_tls_alert, domain_name
FROM nlb
WHERE tls_cipher IS NULL
ORDER BY time;

-- Long connections, as tunnels are.
SELECT time, tls_connection_creation_time, client_ip, destination_ip, connection_time, received_bytes, sent_bytes
FROM nlb
ORDER BY connection_time DESC
LIMIT 20;

-- Names asked for.
SELECT domain_name, count(*) AS connections, count(DISTINCT client_ip) AS clients
FROM nlb
GROUP BY 1
ORDER BY connections DESC, 1;

-- TLS versions and ciphers in use.
SELECT tls_protocol_version, tls_cipher, count(*) AS connections
FROM nlb
GROUP BY 1, 2
ORDER BY connections DESC, 1, 2;
