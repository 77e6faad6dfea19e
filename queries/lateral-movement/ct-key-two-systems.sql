/*---
id: ct-key-two-systems
title: One access key used from two operating systems at a time
severity: medium
attack: [T1078.004]
sources: [cloudtrail]
packs: [lateral-movement]
next:
  - {id: ct-key-calls, with: {key: target}}
  - {id: ct-credentials-issued, with: {key: target}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "A key works on two kinds of machine in two places in the same hour: two people hold it. Hours are those of the clock."
noise: "Keys that a team shares, or that a person and a job share; neither should be."
cite: "Panther and Elastic rules on user agents of an access key; ATT&CK T1078.004"
---*/
WITH uses AS (
  SELECT event_time, user_access_key_id, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address, user_agent,
    CASE WHEN strpos(lower(user_agent), 'windows') > 0 THEN 'windows'
      WHEN strpos(lower(user_agent), 'macos') > 0 OR strpos(lower(user_agent), 'darwin') > 0 OR strpos(lower(user_agent), 'mac os') > 0 THEN 'macos'
      WHEN strpos(lower(user_agent), 'kali') > 0 THEN 'kali' WHEN strpos(lower(user_agent), 'linux') > 0 THEN 'linux' END AS system,
    date_trunc('hour', event_time) AS hour
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND user_access_key_id <> '' AND user_invoked_by IS NULL AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
)
SELECT min(event_time) AS time, 'cloudtrail' AS source, max(principal) AS principal, min(source_ip_address) AS src_ip, user_access_key_id AS target,
  array_join(array_agg(DISTINCT system ORDER BY system), ', ') || ' within an hour, from ' || CAST(count(DISTINCT source_ip_address) AS VARCHAR) || ' addresses' AS summary,
  count(*) AS calls, array_join(array_agg(DISTINCT source_ip_address ORDER BY source_ip_address), ', ') AS addresses, max(event_time) AS last_time,
  min(user_agent) AS user_agent, max(user_agent) AS other_user_agent
FROM uses
WHERE system IS NOT NULL
GROUP BY user_access_key_id, hour
HAVING count(DISTINCT system) > 1 AND count(DISTINCT source_ip_address) > 1
ORDER BY 1, 3, 4, 5, 6
