/*---
id: ct-detection-impaired
title: GuardDuty, Security Hub, Config or the like impaired
severity: high
attack: [T1685]
sources: [cloudtrail]
packs: [triage, defense-evasion]
next:
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: ct-trail-impaired}
means: A detective service was deleted, stopped, cut off from its administrator, or told to keep quiet by a filter.
noise: Services being moved to a delegated administrator. A GuardDuty filter that archives is ordinary tuning, if somebody owns it.
cite: "Elastic AWS GuardDuty Detector Deletion, AWS Config Resource Deletion; SigmaHQ aws_guardduty_disruption, aws_securityhub_finding_evasion, aws_config_disable_recording; ATT&CK T1685"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.detectorId'), json_extract_scalar(request_parameters, '$.configurationRecorderName'),
    json_extract_scalar(request_parameters, '$.deliveryChannelName'), json_extract_scalar(request_parameters, '$.configRuleName'),
    json_extract_scalar(request_parameters, '$.analyzerName'), event_source) AS target,
  event_name || CASE WHEN error_code IS NULL THEN '' ELSE ', refused with ' || error_code END AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND ((event_source = 'guardduty.amazonaws.com'
      AND (event_name IN ('DeleteDetector', 'StopMonitoringMembers', 'DisassociateFromMasterAccount',
          'DisassociateFromAdministratorAccount', 'DisassociateMembers', 'DeleteMembers', 'DeletePublishingDestination',
          'DeleteThreatIntelSet', 'CreateIPSet', 'UpdateIPSet')
        OR (event_name IN ('CreateFilter', 'UpdateFilter') AND json_extract_scalar(request_parameters, '$.action') = 'ARCHIVE')
        OR (event_name = 'UpdateDetector' AND json_extract_scalar(request_parameters, '$.enable') = 'false')))
    OR (event_source = 'securityhub.amazonaws.com'
      AND event_name IN ('DisableSecurityHub', 'BatchDisableStandards', 'DisassociateFromMasterAccount',
        'DisassociateFromAdministratorAccount', 'DeleteMembers', 'DisableImportFindingsForProduct'))
    OR (event_source = 'config.amazonaws.com'
      AND event_name IN ('StopConfigurationRecorder', 'DeleteConfigurationRecorder', 'DeleteDeliveryChannel', 'DeleteConfigRule'))
    OR (event_source IN ('macie2.amazonaws.com', 'inspector2.amazonaws.com', 'detective.amazonaws.com')
      AND event_name IN ('DisableMacie', 'Disable', 'DeleteGraph'))
    OR (event_source = 'access-analyzer.amazonaws.com' AND event_name IN ('DeleteAnalyzer', 'CreateArchiveRule')))
ORDER BY 1, 3, 4, 5, 6
