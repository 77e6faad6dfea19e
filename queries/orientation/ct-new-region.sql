/*---
id: ct-new-region
title: Changes in a Region that hardly sees any
severity: low
attack: [T1535]
sources: [cloudtrail]
packs: [orientation, defense-evasion]
params:
  - {name: percent, type: double, default: 2.0, doc: the Region's part of all changes of the account at most}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-unusual-instances}
means: Somebody makes things where nobody looks.
noise: New Regions being set up. Global services report in us-east-1, which is left out.
cite: "AWS CloudTrail Lake query samples, logs by Region; ATT&CK T1535 Unused/Unsupported Cloud Regions"
---*/
WITH changes AS (
  SELECT recipient_account_id, aws_region, count(*) AS n FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until
    AND read_only = false AND management_event = true AND user_invoked_by IS NULL
  GROUP BY recipient_account_id, aws_region
),
shares AS (
  SELECT *, sum(n) OVER (PARTITION BY recipient_account_id) AS all_changes FROM changes
)
SELECT min(c.event_time) AS time, 'cloudtrail' AS source, coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by) AS principal, max(c.source_ip_address) AS src_ip,
  c.aws_region AS target,
  CAST(count(*) AS VARCHAR) || ' changes in ' || c.aws_region || ', of ' || CAST(CAST(s.all_changes AS BIGINT) AS VARCHAR) || ' in the account' AS summary,
  array_join(array_agg(DISTINCT c.event_name ORDER BY c.event_name), ', ') AS apis, count(*) AS calls, count(c.error_code) AS errors,
  max(c.event_time) AS last_time, c.recipient_account_id AS account_id
FROM shares s
JOIN cloudtrail c ON c.recipient_account_id = s.recipient_account_id AND c.aws_region = s.aws_region
WHERE c.event_time >= $since AND c.event_time < $until
  AND c.read_only = false AND c.management_event = true AND c.user_invoked_by IS NULL
  AND s.aws_region <> 'us-east-1' AND s.n * 100.0 <= $percent * s.all_changes
GROUP BY coalesce(c.user_arn, c.user_name, c.user_principal_id, c.user_invoked_by), c.aws_region, s.all_changes, c.recipient_account_id
ORDER BY 1, 3, 4, 5, 6
