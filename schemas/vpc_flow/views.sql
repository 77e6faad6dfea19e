-- Every flow record in the columns all sources share; outcome is allowed, blocked, nodata or skipdata.
CREATE OR REPLACE VIEW vpc_flow_events AS
SELECT
  start AS event_time,
  'vpc_flow' AS source,
  CAST(NULL AS VARCHAR) AS event_id,
  account_id,
  region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  srcaddr AS src_ip,
  dstaddr AS dst_ip,
  dstport AS dst_port,
  action,
  COALESCE(instance_id, interface_id, resource_id) AS target,
  CASE action WHEN 'ACCEPT' THEN 'allowed' WHEN 'REJECT' THEN 'blocked' ELSE lower(log_status) END AS outcome,
  reject_reason AS error,
  bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  CASE WHEN srcaddr IS NULL THEN COALESCE(log_status, '?') || ' on ' || COALESCE(interface_id, '?')
    ELSE COALESCE(action, '?') || ' ' || srcaddr || COALESCE(':' || CAST(srcport AS VARCHAR), '')
      || ' > ' || COALESCE(dstaddr, '?') || COALESCE(':' || CAST(dstport AS VARCHAR), '')
      || COALESCE(' protocol ' || CAST(protocol AS VARCHAR), '')
      || COALESCE(', ' || CAST(packets AS VARCHAR) || ' packets', '') END AS summary,
  file_id,
  record_no
FROM vpc_flow;

-- Well-known ports by name; sensitive are those that manage machines or hold data.
CREATE OR REPLACE VIEW flow_port_names AS
SELECT port, service, sensitive
FROM (VALUES
  (20, 'ftp-data', FALSE), (21, 'ftp', TRUE), (22, 'ssh', TRUE), (23, 'telnet', TRUE), (25, 'smtp', FALSE),
  (53, 'dns', FALSE), (67, 'dhcp', FALSE), (69, 'tftp', TRUE), (80, 'http', FALSE), (88, 'kerberos', TRUE),
  (110, 'pop3', FALSE), (111, 'rpcbind', TRUE), (123, 'ntp', FALSE), (135, 'msrpc', TRUE), (137, 'netbios-ns', TRUE),
  (139, 'netbios-ssn', TRUE), (143, 'imap', FALSE), (161, 'snmp', TRUE), (389, 'ldap', TRUE), (443, 'https', FALSE),
  (445, 'smb', TRUE), (465, 'smtps', FALSE), (500, 'isakmp', FALSE), (514, 'syslog', FALSE), (587, 'submission', FALSE),
  (636, 'ldaps', TRUE), (853, 'dns-over-tls', FALSE), (873, 'rsync', TRUE), (993, 'imaps', FALSE), (995, 'pop3s', FALSE),
  (1433, 'mssql', TRUE), (1521, 'oracle', TRUE), (2049, 'nfs', TRUE), (2181, 'zookeeper', TRUE), (2375, 'docker', TRUE),
  (2376, 'docker-tls', TRUE), (2379, 'etcd', TRUE), (3128, 'proxy', FALSE), (3268, 'ldap-gc', TRUE), (3306, 'mysql', TRUE),
  (3333, 'mining', TRUE), (3389, 'rdp', TRUE), (4444, 'metasploit', TRUE), (4500, 'ipsec-nat-t', FALSE), (5060, 'sip', FALSE),
  (5432, 'postgresql', TRUE), (5439, 'redshift', TRUE), (5601, 'kibana', TRUE), (5672, 'amqp', TRUE), (5900, 'vnc', TRUE),
  (5985, 'winrm', TRUE), (5986, 'winrm-tls', TRUE), (6379, 'redis', TRUE), (6443, 'kubernetes', TRUE), (6667, 'irc', TRUE),
  (8080, 'http-alt', FALSE), (8443, 'https-alt', FALSE), (9001, 'tor', TRUE), (9092, 'kafka', TRUE), (9200, 'elasticsearch', TRUE),
  (9300, 'elasticsearch-nodes', TRUE), (10250, 'kubelet', TRUE), (11211, 'memcached', TRUE), (14444, 'mining', TRUE),
  (27017, 'mongodb', TRUE), (50070, 'hdfs', TRUE)
) AS t (port, service, sensitive);

-- Addresses by bytes sent, with flows, packets, peers and how much was rejected.
CREATE OR REPLACE VIEW flow_top_talkers AS
SELECT
  srcaddr,
  sum(bytes) AS bytes,
  sum(packets) AS packets,
  count(*) AS flows,
  count(CASE WHEN action = 'REJECT' THEN 1 END) AS rejected_flows,
  approx_distinct(dstaddr) AS peers,
  approx_distinct(dstport) AS dst_ports,
  min(start) AS first_time,
  max("end") AS last_time
