/*---
id: waf-oversize-allowed
title: Request too large for WAF to see whole, and let through
severity: low
attack: [T1190]
sources: [waf]
packs: [initial-access, web]
means: The body or headers were longer than WAF inspects, and the request passed. Padding before the payload is a way around the rules.
noise: Uploads. Look for paths that take none, and clients that were blocked there before.
cite: "AWS WAF Developer Guide, oversize web request components; ATT&CK T1190"
---*/
SELECT min("timestamp") AS time, 'waf' AS source, CAST(NULL AS VARCHAR) AS principal, client_ip AS src_ip, coalesce(max(coalesce(host, header_host)), '') || coalesce(uri, '') AS target,
  CAST(count(*) AS VARCHAR) || ' requests larger than WAF inspects were allowed, up to ' || coalesce(CAST(max(request_body_size) AS VARCHAR), '?') || ' bytes' AS summary,
  count(*) AS requests, max(request_body_size) AS body_bytes, max(request_body_size_inspected_by_waf) AS inspected_bytes, max(oversize_fields) AS oversize_fields,
  max(http_method) AS http_method, max("timestamp") AS last_time, max(header_user_agent) AS user_agent
FROM waf
WHERE "timestamp" >= $since AND "timestamp" < $until AND action = 'ALLOW'
  AND (oversize_fields LIKE '%REQUEST%' OR request_body_size > request_body_size_inspected_by_waf)
GROUP BY client_ip, uri
ORDER BY 1, 3, 4, 5
