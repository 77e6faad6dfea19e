/*---
id: ct-console-writes
title: Changes made by hand in the console
severity: info
attack: []
sources: [cloudtrail]
packs: [orientation]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
means: What people changed, hour by hour. Where all is code, each of these asks for its reason.
noise: Where people work in the console, all of it.
cite: "AWS CloudTrail Lake query samples, write events from the management console; AWS CloudTrail User Guide, sessionCredentialFromConsole"
---*/
SELECT min(event_time) AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, max(source_ip_address) AS src_ip,
  event_source AS target,
  CAST(count(*) AS VARCHAR) || ' x ' || event_name AS summary,
  event_name, count(*) AS calls, count(error_code) AS errors, max(event_time) AS last_time, max(aws_region) AS aws_region
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND read_only = false AND user_invoked_by IS NULL
  AND (CAST(session_credential_from_console AS VARCHAR) = 'true' OR user_agent IN ('console.amazonaws.com', 'signin.amazonaws.com')
    OR user_agent LIKE 'AWSConsole%' OR user_agent LIKE '[S3Console%')
  AND event_name <> 'ConsoleLogin'
GROUP BY date_trunc('hour', event_time), coalesce(user_arn, user_name, user_principal_id, user_invoked_by), event_source, event_name
ORDER BY 1, 3, 4, 5, 6
