/*---
id: s3-secret-objects
title: Objects with names of secrets read
severity: medium
attack: [T1552.001, T1530]
sources: [s3_access]
packs: [credential-access, data, collection]
means: Keys, configuration with passwords, Terraform state or dumps were read from a bucket, as the access log tells. ct-secret-objects asks the same of data events.
noise: "Deployment tools read their own state: the same requester each day."
cite: "Elastic and Stratus Red Team, reads of credential-like objects; ATT&CK T1552.001"
next:
  - {id: s3-objects-of, with: {who: src_ip}}
---*/
SELECT min(time) AS time, 's3_access' AS source, coalesce(requester, 'anonymous') AS principal, remote_ip AS src_ip, bucket AS target,
  CAST(count(DISTINCT key) AS VARCHAR) || ' objects with names of secrets read, such as ' || min_by(key, time) AS summary,
  count(DISTINCT key) AS objects, count(*) AS requests, max(time) AS last_time, max(user_agent) AS user_agent
FROM s3_access
WHERE time >= $since AND time < $until AND operation = 'REST.GET.OBJECT' AND http_status IN (200, 206)
  AND regexp_like(lower(key), '(^|/)([.]env[^/]*|id_(rsa|dsa|ed25519|ecdsa)|credentials([.](json|csv|txt|xml))?|[.]npmrc|[.]pgpass|[.]git-credentials|kubeconfig|secrets?[.](ya?ml|json|txt)|passwords?[^/]*|wp-config[.]php)$|[.](pem|ppk|pfx|p12|kdbx|tfstate|jks|keytab)$|(rootkey|accesskeys?)[^/]*[.]csv$')
GROUP BY coalesce(requester, 'anonymous'), remote_ip, bucket
ORDER BY 1, 3, 4, 5
