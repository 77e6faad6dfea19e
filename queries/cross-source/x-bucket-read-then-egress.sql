/*---
id: x-bucket-read-then-egress
title: Objects read with an instance's role, then much sent out
severity: critical
attack: [T1530, T1048]
sources: [cloudtrail, vpc_flow]
packs: [triage, cross-source, exfiltration, network, data]
params:
  - {name: objects, type: bigint, default: 10, doc: objects read by the instance role in an hour}
  - {name: bytes, type: bigint, default: 104857600, doc: bytes sent to one public address afterwards}
  - {name: window_hours, type: bigint, default: 6, doc: hours between the first read and the sending}
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-resource-calls, with: {name: instance_id}}
  - {id: flow-bytes-out}
means: The instance served as a proxy. Objects were copied to it with its role and left from there.
noise: Instances that serve what they read, to many addresses. The bytes are per address.
cite: "OTRF Security Datasets SDAWS-200914011940, S3 exfiltration through an EC2 proxy; ATT&CK T1530, T1048"
---*/
WITH reads AS (
  SELECT split_part(user_principal_id, ':', 2) AS instance_id, date_trunc('hour', event_time) AS hour, min(event_time) AS first_read,
    count(*) AS objects, max(user_arn) AS principal, max(json_extract_scalar(request_parameters, '$.bucketName')) AS bucket,
    max(user_access_key_id) AS access_key_id
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 's3.amazonaws.com' AND event_name IN ('GetObject', 'CopyObject') AND error_code IS NULL
    AND user_type = 'AssumedRole' AND user_principal_id LIKE '%:i-%'
  GROUP BY split_part(user_principal_id, ':', 2), date_trunc('hour', event_time)
  HAVING count(*) >= $objects
),
first_reads AS (
  SELECT instance_id, min(first_read) AS first_read, sum(objects) AS objects, max(principal) AS principal, max(bucket) AS bucket,
    max(access_key_id) AS access_key_id
  FROM reads GROUP BY instance_id
),
sent AS (
  SELECT min(f."start") AS time, r.principal, f.srcaddr, f.dstaddr, r.instance_id, r.first_read, r.objects, r.bucket, sum(f.bytes) AS bytes,
    count(*) AS flows, max(f."end") AS last_time, max(f.dstport) AS dstport, r.access_key_id
  FROM first_reads r
  JOIN vpc_flow f ON f.instance_id = r.instance_id
  WHERE f."start" >= $since AND f."start" < $until AND f.action = 'ACCEPT'
    AND f."end" >= r.first_read AND f."start" <= r.first_read + $window_hours * INTERVAL '1' HOUR
    AND coalesce(f.pkt_dst_aws_service, '') NOT IN ('S3', 'AMAZON', 'DYNAMODB')
  GROUP BY r.principal, f.srcaddr, f.dstaddr, r.instance_id, r.first_read, r.objects, r.bucket, r.access_key_id
)
SELECT time, 'vpc_flow' AS source, principal, srcaddr AS src_ip, dstaddr AS target,
  CAST(CAST(objects AS BIGINT) AS VARCHAR) || ' objects of ' || bucket || ' read, then '
    || CAST(CAST(round(bytes / 1048576.0) AS BIGINT) AS VARCHAR) || ' MiB sent to ' || dstaddr AS summary,
  instance_id, first_read, CAST(objects AS BIGINT) AS objects, bucket, CAST(bytes AS BIGINT) AS bytes_out,
  flows, last_time, dstport, access_key_id
FROM sent
-- CASE has addresses looked at after they are grouped, not once a row.
WHERE CASE WHEN bytes >= $bytes THEN is_private_ip(srcaddr) AND NOT is_private_ip(dstaddr) END
ORDER BY 1, 3, 4, 5, 6
