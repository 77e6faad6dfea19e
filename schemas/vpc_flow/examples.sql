-- Which traffic did not reach an interface: rejected flows by source and port.
SELECT srcaddr, interface_id, dstaddr, dstport, protocol, count(*) AS flows, sum(packets) AS packets, min(start) AS first_time, max("end") AS last_time
FROM vpc_flow
WHERE action = 'REJECT'
GROUP BY 1, 2, 3, 4, 5
ORDER BY flows DESC, srcaddr, dstport;

-- Bytes by pair of addresses, the largest first.
SELECT srcaddr, dstaddr, sum(bytes) AS bytes, count(*) AS flows
FROM vpc_flow
WHERE action = 'ACCEPT'
GROUP BY 1, 2
ORDER BY bytes DESC
LIMIT 50;

-- Windows without data, and windows in which flows were lost.
SELECT interface_id, log_status, count(*) AS windows, min(start) AS first_time, max("end") AS last_time
FROM vpc_flow
WHERE log_status <> 'OK'
GROUP BY 1, 2
ORDER BY 1, 2;

-- Connections to ports that manage machines, and whether they came from the internet.
SELECT start, srcaddr, NOT is_private_ip(srcaddr) AS from_internet, dstaddr, dstport, action, packets, bytes
FROM vpc_flow
WHERE dstport IN (22, 3389, 5985, 5986)
ORDER BY start;

-- Traffic by hour and direction of the log's interface.
SELECT date_trunc('hour', start) AS hour, action, count(*) AS flows, sum(bytes) AS bytes
FROM vpc_flow
GROUP BY 1, 2
ORDER BY 1, 2;
