/*---
id: ct-owner-not-told
title: Security contact or budget alarm taken away
severity: medium
attack: [T1685]
sources: [cloudtrail]
packs: [defense-evasion]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-alarms-silenced}
means: "AWS's letters about abuse, and the alarms about costs, reach nobody, or somebody else."
noise: Contacts that change with people.
cite: "AWS Account Management Reference Guide, alternate contacts; AWS Budgets API Reference; ATT&CK T1685"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.alternateContactType'), json_extract_scalar(request_parameters, '$.budgetName'), json_extract_scalar(request_parameters, '$.monitorArn'), json_extract_scalar(request_parameters, '$.subscriptionArn'), recipient_account_id) AS target,
  event_name || ' ' || coalesce(json_extract_scalar(request_parameters, '$.alternateContactType'), json_extract_scalar(request_parameters, '$.budgetName'), '') || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'account.amazonaws.com' AND event_name IN ('PutAlternateContact', 'DeleteAlternateContact'))
    OR (event_source = 'budgets.amazonaws.com' AND event_name IN ('DeleteBudget', 'DeleteNotification', 'DeleteBudgetAction'))
    OR (event_source = 'ce.amazonaws.com' AND event_name IN ('DeleteAnomalyMonitor', 'DeleteAnomalySubscription')))
ORDER BY 1, 3, 4, 5, 6
