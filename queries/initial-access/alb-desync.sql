/*---
id: alb-desync
title: Malformed requests that may smuggle another
severity: medium
attack: [T1190]
sources: [alb]
packs: [initial-access, web]
means: The load balancer classed requests as ambiguous or severe against RFC 7230 and yet passed them on (monitor or defensive mode). So requests are smuggled past a front.
noise: Old or careless clients, with one and the same reason all the time.
cite: "Elastic Load Balancing User Guide, desync mitigation mode and classification reasons; ATT&CK T1190"
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
---*/
SELECT min(time) AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, client_ip AS src_ip, max(split_part(request, ' ', 2)) AS target,
  CAST(count(*) AS VARCHAR) || ' requests classed ' || classification || ' (' || coalesce(classification_reason, '?') || ') and passed on' AS summary,
  classification, classification_reason, count(*) AS requests, count(CASE WHEN target_status_code BETWEEN 200 AND 299 THEN 1 END) AS succeeded, max(time) AS last_time, max(user_agent) AS user_agent
FROM alb
WHERE time >= $since AND time < $until AND classification IN ('Ambiguous', 'Severe') AND target_status_code IS NOT NULL
GROUP BY client_ip, classification, classification_reason
ORDER BY 1, 3, 4, 5, 6
