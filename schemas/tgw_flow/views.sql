-- Every Transit Gateway flow in the columns all sources share; outcome is allowed, blocked where all its packets were lost, nodata or skipdata.
CREATE OR REPLACE VIEW tgw_flow_events AS
SELECT
  start AS event_time,
  'tgw_flow' AS source,
  CAST(NULL AS VARCHAR) AS event_id,
  account_id,
  region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  srcaddr AS src_ip,
  dstaddr AS dst_ip,
  dstport AS dst_port,
  'flow' AS action,
  COALESCE(tgw_dst_vpc_id, tgw_pair_attachment_id, tgw_id, tgw_attachment_id) AS target,
  CASE WHEN log_status <> 'OK' THEN lower(log_status) WHEN CAST(COALESCE(packets_lost_no_route, 0) AS DOUBLE) + CAST(COALESCE(packets_lost_blackhole, 0) AS DOUBLE) + CAST(COALESCE(packets_lost_mtu_exceeded, 0) AS DOUBLE) + CAST(COALESCE(packets_lost_ttl_expired, 0) AS DOUBLE) >= packets AND packets > 0 THEN 'blocked' WHEN log_status = 'OK' THEN 'allowed' END AS outcome,
  CAST(NULL AS VARCHAR) AS error,
  bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  CASE WHEN srcaddr IS NULL THEN COALESCE(log_status, '?') || ' on ' || COALESCE(tgw_attachment_id, '?') ELSE srcaddr || COALESCE(' (' || tgw_src_vpc_id || ')', '') || ' > ' || COALESCE(dstaddr, '?') || COALESCE(':' || CAST(dstport AS VARCHAR), '') || COALESCE(' (' || tgw_dst_vpc_id || ')', '') END AS summary,
  file_id,
  record_no
FROM tgw_flow;

-- Traffic between VPCs: bytes, flows, ports and lost packets by pair.
CREATE OR REPLACE VIEW tgw_vpc_pairs AS
SELECT tgw_id, tgw_src_vpc_account_id, tgw_src_vpc_id, tgw_dst_vpc_account_id, tgw_dst_vpc_id, sum(bytes) AS bytes, count(*) AS flows, count(DISTINCT dstport) AS dst_ports,
  COALESCE(sum(packets_lost_no_route), 0) + COALESCE(sum(packets_lost_blackhole), 0) + COALESCE(sum(packets_lost_mtu_exceeded), 0) + COALESCE(sum(packets_lost_ttl_expired), 0) AS packets_lost, min(start) AS first_time, max("end") AS last_time
FROM tgw_flow
WHERE srcaddr IS NOT NULL
GROUP BY 1, 2, 3, 4, 5;

-- Pairs of addresses by bytes across the transit gateway.
CREATE OR REPLACE VIEW tgw_pairs AS
SELECT srcaddr, dstaddr, dstport, tgw_src_vpc_id, tgw_dst_vpc_id, sum(bytes) AS bytes, sum(packets) AS packets, count(*) AS flows, min(start) AS first_time, max("end") AS last_time
FROM tgw_flow
WHERE srcaddr IS NOT NULL
GROUP BY 1, 2, 3, 4, 5;
