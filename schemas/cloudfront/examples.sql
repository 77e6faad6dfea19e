-- Viewers that scanned.
SELECT * FROM cloudfront_viewers ORDER BY client_errors DESC, requests DESC LIMIT 20;

-- What a viewer asked, in the order of time.
SELECT time, c_ip, cs_method, host, path, sc_status, user_agent
FROM cloudfront_requests
ORDER BY c_ip, time;

-- Paths by bytes sent.
SELECT cs_uri_stem, count(*) AS requests, sum(sc_bytes) AS bytes
FROM cloudfront
GROUP BY 1
ORDER BY bytes DESC, 1
LIMIT 20;

-- Requests the viewer broke off, or that were refused at the edge.
SELECT time, c_ip, cs_uri_stem, sc_status, x_edge_result_type, x_edge_detailed_result_type
FROM cloudfront
WHERE sc_status = 0 OR x_edge_result_type NOT IN ('Hit', 'RefreshHit', 'OriginShieldHit', 'Miss', 'Redirect')
ORDER BY time;

-- User agents by requests.
SELECT url_decode(cs_user_agent) AS user_agent, count(*) AS requests, count(DISTINCT c_ip) AS viewers
FROM cloudfront
GROUP BY 1
ORDER BY requests DESC, 1;
