/*---
id: waf-attack-allowed
title: Request that matched an attack rule and was let through
severity: high
attack: [T1190]
sources: [waf]
packs: [triage, initial-access, web]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: x-blocked-client-calls-api}
means: A rule for injection, file inclusion, metadata SSRF or the like matched, but only counted. The request reached the application.
noise: Rules left in COUNT because they match what the application does. Look at uri and args, then at the application's own log.
cite: "AWS WAF Developer Guide, Log fields for web ACL traffic (labels, nonTerminatingMatchingRules) and AWS Managed Rules rule groups list; Panther AWS WAF rules"
---*/
WITH matched AS (
  SELECT "timestamp", client_ip, country, coalesce(host, header_host) AS host, uri, args, header_user_agent, webacl_id, http_method,
    coalesce(label_names, '') || coalesce(non_terminating_matching_rules, '') AS rules
  FROM waf
  WHERE "timestamp" >= $since AND "timestamp" < $until
    AND action = 'ALLOW'
    AND (label_names LIKE '%:managed:%' OR non_terminating_matching_rules LIKE '%ruleId%')
)
SELECT min("timestamp") AS time, 'waf' AS source, CAST(NULL AS VARCHAR) AS principal, client_ip AS src_ip,
  coalesce(max(host), '') || uri AS target,
  CAST(count(*) AS VARCHAR) || ' requests allowed although they matched '
    || coalesce(max(regexp_extract(rules, '(?i)(SQLi[A-Za-z_]*|SQL_INJECTION|CrossSiteScripting[A-Za-z_]*|XSS[A-Za-z_]*|Generic[LR]FI[A-Za-z_]*|EC2MetaDataSSRF[A-Za-z_]*|Log4J[A-Za-z0-9_]*|JavaDeserialization[A-Za-z_]*|ExploitablePaths[A-Za-z_]*|LFI_[A-Za-z]*|(UNIX|Windows|Powershell)ShellCommands[A-Za-z_]*|PHPHighRisk[A-Za-z_]*)', 1)), 'a rule') AS summary,
  count(*) AS requests, max("timestamp") AS last_time, max(country) AS country, max(http_method) AS http_method,
  max(args) AS args, max(header_user_agent) AS user_agent, max(webacl_id) AS webacl_id
FROM matched
WHERE regexp_like(rules, '(?i)(SQLi|SQL_INJECTION|CrossSiteScripting|XSS|Generic[LR]FI|EC2MetaDataSSRF|Log4J|JavaDeserialization|ExploitablePaths|LFI_|(UNIX|Windows|Powershell)ShellCommands|PHPHighRisk)')
GROUP BY client_ip, uri
ORDER BY 1, 3, 4, 5, 6
