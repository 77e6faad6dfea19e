-- Who called what, and how often it failed.
SELECT COALESCE(user_arn, user_invoked_by, user_type) AS principal, event_source, event_name,
  count(*) AS calls, count(error_code) AS failed, min(event_time) AS first_time, max(event_time) AS last_time
FROM cloudtrail
GROUP BY 1, 2, 3
ORDER BY calls DESC, principal, event_name
LIMIT 50;

-- Calls that changed something, in the order of time, without those of AWS services.
SELECT event_time, user_arn, source_ip_address, event_source, event_name, request_parameters
FROM cloudtrail
WHERE read_only = FALSE AND user_invoked_by IS NULL
ORDER BY event_time;

-- Console sign-ins by result and MFA.
SELECT event_time, user_name, user_type, source_ip_address, json_extract_scalar(response_elements, '$.ConsoleLogin') AS result,
  json_extract_scalar(additional_event_data, '$.MFAUsed') AS mfa_used, error_message
FROM cloudtrail
WHERE event_name = 'ConsoleLogin'
ORDER BY event_time;

-- What was refused, and to whom.
SELECT user_arn, event_source, event_name, error_code, count(*) AS refused, max(event_time) AS last_time
FROM cloudtrail
WHERE error_code LIKE '%Denied%' OR error_code LIKE '%Unauthorized%' OR error_code LIKE '%Forbidden%'
GROUP BY 1, 2, 3, 4
ORDER BY refused DESC, event_name;

-- Addresses and user agents of each access key: one key from many places is suspect.
SELECT user_access_key_id, count(DISTINCT source_ip_address) AS addresses, count(DISTINCT user_agent) AS user_agents,
  count(*) AS calls, min(event_time) AS first_time, max(event_time) AS last_time
FROM cloudtrail
WHERE user_access_key_id IS NOT NULL
GROUP BY 1
ORDER BY addresses DESC, calls DESC;

-- Events by account, region and day: where is activity, and where is a hole in the log.
SELECT recipient_account_id, aws_region, CAST(event_time AS DATE) AS day, count(*) AS events
FROM cloudtrail
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
