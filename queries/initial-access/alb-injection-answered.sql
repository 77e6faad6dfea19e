/*---
id: alb-injection-answered
title: Injection in a URL that Application Load Balancer answered with success
severity: medium
attack: [T1190]
sources: [alb]
packs: [triage, initial-access, web]
means: A URL carried SQL, script, a path out of the web root, a shell command or a JNDI lookup, and the answer was 2xx. Whether it worked is told by the bytes sent and by the application.
noise: "Sites that answer 200 to everything, such as single-page applications: their answers have all one size. Editors and search fields in which people write about SQL."
cite: "OWASP Web Security Testing Guide, input validation testing; Elastic Load Balancing User Guide, access logs of an Application Load Balancer; ATT&CK T1190"
next:
  - {id: alb-secret-file-served}
  - {id: x-address-everywhere}
---*/
WITH answered AS (
  SELECT time AS moment, client_ip AS ip, elb_status_code AS status, elb AS host, split_part(request, ' ', 2) AS url, user_agent AS agent, sent_bytes AS bytes,
    lower(url_decode(url_decode(replace(split_part(request, ' ', 2), '+', ' ')))) AS decoded
  FROM alb
  WHERE time >= $since AND time < $until AND elb_status_code BETWEEN 200 AND 299
),
matched AS (
  SELECT *, CASE WHEN regexp_like(decoded, 'union[^a-z]{1,20}(all[^a-z]{1,20})?select|[''"][^a-z0-9]{0,8}(or|and)[^a-z0-9]{1,8}[0-9a-z]{1,12}[''"]?[^a-z0-9]{0,4}=|(sleep|benchmark|pg_sleep|extractvalue|updatexml|load_file)[(]|waitfor[^a-z]{1,8}delay|xp_cmdshell|information_schema|;[^a-z]{0,8}drop[^a-z]{1,8}table') THEN 'SQL injection' WHEN regexp_like(decoded, '<script|javascript:|<(img|svg|iframe|body)[^>]{0,40}[ /]on[a-z]{4,12}[^a-z]?=') THEN 'cross-site scripting'
      WHEN regexp_like(decoded, '([.][.][/\\]){2}|/etc/(passwd|shadow)|/proc/self/|win[.]ini|php://(filter|input)|file:///') THEN 'path traversal' WHEN regexp_like(decoded, '[$][{][^}]{0,40}(jndi|lower:|upper:|::-)') THEN 'JNDI lookup' ELSE 'command injection' END AS kind
  FROM answered
  WHERE regexp_like(decoded, 'union[^a-z]{1,20}(all[^a-z]{1,20})?select|[''"][^a-z0-9]{0,8}(or|and)[^a-z0-9]{1,8}[0-9a-z]{1,12}[''"]?[^a-z0-9]{0,4}=|(sleep|benchmark|pg_sleep|extractvalue|updatexml|load_file)[(]|waitfor[^a-z]{1,8}delay|xp_cmdshell|information_schema|;[^a-z]{0,8}drop[^a-z]{1,8}table|<script|javascript:|<(img|svg|iframe|body)[^>]{0,40}[ /]on[a-z]{4,12}[^a-z]?=|([.][.][/\\]){2}|/etc/(passwd|shadow)|/proc/self/|win[.]ini|php://(filter|input)|file:///|[;|`][ ]{0,3}(cat|wget|curl|nc|bash|sh|id|whoami|uname|ping|powershell)([ ;|$]|$)|[$][(](cat|wget|curl|id|whoami)|/bin/(ba)?sh|cmd[.]exe|eval-stdin[.]php|auto_prepend_file|call_user_func|[$][{][^}]{0,40}(jndi|lower:|upper:|::-)')
)
SELECT min(moment) AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, ip AS src_ip, min_by(url, moment) AS target,
  CAST(count(*) AS VARCHAR) || ' requests with ' || kind || ' answered with success, ' || CAST(count(DISTINCT bytes) AS VARCHAR) || ' sizes of answer' AS summary,
  kind, count(*) AS requests, count(DISTINCT url) AS urls, min(bytes) AS least_bytes, max(bytes) AS most_bytes,
  max(moment) AS last_time, max(host) AS host, max(agent) AS user_agent
FROM matched
GROUP BY ip, kind
ORDER BY 1, 3, 4, kind
