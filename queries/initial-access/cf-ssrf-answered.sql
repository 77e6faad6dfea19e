/*---
id: cf-ssrf-answered
title: URL of the metadata service or of the host itself in a request to CloudFront
severity: high
attack: [T1190, T1552.005]
sources: [cloudfront]
packs: [triage, initial-access, web, credential-access]
means: A parameter names the instance metadata service, the loopback address or a local file, and the answer was 2xx. The application may have fetched it for the client, credentials and all.
noise: "Development tools that pass their own address along (localhost in a redirect parameter). Calls with the role of the instance from elsewhere afterwards settle it: ct-instance-credentials-elsewhere."
cite: "OWASP Web Security Testing Guide, server-side request forgery; Amazon EC2 User Guide, instance metadata addresses; ATT&CK T1552.005"
next:
  - {id: ct-instance-credentials-elsewhere}
---*/
WITH answered AS (
  SELECT time AS moment, c_ip AS ip, sc_status AS status, (coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, '')) AS url, url_decode(cs_user_agent) AS agent, sc_bytes AS bytes, lower(url_decode(url_decode(replace((coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, '')), '+', ' ')))) AS decoded
  FROM cloudfront
  WHERE time >= $since AND time < $until AND sc_status BETWEEN 200 AND 299
)
SELECT min(moment) AS time, 'cloudfront' AS source, CAST(NULL AS VARCHAR) AS principal, ip AS src_ip, url AS target,
  CAST(count(*) AS VARCHAR) || ' requests for an inner address answered, up to ' || CAST(max(bytes) AS VARCHAR) || ' bytes' AS summary,
  count(*) AS requests, max(bytes) AS most_bytes, max(moment) AS last_time, max(agent) AS user_agent
FROM answered
WHERE regexp_like(decoded, '169[.]254[.]169[.]254|169[.]254[.]170[.]2|fd00:ec2::254|metadata[.]google[.]internal|(=|%3d)(gopher|dict|file|ldap)://|=https?://(localhost|127[.][0-9.]+|0[.]0[.]0[.]0|2852039166|0xa9fea9fe)[:/?&]?')
GROUP BY ip, url
ORDER BY 1, 3, 4, 5