FROM vpc_flow
WHERE srcaddr IS NOT NULL
GROUP BY srcaddr;

-- Pairs of addresses by service: bytes, packets, flows and span, the two directions on rows of their own.
CREATE OR REPLACE VIEW flow_pairs AS
SELECT
  srcaddr, dstaddr, protocol,
  CASE WHEN srcport < dstport THEN srcport ELSE dstport END AS service_port,
  CASE WHEN srcport < dstport THEN 'from service' ELSE 'to service' END AS direction,
  action,
  sum(bytes) AS bytes,
  sum(packets) AS packets,
  count(*) AS flows,
  min(start) AS first_time,
  max("end") AS last_time
FROM vpc_flow
WHERE srcaddr IS NOT NULL
GROUP BY srcaddr, dstaddr, protocol,
  CASE WHEN srcport < dstport THEN srcport ELSE dstport END,
  CASE WHEN srcport < dstport THEN 'from service' ELSE 'to service' END,
  action;

-- Rejected flows by source and destination port, with targets and span: scans show as many targets or ports.
CREATE OR REPLACE VIEW flow_rejected AS
SELECT
  f.srcaddr, f.dstport, f.protocol,
  max(p.service) AS service,
  count(*) AS flows,
  sum(f.packets) AS packets,
  count(DISTINCT f.dstaddr) AS targets,
  array_join(array_agg(DISTINCT f.reject_reason ORDER BY f.reject_reason), ', ') AS reject_reasons,
  min(f.start) AS first_time,
  max(f."end") AS last_time
FROM vpc_flow f
LEFT JOIN flow_port_names p ON p.port = f.dstport
WHERE f.action = 'REJECT'
GROUP BY f.srcaddr, f.dstport, f.protocol;

-- Services: the lower port of each flow by name, protocol and action, with bytes, flows and clients.
CREATE OR REPLACE VIEW flow_services AS
SELECT
  s.service_port, s.protocol, p.service, s.action,
  s.bytes, s.packets, s.flows, s.sources, s.destinations, s.first_time, s.last_time
FROM (
  SELECT
    CASE WHEN srcport < dstport THEN srcport ELSE dstport END AS service_port,
    protocol, action,
    sum(bytes) AS bytes,
    sum(packets) AS packets,
    count(*) AS flows,
    approx_distinct(srcaddr) AS sources,
    approx_distinct(dstaddr) AS destinations,
    min(start) AS first_time,
    max("end") AS last_time
  FROM vpc_flow
  WHERE srcaddr IS NOT NULL
  GROUP BY CASE WHEN srcport < dstport THEN srcport ELSE dstport END, protocol, action
) s
LEFT JOIN flow_port_names p ON p.port = s.service_port;

-- Accepted flows to ports that manage machines or hold data, with whether the source is on the internet.
CREATE OR REPLACE VIEW flow_sensitive_ports AS
SELECT
  f.start, f."end", f.srcaddr, f.dstaddr, f.dstport, p.service, f.protocol,
  is_private_ip(f.srcaddr) = FALSE AS from_internet,
  f.packets, f.bytes, f.tcp_flags, f.flow_direction,
  f.interface_id, f.instance_id, f.account_id, f.file_id, f.record_no
FROM vpc_flow f
JOIN flow_port_names p ON p.port = f.dstport AND p.sensitive
WHERE f.action = 'ACCEPT'
  AND f.srcport > f.dstport;

-- Coverage by interface and day: windows with data, without data (NODATA) and with lost data (SKIPDATA).
CREATE OR REPLACE VIEW flow_coverage AS
SELECT
  account_id,
  COALESCE(interface_id, resource_id) AS interface_id,
  CAST(start AS DATE) AS day,
  count(CASE WHEN log_status = 'OK' THEN 1 END) AS ok_records,
  count(CASE WHEN log_status = 'NODATA' THEN 1 END) AS nodata_windows,
  count(CASE WHEN log_status = 'SKIPDATA' THEN 1 END) AS skipdata_windows,
  min(start) AS first_time,
  max("end") AS last_time
FROM vpc_flow
GROUP BY account_id, COALESCE(interface_id, resource_id), CAST(start AS DATE);

-- Accepted bytes from private to internet addresses by destination: what may have been carried out.
CREATE OR REPLACE VIEW flow_outbound AS
SELECT
  srcaddr, dstaddr, dstport, protocol,
  sum(bytes) AS bytes,
  sum(packets) AS packets,
  count(*) AS flows,
  max(pkt_dst_aws_service) AS aws_service,
  min(start) AS first_time,
  max("end") AS last_time
FROM vpc_flow
WHERE action = 'ACCEPT'
  AND is_private_ip(srcaddr)
  AND is_private_ip(dstaddr) = FALSE
GROUP BY srcaddr, dstaddr, dstport, protocol;
