-- Every S3 request in the columns all sources share; outcome is success, denied (401, 403) or failure by its status.
CREATE OR REPLACE VIEW s3_access_events AS
SELECT
  time AS event_time,
  's3_access' AS source,
  request_id AS event_id,
  NULLIF(regexp_extract(requester, '^arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):', 1), '') AS account_id,
  source_region AS region,
  requester AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  remote_ip AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  operation AS action,
  's3://' || bucket || COALESCE('/' || url_decode(replace(key, '+', ' ')), '') AS target,
  CASE WHEN http_status IN (401, 403) THEN 'denied' WHEN http_status >= 400 THEN 'failure' WHEN http_status IS NOT NULL THEN 'success' END AS outcome,
  error_code AS error,
  bytes_sent AS bytes,
  user_agent,
  operation || ' ' || bucket || COALESCE('/' || key, '') || COALESCE(' ' || CAST(http_status AS VARCHAR), '') || COALESCE(' ' || error_code, '') || COALESCE(', ' || CAST(bytes_sent AS VARCHAR) || ' bytes', '') AS summary,
  file_id,
  record_no
FROM s3_access;

-- Uploads, downloads, deletes and changes of objects, also refused ones, with the key decoded. A request to delete many has a row of its own, without key (kind delete request); each object follows as BATCH.DELETE.OBJECT.
CREATE OR REPLACE VIEW s3_access_objects AS
SELECT
  time,
  CASE
    WHEN operation LIKE '%.GET.OBJECT' OR operation LIKE '%.SELECT.OBJECT%' OR operation IN ('REST.GET.TORRENT', 'REST.GET.OBJECT_TORRENT', 'REST.COPY.OBJECT_GET', 'REST.COPY.PART_GET') THEN 'download'
    WHEN operation LIKE '%.DELETE.OBJECT' OR operation LIKE '%.DELETE.VERSION' OR operation LIKE 'S3.EXPIRE%' OR operation = 'S3.CREATE.DELETEMARKER' THEN 'delete'
    WHEN operation = 'REST.POST.MULTI_OBJECT_DELETE' THEN 'delete request'
    WHEN operation IN ('REST.COPY.OBJECT', 'REST.COPY.PART') THEN 'copy'
    WHEN operation IN ('REST.PUT.OBJECT', 'REST.PUT.PART', 'REST.POST.OBJECT', 'REST.POST.UPLOAD', 'REST.POST.UPLOADS', 'SOAP.PUT.OBJECT') THEN 'upload'
    WHEN operation LIKE '%.HEAD.%' OR operation LIKE '%.GET.%' OR operation LIKE '%.OPTIONS.%' OR operation LIKE 'S3.COMPUTE.%' THEN 'read'
    ELSE 'change'
  END AS kind,
  operation, bucket,
  -- Older logs encode the key twice: then the request, which encodes it once, holds what decoding once gives.
  CASE WHEN key LIKE '%\%25%' ESCAPE '\' AND strpos(request_uri, url_decode(key)) > 0 THEN url_decode(url_decode(key)) ELSE url_decode(replace(key, '+', ' ')) END AS object_key,
  version_id, requester, remote_ip, authentication_type,
  http_status, CASE WHEN http_status IN (401, 403) THEN 'denied' WHEN http_status >= 400 THEN 'failure' ELSE 'success' END AS outcome,
  error_code, bytes_sent, object_size, user_agent, request_uri, request_id, file_id, record_no
FROM s3_access
WHERE key IS NOT NULL OR operation = 'REST.POST.MULTI_OBJECT_DELETE';

-- Requests without a signature, through presigned URLs, over plain HTTP or old TLS. Not the reading half of a copy: who asked may stand in the writing half alone.
CREATE OR REPLACE VIEW s3_access_weak AS
SELECT
  CASE WHEN requester IS NULL AND remote_ip IS NOT NULL THEN 'anonymous'
    WHEN authentication_type = 'QueryString' THEN 'presigned'
    WHEN cipher_suite IS NULL AND host_header IS NOT NULL THEN 'plain HTTP'
    ELSE 'old TLS' END AS weakness,
  time, remote_ip, requester, operation, bucket, key, http_status, bytes_sent, tls_version, user_agent, file_id, record_no
FROM s3_access
WHERE remote_ip IS NOT NULL AND NOT (requester IS NULL AND operation IN ('REST.COPY.OBJECT_GET', 'REST.COPY.PART_GET')) AND (requester IS NULL OR authentication_type = 'QueryString'
  OR (cipher_suite IS NULL AND host_header IS NOT NULL) OR lower(tls_version) IN ('tlsv1', 'tlsv1.0', 'tlsv1.1'));

-- Requesters by bucket: requests, objects, bytes, refusals and span.
CREATE OR REPLACE VIEW s3_access_requesters AS
SELECT
  bucket, COALESCE(requester, CASE WHEN remote_ip IS NULL OR operation IN ('REST.COPY.OBJECT_GET', 'REST.COPY.PART_GET') THEN 'not logged' ELSE 'anonymous' END) AS requester, count(*) AS requests, count(DISTINCT key) AS objects,
  sum(bytes_sent) AS bytes_sent, count(CASE WHEN http_status IN (401, 403) THEN 1 END) AS denied,
  count(DISTINCT remote_ip) AS addresses, min(time) AS first_time, max(time) AS last_time
FROM s3_access
GROUP BY 1, 2;
