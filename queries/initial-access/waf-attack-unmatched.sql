/*---
id: waf-attack-unmatched
title: Attack in a URL that no WAF rule matched
severity: medium
attack: [T1190]
sources: [waf]
packs: [triage, initial-access, web]
means: The URL carries SQL, script, a path out of the web root, a shell command or a JNDI lookup, yet WAF let it through by default and without a label. The rules have a hole, or the client found one.
noise: "People who write about SQL in a search field. Compare with what the same client sent before: blocked tries speak for a search for the hole."
cite: "OWASP Web Security Testing Guide, input validation testing; AWS WAF Developer Guide, text transformations; ATT&CK T1190"
next:
  - {id: waf-blocked-then-allowed}
  - {id: x-blocked-client-alb-success}
---*/
WITH passed AS (
  SELECT "timestamp" AS moment, client_ip, country, coalesce(host, header_host) AS host, uri, args, header_user_agent, http_method, webacl_id,
    lower(url_decode(url_decode(replace(coalesce(uri, '') || coalesce('?' || args, ''), '+', ' ')))) AS decoded
  FROM waf
  WHERE "timestamp" >= $since AND "timestamp" < $until AND action = 'ALLOW'
    AND (label_names IS NULL OR label_names NOT LIKE '%:managed:%') AND coalesce(non_terminating_matching_rules, '[]') NOT LIKE '%ruleId%'
),
matched AS (SELECT *, CASE WHEN regexp_like(decoded, 'union[^a-z]{1,20}(all[^a-z]{1,20})?select|[''"][^a-z0-9]{0,8}(or|and)[^a-z0-9]{1,8}[0-9a-z]{1,12}[''"]?[^a-z0-9]{0,4}=|(sleep|benchmark|pg_sleep|extractvalue|updatexml|load_file)[(]|waitfor[^a-z]{1,8}delay|xp_cmdshell|information_schema|;[^a-z]{0,8}drop[^a-z]{1,8}table') THEN 'SQL injection' WHEN regexp_like(decoded, '<script|javascript:|<(img|svg|iframe|body)[^>]{0,40}[ /]on[a-z]{4,12}[^a-z]?=') THEN 'cross-site scripting'
      WHEN regexp_like(decoded, '([.][.][/\\]){2}|/etc/(passwd|shadow)|/proc/self/|win[.]ini|php://(filter|input)|file:///') THEN 'path traversal' WHEN regexp_like(decoded, '[$][{][^}]{0,40}(jndi|lower:|upper:|::-)') THEN 'JNDI lookup' ELSE 'command injection' END AS kind FROM passed WHERE regexp_like(decoded, 'union[^a-z]{1,20}(all[^a-z]{1,20})?select|[''"][^a-z0-9]{0,8}(or|and)[^a-z0-9]{1,8}[0-9a-z]{1,12}[''"]?[^a-z0-9]{0,4}=|(sleep|benchmark|pg_sleep|extractvalue|updatexml|load_file)[(]|waitfor[^a-z]{1,8}delay|xp_cmdshell|information_schema|;[^a-z]{0,8}drop[^a-z]{1,8}table|<script|javascript:|<(img|svg|iframe|body)[^>]{0,40}[ /]on[a-z]{4,12}[^a-z]?=|([.][.][/\\]){2}|/etc/(passwd|shadow)|/proc/self/|win[.]ini|php://(filter|input)|file:///|[;|`][ ]{0,3}(cat|wget|curl|nc|bash|sh|id|whoami|uname|ping|powershell)([ ;|$]|$)|[$][(](cat|wget|curl|id|whoami)|/bin/(ba)?sh|cmd[.]exe|eval-stdin[.]php|auto_prepend_file|call_user_func|[$][{][^}]{0,40}(jndi|lower:|upper:|::-)|169[.]254[.]169[.]254|169[.]254[.]170[.]2|fd00:ec2::254|metadata[.]google[.]internal|(=|%3d)(gopher|dict|file|ldap)://|=https?://(localhost|127[.][0-9.]+|0[.]0[.]0[.]0|2852039166|0xa9fea9fe)[:/?&]?'))
SELECT min(moment) AS time, 'waf' AS source, CAST(NULL AS VARCHAR) AS principal, client_ip AS src_ip, coalesce(max(host), '') || coalesce(uri, '') AS target,
  CAST(count(*) AS VARCHAR) || ' requests with ' || kind || ' that no rule matched' AS summary,
  kind, count(*) AS requests, max(args) AS args, max(moment) AS last_time, max(country) AS country, max(http_method) AS http_method, max(header_user_agent) AS user_agent, max(webacl_id) AS webacl_id
FROM matched
GROUP BY client_ip, uri, kind
ORDER BY 1, 3, 4, 5, kind
