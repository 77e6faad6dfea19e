-- Chains that began: a trail was made, or validation or logging was started again.
SELECT digest_start_time, aws_account_id, digest_s3_object
FROM cloudtrail_digest
WHERE previous_digest_s3_object IS NULL
ORDER BY digest_start_time;

-- Hours between two digests of an account and Region for which there is none.
SELECT account_id, region, before_time AS from_time, start_time AS to_time
FROM (
  SELECT d.aws_account_id AS account_id, e.region, d.digest_start_time AS start_time,
    lag(d.digest_end_time) OVER (PARTITION BY d.aws_account_id, e.region ORDER BY d.digest_end_time) AS before_time
  FROM cloudtrail_digest d JOIN cloudtrail_digest_events e ON e.file_id = d.file_id AND e.record_no = d.record_no
) g
WHERE start_time > before_time
ORDER BY 3;

-- Log files that a digest lists and the case does not have, by their names.
SELECT l.digest_end_time, l.s3_bucket, l.s3_object
FROM cloudtrail_digest_log_files l
WHERE NOT EXISTS (
  SELECT 1 FROM evidence e
  WHERE regexp_extract(e.path, '[^/!]+$') = regexp_extract(l.s3_object, '[^/]+$'))
ORDER BY l.digest_end_time;

-- How many log files CloudTrail delivered, by account and day.
SELECT aws_account_id, date_trunc('day', digest_end_time) AS day, count(*) AS log_files
FROM cloudtrail_digest_log_files
GROUP BY 1, 2
ORDER BY 1, 2;

-- The public keys that are needed to verify, and for which times.
SELECT digest_public_key_fingerprint, min(digest_start_time) AS first_time, max(digest_end_time) AS last_time, count(*) AS digests
FROM cloudtrail_digest
GROUP BY 1
ORDER BY 2;
