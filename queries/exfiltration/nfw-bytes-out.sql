/*---
id: nfw-bytes-out
title: Much sent out through the firewall to one place
severity: medium
attack: [T1048, T1567]
sources: [network_firewall]
packs: [exfiltration, network]
params:
  - {name: bytes, type: bigint, default: 536870912, doc: bytes out in all}
  - {name: ratio, type: double, default: 5.0, doc: bytes out for each byte back}
means: A host sent far more than it got to one destination, as the firewall counted it.
noise: Backups, log collectors, AWS endpoints.
cite: "Network Firewall Developer Guide, flow logs; ATT&CK T1048"
next:
  - {id: dns-name-of-address, with: {address: peer}}
---*/
WITH flows AS (
  SELECT CASE WHEN src_port > dest_port THEN src_ip ELSE dest_ip END AS host, CASE WHEN src_port > dest_port THEN dest_ip ELSE src_ip END AS peer, CASE WHEN src_port > dest_port THEN dest_port ELSE src_port END AS port,
    src_port > dest_port AS outward, netflow_bytes AS bytes, coalesce("timestamp", event_timestamp) AS moment, flow_id
  FROM network_firewall
  WHERE coalesce("timestamp", event_timestamp) >= $since AND coalesce("timestamp", event_timestamp) < $until AND event_type = 'netflow'
),
pairs AS (
  SELECT host, peer, port, sum(CASE WHEN outward THEN bytes ELSE 0 END) AS bytes_out, sum(CASE WHEN outward THEN 0 ELSE bytes END) AS bytes_back, count(*) AS flows, min(moment) AS first_time, max(moment) AS last_time
  FROM flows GROUP BY host, peer, port
  HAVING sum(CASE WHEN outward THEN bytes ELSE 0 END) >= $bytes
)
SELECT first_time AS time, 'network_firewall' AS source, CAST(NULL AS VARCHAR) AS principal, host AS src_ip, peer || ' port ' || CAST(port AS VARCHAR) AS target,
  CAST(CAST(round(bytes_out / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB out, ' || CAST(CAST(round(bytes_back / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB back' AS summary,
  CAST(bytes_out AS BIGINT) AS bytes_out, CAST(bytes_back AS BIGINT) AS bytes_back, peer, port, flows, last_time
FROM pairs
WHERE bytes_out >= $ratio * bytes_back AND NOT is_private_ip(peer)
ORDER BY bytes_out DESC, 1, 4, 5
