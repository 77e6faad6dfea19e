/*---
id: ct-trail-impaired
title: CloudTrail stopped, deleted or narrowed
severity: critical
attack: [T1685.002]
sources: [cloudtrail]
packs: [triage, defense-evasion]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-logging-gap}
means: From here on the trail is blind, in whole or in part. Refused tries count as much as done ones; they show the intent.
noise: A trail being replaced by an organization trail. UpdateTrail and PutEventSelectors are also ordinary administration; read the request.
cite: "Stratus Red Team aws.defense-evasion.cloudtrail-stop, cloudtrail-delete, cloudtrail-event-selectors, cloudtrail-lifecycle-rule; SigmaHQ aws_cloudtrail_disable_logging; ATT&CK T1685.002"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.name'), json_extract_scalar(request_parameters, '$.trailName'),
    json_extract_scalar(request_parameters, '$.eventDataStore'), json_extract_scalar(request_parameters, '$.bucketName')) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id, request_parameters
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'cloudtrail.amazonaws.com'
      AND event_name IN ('StopLogging', 'DeleteTrail', 'UpdateTrail', 'PutEventSelectors', 'DeleteEventDataStore',
        'StopEventDataStoreIngestion', 'UpdateEventDataStore'))
    -- Log files that expire within the week: a trail emptied from behind.
    OR (event_source = 's3.amazonaws.com' AND event_name IN ('PutBucketLifecycle', 'PutBucketLifecycleConfiguration')
      AND (lower(json_extract_scalar(request_parameters, '$.bucketName')) LIKE '%trail%'
        OR lower(json_extract_scalar(request_parameters, '$.bucketName')) LIKE '%log%')
      AND TRY_CAST(coalesce(json_extract_scalar(request_parameters, '$.LifecycleConfiguration.Rule.Expiration.Days'),
        json_extract_scalar(request_parameters, '$.LifecycleConfiguration.Rule[0].Expiration.Days')) AS BIGINT) <= 7))
ORDER BY 1, 3, 4, 5, 6
