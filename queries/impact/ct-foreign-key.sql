/*---
id: ct-foreign-key
title: Storage set to encrypt under a key of another account
severity: critical
attack: [T1486]
sources: [cloudtrail]
packs: [triage, impact, data]
means: A bucket, volume default, snapshot copy or database was told to use a KMS key of another account. When that account takes the key away, the data are gone.
noise: Organizations that keep keys in an account of their own. Accounts whose CloudTrail is in the case are left out.
cite: "Elastic AWS S3 Object Encryption Using External KMS Key; AWS KMS Developer Guide, keys in other accounts; ATT&CK T1486"
next:
  - {id: ct-objects-encrypted}
  - {id: ct-principal-calls, with: {principal: principal}}
---*/
WITH keyed AS (
  SELECT *, regexp_extract(request_parameters, 'arn:aws[a-z-]*:kms:[a-z0-9-]+:([0-9]{12}):(?:key|alias)/', 1) AS key_account,
    regexp_extract(request_parameters, '(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(?:key|alias)/[^"]+)', 1) AS kms_key
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until AND request_parameters LIKE '%:kms:%'
    AND event_name IN ('PutBucketEncryption', 'ModifyEbsDefaultKmsKeyId', 'CopySnapshot', 'CopyImage', 'CreateVolume', 'CopyDBSnapshot', 'CopyDBClusterSnapshot', 'CreateDBInstance', 'CreateDBCluster', 'RestoreDBInstanceFromDBSnapshot',
      'CreateFileSystem', 'UpdateSecret', 'CreateTable', 'UpdateTable', 'AssociateKmsKey')
)
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.bucketName'), json_extract_scalar(request_parameters, '$.dBInstanceIdentifier'), json_extract_scalar(request_parameters, '$.sourceSnapshotId'), kms_key) AS target,
  CASE WHEN error_code IS NULL THEN '' ELSE 'tried: ' END || event_name || ' with a key of account ' || key_account AS summary,
  kms_key, key_account, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM keyed
WHERE key_account <> '' AND key_account <> recipient_account_id
  AND key_account NOT IN (SELECT recipient_account_id FROM cloudtrail WHERE recipient_account_id IS NOT NULL AND event_time >= $since AND event_time < $until)
ORDER BY 1, 3, 4, 5, 6
