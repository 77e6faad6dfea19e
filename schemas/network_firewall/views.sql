-- Every record of Network Firewall in the columns all sources share; outcome is that of the alert; flows have none, for those a rule blocked are logged like the others.
CREATE OR REPLACE VIEW network_firewall_events AS
SELECT
  timestamp AS event_time,
  'network_firewall' AS source,
  flow_id AS event_id,
  NULLIF(split_part(resource_arn, ':', 5), '') AS account_id,
  NULLIF(regexp_extract(availability_zone, '^([a-z]+(?:-[a-z]+)+-[0-9])', 1), '') AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  src_ip,
  dest_ip AS dst_ip,
  dest_port AS dst_port,
  event_type AS action,
  COALESCE(tls_sni, http_hostname, dest_ip) AS target,
  CASE WHEN event_type = 'alert' THEN alert_action WHEN tls_error IS NOT NULL THEN 'failure' END AS outcome,
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

-- Flows: the two directions of each on one row, with bytes out and back, and whether an alert blocked it. Who began a flow is told by its alert, else by the ports: the lower one is the service's.
CREATE OR REPLACE VIEW nfw_flows AS
SELECT firewall_name, flow_id, min(netflow_start) AS first_time, max(netflow_end) AS last_time, max(client_ip) AS src_ip, max(server_ip) AS dest_ip,
  max(server_port) AS dest_port, max(proto) AS proto, max(app_proto) AS app_proto, sum(netflow_bytes) AS bytes, sum(netflow_pkts) AS packets, count(*) AS directions,
  sum(CASE WHEN outward THEN netflow_bytes END) AS bytes_out, sum(CASE WHEN NOT outward THEN netflow_bytes END) AS bytes_back, max(blocked) = 1 AS blocked
FROM (
  SELECT told.*, CASE WHEN outward THEN src_ip ELSE dest_ip END AS client_ip, CASE WHEN outward THEN dest_ip ELSE src_ip END AS server_ip, CASE WHEN outward THEN dest_port ELSE src_port END AS server_port
  FROM (
    SELECT f.*, a.blocked, CASE WHEN a.src_ip IN (f.src_ip, f.dest_ip) AND f.src_ip <> f.dest_ip THEN f.src_ip = a.src_ip WHEN f.src_port < f.dest_port THEN FALSE ELSE TRUE END AS outward
    FROM network_firewall f
    LEFT JOIN (
      SELECT firewall_name, flow_id, min(CASE WHEN direction = 'to_server' THEN src_ip END) AS src_ip, max(CASE WHEN alert_action = 'blocked' THEN 1 ELSE 0 END) AS blocked
      FROM network_firewall WHERE event_type = 'alert' AND flow_id IS NOT NULL GROUP BY firewall_name, flow_id
    ) a ON a.firewall_name = f.firewall_name AND a.flow_id = f.flow_id
    WHERE f.event_type = 'netflow'
  ) told
) sides
GROUP BY firewall_name, flow_id;

-- TLS handshakes seen: server names, certificates, and inspection that failed.
CREATE OR REPLACE VIEW nfw_tls AS
SELECT COALESCE(timestamp, event_timestamp) AS time, src_ip, dest_ip, dest_port, tls_sni, tls_version, tls_subject, tls_issuer, tls_ja3_hash, tls_inspected, tls_error, firewall_name, file_id, record_no, tls_revocation_check
FROM network_firewall
WHERE tls_sni IS NOT NULL OR tls_inspected IS NOT NULL OR tls_error IS NOT NULL;
