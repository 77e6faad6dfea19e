/*---
id: ct-object-mass-read
title: Many objects read in an hour
severity: medium
attack: [T1530]
sources: [cloudtrail]
packs: [triage, collection, exfiltration, data]
params:
  - {name: objects, type: bigint, default: 500, doc: objects read from one bucket in an hour}
  - {name: bytes, type: bigint, default: 1073741824, doc: "bytes sent, that are enough with fewer objects"}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: A principal empties a bucket. S3 data events must be logged for this to be seen at all.
noise: Batch jobs and replication by hand, which have their hours and their principals.
cite: "AWS Incident Response Playbooks, S3 data exfiltration, queries 2 and 3; Panther S3 Large Download; ATT&CK T1530 Data from Cloud Storage"
---*/
WITH reads AS (
  SELECT date_trunc('hour', event_time) AS hour, event_time, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_access_key_id, user_agent,
    json_extract_scalar(request_parameters, '$.bucketName') AS bucket,
    TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredOut') AS DOUBLE) AS bytes_out
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 's3.amazonaws.com' AND event_name = 'GetObject' AND error_code IS NULL
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, principal, source_ip_address AS src_ip, bucket AS target,
  CAST(count(*) AS VARCHAR) || ' objects, ' || CAST(CAST(coalesce(sum(bytes_out), 0) AS BIGINT) AS VARCHAR) || ' bytes read within an hour' AS summary,
  count(*) AS objects, CAST(coalesce(sum(bytes_out), 0) AS BIGINT) AS bytes_out, max(event_time) AS last_time,
  max(user_access_key_id) AS access_key_id, max(user_agent) AS user_agent
FROM reads
GROUP BY hour, principal, source_ip_address, bucket
HAVING count(*) >= $objects OR sum(bytes_out) >= $bytes
ORDER BY 1, 3, 4, 5, 6
