-- Every Kubernetes audit event in the columns all sources share; outcome is denied for 401 and 403, failure for other errors.
CREATE OR REPLACE VIEW eks_audit_events AS
SELECT
  stage_timestamp AS event_time,
  'eks_audit' AS source,
  audit_id AS event_id,
  COALESCE(account_id, NULLIF(split_part(json_extract_scalar(user_arn, '$[0]'), ':', 5), '')) AS account_id,
  CAST(NULL AS VARCHAR) AS region,
  COALESCE(json_extract_scalar(user_arn, '$[0]'), user_username) AS principal,
  NULLIF(json_extract_scalar(user_access_key_id, '$[0]'), '') AS access_key_id,
  json_extract_scalar(source_ips, '$[0]') AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  verb || COALESCE(' ' || object_resource, '') || COALESCE('/' || object_subresource, '') AS action,
  COALESCE(object_namespace || '/', '') || COALESCE(object_name, object_resource, request_uri) AS target,
  CASE WHEN response_code IN (401, 403) THEN 'denied' WHEN response_code >= 400 THEN 'failure' WHEN response_code IS NOT NULL THEN 'success' END AS outcome,
  COALESCE(NULLIF(response_reason, ''), NULLIF(response_message, '')) AS error,
  CAST(NULL AS BIGINT) AS bytes,
  user_agent,
  COALESCE(user_username, '?') || COALESCE(' as ' || json_extract_scalar(impersonated_user, '$.username'), '') || ' ' || COALESCE(verb, '?') || ' ' || COALESCE(request_uri, '?') || COALESCE(' ' || CAST(response_code AS VARCHAR), '') AS summary,
  file_id,
  record_no
FROM eks_audit;

-- Requests once each, by the last stage logged: one that has no answer yet, as a shell that is still open, is among them.
CREATE OR REPLACE VIEW eks_requests AS
SELECT
  stage_timestamp, NULLIF(regexp_extract(log_group, '^/aws/eks/([^/]+)/cluster$', 1), '') AS cluster, user_username, user_groups,
  json_extract_scalar(user_arn, '$[0]') AS arn, json_extract_scalar(user_access_key_id, '$[0]') AS access_key_id, json_extract_scalar(impersonated_user, '$.username') AS impersonated,
  json_extract_scalar(source_ips, '$[0]') AS source_ip, verb, object_resource, object_subresource, object_namespace, object_name, request_uri, response_code, response_reason,
  json_extract_scalar(annotations, '$["authorization.k8s.io/decision"]') AS decision, json_extract_scalar(annotations, '$["authorization.k8s.io/reason"]') AS decision_reason,
  user_agent, audit_id, file_id, record_no, stage
FROM eks_audit
WHERE stage IN ('ResponseComplete', 'Panic')
  OR (stage = 'ResponseStarted' AND audit_id NOT IN (SELECT audit_id FROM eks_audit WHERE stage IN ('ResponseComplete', 'Panic') AND audit_id IS NOT NULL))
  OR (stage = 'RequestReceived' AND audit_id NOT IN (SELECT audit_id FROM eks_audit WHERE stage IN ('ResponseStarted', 'ResponseComplete', 'Panic') AND audit_id IS NOT NULL));

-- Requests that were refused.
CREATE OR REPLACE VIEW eks_denied AS
SELECT * FROM eks_requests WHERE response_code IN (401, 403) OR decision = 'forbid';

-- Requests by nobody in particular.
CREATE OR REPLACE VIEW eks_anonymous AS
SELECT * FROM eks_requests WHERE user_username = 'system:anonymous' OR user_groups LIKE '%system:unauthenticated%';

-- Reads of secrets.
CREATE OR REPLACE VIEW eks_secrets_access AS
SELECT * FROM eks_requests WHERE object_resource = 'secrets' AND verb IN ('get', 'list', 'watch');

-- Commands run in pods, and ports forwarded into them.
CREATE OR REPLACE VIEW eks_exec AS
SELECT * FROM eks_requests WHERE object_subresource IN ('exec', 'attach', 'portforward', 'proxy', 'ephemeralcontainers');

-- Changes of who may do what: roles, bindings and service accounts.
CREATE OR REPLACE VIEW eks_rbac_changes AS
SELECT * FROM eks_requests WHERE object_resource IN ('roles', 'rolebindings', 'clusterroles', 'clusterrolebindings', 'serviceaccounts', 'configmaps') AND verb IN ('create', 'update', 'patch', 'delete')
  AND (object_resource <> 'configmaps' OR object_name = 'aws-auth');
