/*---
id: s3-presigned-shared
title: Presigned URL used from several addresses
severity: medium
attack: [T1530, T1550.001]
sources: [s3_access]
packs: [collection, data]
params:
  - {name: addresses, type: bigint, default: 2, doc: different addresses}
means: "One presigned URL, told by its signature, came from several addresses: it was passed on, or taken."
noise: Phones change addresses; link previews of mail and chat fetch what was sent; proxies with several exits.
cite: "Amazon S3 User Guide, sharing objects with presigned URLs, and server access log format, field authentication type; Panther S3 rules"
next:
  - {id: s3-objects-of, with: {who: src_ip}}
---*/
WITH used AS (
  SELECT time, remote_ip, requester, bucket, key, bytes_sent, user_agent, coalesce(nullif(regexp_extract(request_uri, '(?i)[?&](?:X-Amz-)?Signature=([^& ]+)', 1), ''), bucket || '/' || key) AS link
  FROM s3_access
  WHERE time >= $since AND time < $until AND authentication_type = 'QueryString' AND http_status BETWEEN 200 AND 299 AND key IS NOT NULL AND remote_ip IS NOT NULL
)
SELECT min(time) AS time, 's3_access' AS source, max(requester) AS principal, max_by(remote_ip, time) AS src_ip, bucket || '/' || key AS target,
  'one URL used from ' || CAST(count(DISTINCT remote_ip) AS VARCHAR) || ' addresses, ' || CAST(count(*) AS VARCHAR) || ' times' AS summary,
  count(DISTINCT remote_ip) AS addresses, count(*) AS requests, min_by(remote_ip, time) AS first_ip, count(DISTINCT user_agent) AS user_agents, CAST(coalesce(sum(bytes_sent), 0) AS BIGINT) AS bytes, max(time) AS last_time
FROM used
GROUP BY link, bucket, key
HAVING count(DISTINCT remote_ip) >= $addresses
ORDER BY 1, 4, 5
