-- Every TLS connection to a Network Load Balancer in the columns all sources share; outcome is failure where the handshake did not end.
CREATE OR REPLACE VIEW nlb_events AS
SELECT
  time AS event_time,
  'nlb' AS source,
  CAST(NULL AS VARCHAR) AS event_id,
  NULLIF(split_part(chosen_cert_arn, ':', 5), '') AS account_id,
  NULLIF(split_part(chosen_cert_arn, ':', 4), '') AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  client_ip AS src_ip,
  destination_ip AS dst_ip,
  destination_port AS dst_port,
  type AS action,
  COALESCE(domain_name, elb) AS target,
  CASE WHEN tls_cipher IS NULL THEN 'failure' ELSE 'success' END AS outcome,
  CASE WHEN incoming_tls_alert <> 0 THEN 'TLS alert ' || CAST(incoming_tls_alert AS VARCHAR) END AS error, -- 0 is close_notify, the regular end
  sent_bytes AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  type || ' to ' || COALESCE(domain_name, elb) || COALESCE(', ' || tls_protocol_version, ', handshake failed') || COALESCE(', ' || CAST(connection_time AS VARCHAR) || ' ms', '') AS summary,
  file_id,
  record_no
FROM nlb;

-- Clients: connections, failures, bytes and span.
CREATE OR REPLACE VIEW nlb_clients AS
SELECT client_ip, count(*) AS connections, count(CASE WHEN tls_cipher IS NULL THEN 1 END) AS failed, count(DISTINCT domain_name) AS names,
  sum(received_bytes) AS received_bytes, sum(sent_bytes) AS sent_bytes, min(time) AS first_time, max(time) AS last_time
FROM nlb
GROUP BY 1;
