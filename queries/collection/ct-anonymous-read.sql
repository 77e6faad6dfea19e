/*---
id: ct-anonymous-read
title: Objects read without credentials
severity: medium
attack: [T1530]
sources: [cloudtrail]
packs: [triage, collection, data]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-resource-calls, with: {name: target}}
means: Anybody on the internet can read this, and somebody did.
noise: Public websites and downloads. What matters is which bucket.
cite: "AWS Incident Response Playbooks, S3 public access, query 10; AWS CloudTrail User Guide, userIdentity element, anonymous requests"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, 'anonymous' AS principal, source_ip_address AS src_ip,
  json_extract_scalar(request_parameters, '$.bucketName') AS target,
  CAST(count(*) AS VARCHAR) || ' objects read without credentials' AS summary,
  count(*) AS objects, max(json_extract_scalar(request_parameters, '$.key')) AS one_key,
  CAST(coalesce(sum(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredOut') AS DOUBLE)), 0) AS BIGINT) AS bytes_out,
  max(event_time) AS last_time, max(user_agent) AS user_agent
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND user_type = 'AWSAccount' AND user_account_id IN ('ANONYMOUS_PRINCIPAL', 'anonymous')
  AND event_source = 's3.amazonaws.com' AND event_name IN ('GetObject', 'ListObjects') AND error_code IS NULL
GROUP BY source_ip_address, json_extract_scalar(request_parameters, '$.bucketName')
ORDER BY 1, 3, 4, 5, 6
