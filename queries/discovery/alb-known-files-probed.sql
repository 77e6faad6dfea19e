/*---
id: alb-known-files-probed
title: Known files and consoles asked for at Application Load Balancer
severity: low
attack: [T1595.003, T1083]
sources: [alb]
packs: [discovery, web]
params:
  - {name: paths, type: bigint, default: 3, doc: different paths asked for}
means: A client asks for .git, .env, wp-login, phpinfo, actuators and their like. served says how many of them were answered with 2xx.
noise: The whole internet does so all day. What matters is served, and clients that come back with other requests.
cite: "OWASP Web Security Testing Guide, review old backup and unreferenced files; ATT&CK T1595.003 Wordlist Scanning"
next:
  - {id: alb-secret-file-served}
---*/
WITH asked AS (
  SELECT time AS moment, client_ip AS ip, elb_status_code AS status, user_agent AS agent, lower(split_part(split_part(request, ' ', 2), '?', 1)) AS path
  FROM alb
  WHERE time >= $since AND time < $until
)
SELECT min(moment) AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, ip AS src_ip, min_by(path, moment) AS target,
  CAST(count(DISTINCT path) AS VARCHAR) || ' known files or consoles asked for, ' || CAST(count(CASE WHEN status BETWEEN 200 AND 299 THEN 1 END) AS VARCHAR) || ' requests answered with success' AS summary,
  count(DISTINCT path) AS paths, count(*) AS requests, count(CASE WHEN status BETWEEN 200 AND 299 THEN 1 END) AS served,
  max(moment) AS last_time, max(agent) AS user_agent
FROM asked
WHERE regexp_like(path, '/[.](git|svn|hg|env|aws|ssh|htpasswd|htaccess|ds_store|npmrc|dockercfg|vscode|bash_history)([/._?-]|$)|/(wp-login|xmlrpc|wp-config|phpinfo|adminer|setup-config|eval-stdin)[.]php|/wp-admin|/phpmyadmin|/pma/|/actuator|/server-status|/solr/|/manager/html|/cgi-bin/|/boaform|/hnap1|/_ignition|/telescope/|/debug/pprof|/jenkins|/api/jsonws|/web-inf/|/vendor/phpunit|/id_rsa|/docker-compose')
GROUP BY ip
HAVING count(DISTINCT path) >= $paths
ORDER BY 1, 3, 4, 5
