-- Every digest of CloudTrail in the columns all sources share.
CREATE OR REPLACE VIEW cloudtrail_digest_events AS
SELECT
  digest_end_time AS event_time,
  'cloudtrail_digest' AS source,
  CAST(NULL AS VARCHAR) AS event_id,
  aws_account_id AS account_id,
  regexp_extract(digest_s3_object, '_CloudTrail-Digest_([a-z0-9-]+)_', 1) AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  CAST(NULL AS VARCHAR) AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  CASE WHEN previous_digest_s3_object IS NULL THEN 'chain of digests begins' ELSE 'digest' END AS action,
  digest_s3_bucket AS target,
  CAST(NULL AS VARCHAR) AS outcome,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  'digest of ' || CAST(json_array_length(log_files) AS VARCHAR) || ' log files'
    || CASE WHEN previous_digest_s3_object IS NULL THEN ', the first of a chain' ELSE '' END AS summary,
  file_id,
  record_no
FROM cloudtrail_digest;

-- Log files as the digests list them, with the hash of their content.
CREATE OR REPLACE VIEW cloudtrail_digest_log_files AS
SELECT
  d.digest_start_time, d.digest_end_time, d.aws_account_id,
  json_extract_scalar(l.entry, '$.s3Bucket') AS s3_bucket,
  json_extract_scalar(l.entry, '$.s3Object') AS s3_object,
  json_extract_scalar(l.entry, '$.hashValue') AS hash_value,
  json_extract_scalar(l.entry, '$.hashAlgorithm') AS hash_algorithm,
  json_extract_scalar(l.entry, '$.oldestEventTime') AS oldest_event_time,
  json_extract_scalar(l.entry, '$.newestEventTime') AS newest_event_time,
  d.digest_s3_object, d.file_id, d.record_no
FROM (SELECT cloudtrail_digest.*, json_elements(log_files) AS elements FROM cloudtrail_digest) d
CROSS JOIN UNNEST(d.elements) AS l (entry);
