-- Every connection to an Application Load Balancer in the columns all sources share; outcome is failure where the handshake failed or the certificate was refused.
CREATE OR REPLACE VIEW alb_connection_events AS
SELECT
  timestamp AS event_time,
  'alb_connection' AS source,
  conn_trace_id AS event_id,
  CAST(NULL AS VARCHAR) AS account_id,
  CAST(NULL AS VARCHAR) AS region,
  leaf_client_cert_subject AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  client_ip AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  listener_port AS dst_port,
  'connection' AS action,
  CAST(listener_port AS VARCHAR) AS target,
  CASE WHEN tls_verify_status LIKE 'Failed%' THEN 'failure' ELSE 'success' END AS outcome,
  CASE WHEN tls_verify_status LIKE 'Failed%' THEN tls_verify_status END AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  'connection to port ' || COALESCE(CAST(listener_port AS VARCHAR), '?') || COALESCE(', ' || tls_protocol || ' ' || tls_cipher, ', no TLS') || COALESCE(', certificate ' || leaf_client_cert_subject || ' ' || tls_verify_status, '') AS summary,
  file_id,
  record_no
FROM alb_connection;

-- Connections with a client certificate, and whether it was accepted.
CREATE OR REPLACE VIEW alb_client_certificates AS
SELECT timestamp, client_ip, leaf_client_cert_subject, leaf_client_cert_serial_number, leaf_client_cert_validity, tls_verify_status, conn_trace_id, file_id, record_no
FROM alb_connection
WHERE leaf_client_cert_subject IS NOT NULL OR tls_verify_status IS NOT NULL;

-- Requests with the connection they came over.
CREATE OR REPLACE VIEW alb_request_connections AS
SELECT a.time, a.client_ip, a.request, a.elb_status_code, c.timestamp AS connected, c.tls_protocol, c.tls_cipher, c.tls_keyexchange, c.leaf_client_cert_subject, a.conn_trace_id, a.file_id, a.record_no
FROM alb a JOIN alb_connection c ON c.conn_trace_id = a.conn_trace_id;
