-- Which name resolved to which address, and who asked.
SELECT query_timestamp, name, answer_type, answer, srcaddr, instance_id
FROM dns_answers
WHERE answer IS NOT NULL
ORDER BY query_timestamp, name;

-- Which name gave an address.
SELECT DISTINCT name, srcaddr, instance_id
FROM dns_answers
WHERE answer = '192.0.2.44'
ORDER BY name, srcaddr;

-- Names asked for by one client only, as command and control is.
SELECT name, queries, clients, first_time, last_time
FROM dns_names
WHERE clients = 1
ORDER BY queries DESC, name
LIMIT 50;

-- Names that do not exist, by client: generated names fail in numbers.
SELECT srcaddr, instance_id, nxdomain, queries
FROM dns_clients
WHERE nxdomain > 0
ORDER BY nxdomain DESC;

-- Long labels and TXT queries, as tunnels use.
SELECT query_timestamp, srcaddr, instance_id, query_type, query_name
FROM route53_resolver
WHERE length(split_part(query_name, '.', 1)) > 40 OR query_type = 'TXT'
ORDER BY query_timestamp;

-- What DNS Firewall stopped.
SELECT * FROM dns_firewall ORDER BY query_timestamp;
