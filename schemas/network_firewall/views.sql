-- Every record of Network Firewall in the columns all sources share; outcome is that of the alert, allowed for flows.
CREATE OR REPLACE VIEW network_firewall_events AS
SELECT
  timestamp AS event_time,
  'network_firewall' AS source,
  flow_id AS event_id,
  CAST(NULL AS VARCHAR) AS account_id,
  NULLIF(regexp_extract(availability_zone, '^([a-z]+(?:-[a-z]+)+-[0-9])', 1), '') AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  src_ip,
  dest_ip AS dst_ip,
  dest_port AS dst_port,
  event_type AS action,
  COALESCE(tls_sni, http_hostname, dest_ip) AS target,
  CASE WHEN event_type = 'alert' THEN alert_action WHEN event_type = 'netflow' THEN 'allowed' WHEN tls_error IS NOT NULL THEN 'failure' END AS outcome,
  tls_error AS error,
  netflow_bytes AS bytes,
  http_user_agent AS user_agent,
  COALESCE(event_type, '?') || COALESCE(' ' || alert_action || ' ' || NULLIF(alert_signature, ''), '') || ' ' || COALESCE(src_ip, '?') || COALESCE(':' || CAST(src_port AS VARCHAR), '') || ' > ' || COALESCE(dest_ip, '?') || COALESCE(':' || CAST(dest_port AS VARCHAR), '') || COALESCE(' ' || COALESCE(tls_sni, http_hostname || COALESCE(http_url, '')), '') AS summary,
  file_id,
  record_no
FROM network_firewall;

-- Alerts: the rule, what it did, and the connection.
CREATE OR REPLACE VIEW nfw_alerts AS
SELECT COALESCE(timestamp, event_timestamp) AS time, alert_action, alert_severity, alert_signature_id, alert_signature, alert_category, src_ip, src_port, dest_ip, dest_port,
  proto, app_proto, http_hostname, http_url, tls_sni, flow_id, firewall_name, file_id, record_no
FROM network_firewall
WHERE event_type = 'alert';

-- Flows: the two directions of each on one row, with bytes out and back.
CREATE OR REPLACE VIEW nfw_flows AS
SELECT firewall_name, flow_id, min(netflow_start) AS first_time, max(netflow_end) AS last_time, min_by(src_ip, netflow_start) AS src_ip, min_by(dest_ip, netflow_start) AS dest_ip,
  min_by(dest_port, netflow_start) AS dest_port, min_by(proto, netflow_start) AS proto, max(app_proto) AS app_proto, sum(netflow_bytes) AS bytes, sum(netflow_pkts) AS packets, count(*) AS directions
FROM network_firewall
WHERE event_type = 'netflow'
GROUP BY 1, 2;

-- TLS handshakes seen: server names, certificates, and inspection that failed.
CREATE OR REPLACE VIEW nfw_tls AS
SELECT COALESCE(timestamp, event_timestamp) AS time, src_ip, dest_ip, dest_port, tls_sni, tls_version, tls_subject, tls_issuer, tls_ja3_hash, tls_inspected, tls_error, firewall_name, file_id, record_no
FROM network_firewall
WHERE tls_sni IS NOT NULL OR tls_inspected IS NOT NULL OR tls_error IS NOT NULL;
