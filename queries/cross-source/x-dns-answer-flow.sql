/*---
id: x-dns-answer-flow
title: Name, its answer, the flow to it, and who launched the machine
severity: medium
attack: [T1071, T1048]
sources: [route53_resolver, vpc_flow, cloudtrail]
packs: [cross-source, network]
params:
  - {name: clients, type: bigint, default: 3, doc: clients that ask for the name at most}
  - {name: bytes, type: bigint, default: 50000000, doc: bytes out}
next:
  - {id: ct-resource-calls, with: {name: instance_id}}
  - {id: flow-beacon}
means: A rarely asked name, large flows to exactly the address it resolved to by the machine that asked, and the principal that launched that machine.
noise: Package mirrors and APIs of partners.
cite: "cloud-trail-lake-query-samples, iam-principal-by-launched-ec2-instance-id; ATT&CK T1048"
---*/
SELECT min(f.start) AS time, 'route53_resolver+vpc_flow+cloudtrail' AS source, max(c.user_arn) AS principal, a.srcaddr AS src_ip, a.name AS target,
  a.name || ' is ' || a.answer || ': ' || CAST(CAST(sum(f.bytes) AS BIGINT) AS VARCHAR) || ' bytes from ' || COALESCE(a.instance_id, a.srcaddr) || COALESCE(', launched by ' || max(c.user_arn), '') AS summary,
  a.answer AS dst_ip, a.instance_id, CAST(sum(f.bytes) AS BIGINT) AS bytes, count(*) AS flows, max(f.start) AS last_time, max(c.event_time) AS launched
FROM (
  SELECT d.name, d.answer, d.srcaddr, d.instance_id, min(d.query_timestamp) AS first_query
  FROM dns_answers d JOIN dns_names n ON n.name = d.name AND n.clients <= $clients
  WHERE d.answer IS NOT NULL AND d.answer_type IN ('A', 'AAAA') AND d.query_timestamp >= $since AND d.query_timestamp < $until
  GROUP BY d.name, d.answer, d.srcaddr, d.instance_id
) a
JOIN vpc_flow f ON f.dstaddr = a.answer AND f.srcaddr = a.srcaddr AND f.action = 'ACCEPT' AND f.start >= date_add('minute', -1, a.first_query) AND f.start >= $since AND f.start < $until
LEFT JOIN cloudtrail c ON c.event_name = 'RunInstances' AND c.error_code IS NULL AND c.event_time >= $since AND c.event_time < $until AND a.instance_id IS NOT NULL AND strpos(c.response_elements, a.instance_id) > 0
GROUP BY a.name, a.answer, a.srcaddr, a.instance_id
HAVING sum(f.bytes) >= $bytes
ORDER BY 1, 4, 5
