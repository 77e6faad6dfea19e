-- Names asked for.
SELECT * FROM route53_public_names ORDER BY queries DESC, name;

-- Resolvers that asked for names that do not exist: a search for hosts.
SELECT resolver_ip, edns_client_subnet, count(*) AS queries, count(DISTINCT query_name) AS names
FROM route53_public
WHERE rcode = 'NXDOMAIN'
GROUP BY 1, 2
ORDER BY names DESC;

-- Clients by network, as far as their resolvers tell.
SELECT edns_client_subnet, count(*) AS queries, min(timestamp) AS first_time, max(timestamp) AS last_time
FROM route53_public
GROUP BY 1
ORDER BY queries DESC;

-- Queries by hour and answer.
SELECT date_trunc('hour', timestamp) AS hour, rcode, count(*) AS queries
FROM route53_public
GROUP BY 1, 2
ORDER BY 1, 2;

-- Types of record asked for.
SELECT query_type, protocol, count(*) AS queries
FROM route53_public
GROUP BY 1, 2
ORDER BY queries DESC, 1, 2;
