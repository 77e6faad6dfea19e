/*---
id: dns-dynamic-dns
title: Dynamic DNS or Tor gateway asked for
severity: medium
attack: [T1568, T1090.003]
sources: [route53_resolver]
packs: [command-and-control, network]
means: A host asked for a name at a provider of dynamic names, or for a gateway into Tor. Small intruders host so.
noise: Home offices and small partners use dynamic names.
cite: "Domains the providers hand out; ATT&CK T1568 Dynamic Resolution, T1090.003 Multi-hop Proxy"
next:
  - {id: x-dns-answer-flow}
---*/
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, rtrim(lower(query_name), '.') AS target,
  coalesce(max(instance_id), srcaddr) || ' asked for ' || rtrim(lower(query_name), '.') || ' ' || CAST(count(*) AS VARCHAR) || ' times' AS summary,
  count(*) AS queries, count(CASE WHEN rcode = 'NOERROR' THEN 1 END) AS answered, max(query_timestamp) AS last_time, max(vpc_id) AS vpc_id
FROM route53_resolver
WHERE query_timestamp >= $since AND query_timestamp < $until
  AND regexp_like(lower(query_name), '(^|[.])(duckdns[.]org|no-ip[.](com|org|biz|info)|ddns[.]net|hopto[.]org|zapto[.]org|sytes[.]net|servebeer[.]com|myftp[.](org|biz)|redirectme[.]net|dyndns[.](org|com)|dynu[.](com|net)|afraid[.]org|mooo[.]com|chickenkiller[.]com|strangled[.]net|ddnsfree[.]com|onion|onion[.](to|ws|ly|pet|cab|link)|tor2web[.](org|io))[.]?$')
GROUP BY srcaddr, rtrim(lower(query_name), '.')
ORDER BY 1, 4, 5
