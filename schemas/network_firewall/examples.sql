-- Alerts by rule and what it did.
SELECT alert_signature_id, alert_signature, alert_action, count(*) AS alerts, count(DISTINCT src_ip) AS sources, min(time) AS first_time, max(time) AS last_time
FROM nfw_alerts
GROUP BY 1, 2, 3
ORDER BY alerts DESC, 1;

-- Alerts that were only seen, not blocked.
SELECT * FROM nfw_alerts WHERE alert_action = 'allowed' ORDER BY time;

-- The largest flows.
SELECT * FROM nfw_flows ORDER BY bytes DESC LIMIT 20;

-- Server names asked for in TLS.
SELECT tls_sni, count(*) AS handshakes, count(DISTINCT src_ip) AS clients
FROM nfw_tls
GROUP BY 1
ORDER BY handshakes DESC, 1;

-- TLS that could not be inspected.
SELECT time, src_ip, dest_ip, tls_sni, tls_error FROM nfw_tls WHERE tls_error IS NOT NULL ORDER BY time;

-- Flows that a rule blocked, and what got through before.
SELECT first_time, src_ip, dest_ip, dest_port, app_proto, bytes_out, bytes_back FROM nfw_flows WHERE blocked ORDER BY first_time;
