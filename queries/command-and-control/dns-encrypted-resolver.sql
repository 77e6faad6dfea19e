/*---
id: dns-encrypted-resolver
title: Public encrypted resolver asked for
severity: low
attack: [T1071.004, T1572]
sources: [route53_resolver]
packs: [command-and-control, network]
means: A host asked for the name of a public DNS-over-HTTPS server. What it asks there is in no log of yours.
noise: Browsers on desktops do so by themselves. Servers do not.
cite: "Names of public DoH servers as their operators document them; ATT&CK T1071.004"
next:
  - {id: flow-dns-outside}
---*/
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, rtrim(lower(query_name), '.') AS target,
  coalesce(max(instance_id), srcaddr) || ' asked for ' || rtrim(lower(query_name), '.') AS summary,
  count(*) AS queries, max(query_timestamp) AS last_time, max(vpc_id) AS vpc_id
FROM route53_resolver
WHERE query_timestamp >= $since AND query_timestamp < $until
  AND regexp_like(lower(query_name), '^(dns[.]google|dns[.]google[.]com|cloudflare-dns[.]com|[a-z]+[.]cloudflare-dns[.]com|one[.]one[.]one[.]one|dns[.]quad9[.]net|dns9[.]quad9[.]net|doh[.]opendns[.]com|dns[.]adguard(-dns)?[.]com|dns[.]nextdns[.]io|doh[.]cleanbrowsing[.]org|doh[.]dns[.]sb|dns[.]alidns[.]com|doh[.]pub|mozilla[.]cloudflare-dns[.]com)[.]?$')
GROUP BY srcaddr, rtrim(lower(query_name), '.')
ORDER BY 1, 4, 5
