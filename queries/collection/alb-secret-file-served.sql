/*---
id: alb-secret-file-served
title: File with secrets or a dump served by Application Load Balancer
severity: high
attack: [T1552.001, T1213]
sources: [alb]
packs: [triage, collection, web, credential-access, data]
means: A file that holds configuration, keys, a repository or a dump was asked for and answered with 2xx. Take what is in it for lost.
noise: "Sites that answer 200 with their start page to any path: then all sizes are alike and equal that of the start page. HEAD requests have no body."
cite: "OWASP Web Security Testing Guide, sensitive information in files; Elastic Load Balancing User Guide, access logs of an Application Load Balancer; ATT&CK T1552.001"
next:
  - {id: ct-new-address}
  - {id: x-address-everywhere}
---*/
WITH served AS (
  SELECT time AS moment, client_ip AS ip, elb_status_code AS status, elb AS host, split_part(request, ' ', 1) AS method, user_agent AS agent, sent_bytes AS bytes, url_decode(split_part(split_part(request, ' ', 2), '?', 1)) AS path
  FROM alb
  WHERE time >= $since AND time < $until AND elb_status_code IN (200, 206)
)
SELECT min(moment) AS time, 'alb' AS source, CAST(NULL AS VARCHAR) AS principal, ip AS src_ip, path AS target,
  path || ' served ' || CAST(count(*) AS VARCHAR) || ' times, ' || CAST(CAST(coalesce(sum(bytes), 0) AS BIGINT) AS VARCHAR) || ' bytes' AS summary,
  count(*) AS requests, CAST(coalesce(sum(bytes), 0) AS BIGINT) AS bytes, max(moment) AS last_time, max(host) AS host, max(method) AS method, max(agent) AS user_agent
FROM served
WHERE regexp_like(lower(path), '/[.]env([.][a-z]+)?$|/[.]git/(config|head|index|logs/|packed-refs)|/[.]aws/credentials|/[.]ssh/|/id_(rsa|dsa|ed25519)$|/wp-config[.]php([.~].*)$|[.](sql|bak|pem|key|pfx|p12|kdbx|tfstate|dump)([.](gz|zip|bz2|xz))?$|/(backup|dump|database|db|site|www|html|public)[a-z0-9_.-]*[.](zip|tar|gz|tgz|7z|rar|sql)$|/actuator/(heapdump|env|configprops)$|/phpinfo[.]php$|/[.]npmrc$|/[.]htpasswd$|/docker-compose[.]ya?ml$|/[.]ds_store$|/web-inf/web[.]xml$') AND method <> 'HEAD'
GROUP BY ip, path
ORDER BY 1, 3, 4, 5
