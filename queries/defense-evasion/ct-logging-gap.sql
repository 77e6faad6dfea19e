/*---
id: ct-logging-gap
title: Time without logging between StopLogging and StartLogging
severity: high
attack: [T1685.002]
sources: [cloudtrail]
packs: [defense-evasion, coverage]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-trail-impaired}
means: What happened in this time is not in this trail. events_in_gap counts what another trail or the event history still told.
noise: None; even an honest gap is a gap. Say so in the report.
cite: "AWS CloudTrail User Guide, StopLogging and StartLogging; plaintext-labs lab on CloudTrail gaps"
---*/
WITH switches AS (
  SELECT *, lead(event_time) OVER (PARTITION BY recipient_account_id, aws_region,
      regexp_extract(json_extract_scalar(request_parameters, '$.name'), '[^/]+$', 0) ORDER BY event_time) AS next_time,
    lead(event_name) OVER (PARTITION BY recipient_account_id, aws_region,
      regexp_extract(json_extract_scalar(request_parameters, '$.name'), '[^/]+$', 0) ORDER BY event_time) AS next_name
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND event_source = 'cloudtrail.amazonaws.com' AND event_name IN ('StopLogging', 'StartLogging')
    AND error_code IS NULL
),
gaps AS (SELECT * FROM switches WHERE event_name = 'StopLogging')
SELECT g.event_time AS time, 'cloudtrail' AS source, coalesce(g.user_arn, g.user_name, g.user_principal_id, g.user_invoked_by) AS principal, g.source_ip_address AS src_ip,
  json_extract_scalar(g.request_parameters, '$.name') AS target,
  CASE WHEN g.next_name = 'StartLogging' THEN 'no logging for ' || CAST(date_diff('second', g.event_time, g.next_time) AS VARCHAR) || ' s'
    ELSE 'logging not started again' END AS summary,
  CASE WHEN g.next_name = 'StartLogging' THEN g.next_time END AS started_at,
  count(e.event_id) AS events_in_gap, g.aws_region, g.recipient_account_id AS account_id, g.event_id
FROM gaps g
LEFT JOIN cloudtrail e ON e.recipient_account_id = g.recipient_account_id AND e.aws_region = g.aws_region
  AND e.event_time > g.event_time AND e.event_time < g.next_time AND g.next_name = 'StartLogging'
  AND e.event_time >= $since AND e.event_time < $until
GROUP BY g.event_time, coalesce(g.user_arn, g.user_name, g.user_principal_id, g.user_invoked_by), g.source_ip_address, json_extract_scalar(g.request_parameters, '$.name'),
  g.next_time, g.next_name, g.aws_region, g.recipient_account_id, g.event_id
ORDER BY 1, 3, 4, 5, 6
