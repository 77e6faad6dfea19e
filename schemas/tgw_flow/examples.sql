-- Traffic between VPCs.
SELECT * FROM tgw_vpc_pairs ORDER BY bytes DESC;

-- Who reaches other VPCs on ports that manage machines.
SELECT start, srcaddr, tgw_src_vpc_id, dstaddr, tgw_dst_vpc_id, dstport, bytes
FROM tgw_flow
WHERE dstport IN (22, 3389, 445, 5985, 5986)
ORDER BY start;

-- Packets that were lost, and why.
SELECT srcaddr, dstaddr, sum(packets_lost_no_route) AS no_route, sum(packets_lost_blackhole) AS blackhole, sum(packets_lost_mtu_exceeded) AS mtu, sum(packets_lost_ttl_expired) AS ttl
FROM tgw_flow
GROUP BY 1, 2
ORDER BY no_route DESC, 1, 2;

-- Addresses by bytes sent.
SELECT srcaddr, tgw_src_vpc_id, sum(bytes) AS bytes, count(DISTINCT dstaddr) AS peers
FROM tgw_flow
GROUP BY 1, 2
ORDER BY bytes DESC;

-- Windows without data or with lost data.
SELECT tgw_attachment_id, log_status, count(*) AS windows, min(start) AS first_time, max("end") AS last_time
FROM tgw_flow
WHERE log_status <> 'OK'
GROUP BY 1, 2
ORDER BY 1, 2;
