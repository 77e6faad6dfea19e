/*---
id: ct-bucket-replication
title: Bucket replicated or its public access block removed
severity: high
attack: [T1537, T1530]
sources: [cloudtrail]
packs: [triage, exfiltration, data]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-resource-shared}
means: Every new object goes to another bucket too, or a bucket may be made public again.
noise: Disaster recovery set-ups. Ask whose the destination is; the account stands in the request where it is foreign.
cite: "Elastic AWS S3 Bucket Replicated to Another Account; AWS S3 User Guide, Blocking public access; ATT&CK T1537"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.bucketName'), recipient_account_id) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END
    || CASE WHEN event_name = 'PutBucketReplication' THEN 'replicated to '
        || coalesce(json_extract_scalar(request_parameters, '$.ReplicationConfiguration.Rule.Destination.Bucket'),
          json_extract_scalar(request_parameters, '$.ReplicationConfiguration.Rule[0].Destination.Bucket'), '?')
      ELSE 'public access block removed' END AS summary,
  coalesce(json_extract_scalar(request_parameters, '$.ReplicationConfiguration.Rule.Destination.Account'),
    json_extract_scalar(request_parameters, '$.ReplicationConfiguration.Rule[0].Destination.Account')) AS to_account,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source IN ('s3.amazonaws.com', 's3-control.amazonaws.com')
  AND (event_name IN ('PutBucketReplication', 'DeleteBucketPublicAccessBlock', 'DeleteAccountPublicAccessBlock')
    OR (event_name IN ('PutBucketPublicAccessBlock', 'PutAccountPublicAccessBlock')
      AND (json_extract_scalar(request_parameters, '$.PublicAccessBlockConfiguration.BlockPublicPolicy') = 'false'
        OR json_extract_scalar(request_parameters, '$.PublicAccessBlockConfiguration.RestrictPublicBuckets') = 'false')))
ORDER BY 1, 3, 4, 5, 6
