-- Every upload, download and change of an object.
SELECT time, kind, outcome, requester, remote_ip, bucket, object_key, bytes_sent
FROM s3_access_objects
ORDER BY time;

-- Who downloaded the most.
SELECT requester, remote_ip, count(*) AS requests, sum(bytes_sent) AS bytes
FROM s3_access
WHERE operation LIKE '%GET.OBJECT%'
GROUP BY 1, 2
ORDER BY bytes DESC;

-- Requests that were refused.
SELECT time, remote_ip, requester, operation, bucket, key, error_code
FROM s3_access
WHERE http_status IN (401, 403)
ORDER BY time;

-- Anonymous, presigned and unencrypted access.
SELECT * FROM s3_access_weak ORDER BY time;

-- Objects deleted, by S3 itself too.
SELECT time, operation, requester, bucket, key, version_id
FROM s3_access
WHERE operation LIKE '%DELETE%' OR operation LIKE 'S3.EXPIRE%'
ORDER BY time;

-- Requests by hour and status.
SELECT date_trunc('hour', time) AS hour, http_status, count(*) AS requests
FROM s3_access
GROUP BY 1, 2
ORDER BY 1, 2;
