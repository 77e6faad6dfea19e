-- Views over several sources. They are made after those of every source.

-- Every upload, download, copy, delete and change of S3 objects, from S3 access logs and CloudTrail data events, tried or done; a copy is also a download of its source. See s3_object_requests for both logs in one.
CREATE OR REPLACE VIEW s3_object_events AS
SELECT
  time AS event_time, 's3_access' AS source, kind, requester AS principal, remote_ip AS src_ip, bucket, object_key, version_id, operation AS action,
  CASE WHEN kind IN ('upload', 'copy') THEN object_size ELSE bytes_sent END AS bytes, object_size, http_status,
  CASE WHEN http_status IN (401, 403) THEN 'denied' WHEN http_status >= 400 THEN 'failure' ELSE 'success' END AS outcome, error_code AS error,
  authentication_type AS authentication, user_agent, request_id, file_id, record_no
FROM s3_access_objects
UNION ALL
SELECT
  event_time, 'cloudtrail', kind, principal, source_ip_address, bucket, object_key, version_id, event_name,
  CASE WHEN kind = 'upload' THEN bytes_in ELSE bytes_out END, CAST(NULL AS BIGINT), CAST(NULL AS INTEGER),
  CASE WHEN error_code IS NULL THEN 'success' WHEN lower(error_code) LIKE '%denied%' OR lower(error_code) LIKE '%unauthorized%' OR lower(error_code) LIKE '%forbidden%' THEN 'denied' ELSE 'failure' END, error_code,
  authentication, user_agent, request_id, file_id, record_no
FROM (
  SELECT
    event_time, CASE
      WHEN event_name IN ('GetObject', 'GetObjectTorrent') OR event_name LIKE 'SelectObject%' THEN 'download'
      WHEN event_name = 'DeleteObjects' THEN 'delete request'
      WHEN event_name = 'DeleteObject' THEN 'delete'
      WHEN event_name IN ('CopyObject', 'UploadPartCopy') THEN 'copy'
      WHEN event_name IN ('PutObject', 'UploadPart', 'CompleteMultipartUpload', 'CreateMultipartUpload', 'PostObject') THEN 'upload'
      WHEN event_name LIKE 'Head%' OR event_name LIKE 'List%' OR event_name LIKE 'Get%' THEN 'read'
      ELSE 'change' END AS kind,
    COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id) AS principal, source_ip_address,
    -- Where a VPC endpoint refused a call there are no parameters, only resources.
    COALESCE(json_extract_scalar(request_parameters, '$.bucketName'), NULLIF(regexp_extract(resources, '"arn:[a-z-]+:s3:::([^"/]+)', 1), '')) AS bucket,
    COALESCE(json_extract_scalar(request_parameters, '$.key'), NULLIF(regexp_extract(resources, '"arn:[a-z-]+:s3:::[^"/]+/([^"]+)"', 1), '')) AS object_key, json_extract_scalar(request_parameters, '$.versionId') AS version_id, event_name,
    TRY_CAST(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredIn') AS DOUBLE) AS BIGINT) AS bytes_in, TRY_CAST(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredOut') AS DOUBLE) AS BIGINT) AS bytes_out,
    error_code, json_extract_scalar(additional_event_data, '$.AuthenticationMethod') AS authentication, user_agent, request_id, file_id, record_no
  FROM cloudtrail
  WHERE event_source = 's3.amazonaws.com' AND (event_name IN ('GetObject', 'PutObject', 'CopyObject', 'DeleteObject', 'DeleteObjects', 'UploadPart', 'UploadPartCopy') OR (request_parameters LIKE '%"key"%' AND json_extract_scalar(request_parameters, '$.key') IS NOT NULL))
  UNION ALL
  -- What a copy read: bucket/key, maybe with a slash before it and a version behind it.
  SELECT
    event_time, 'download', COALESCE(NULLIF(user_arn, ''), NULLIF(user_name, ''), NULLIF(user_principal_id, ''), on_behalf_of_user_id, user_invoked_by, user_account_id), source_ip_address,
    url_decode(regexp_extract(json_extract_scalar(request_parameters, '$["x-amz-copy-source"]'), '^/?([^/]+)/', 1)),
    url_decode(regexp_extract(json_extract_scalar(request_parameters, '$["x-amz-copy-source"]'), '^/?[^/]+/(.*?)([?]versionId=[^?]*)?$', 1)),
    NULLIF(regexp_extract(json_extract_scalar(request_parameters, '$["x-amz-copy-source"]'), '[?]versionId=([^?]*)$', 1), ''), event_name,
    CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), error_code, json_extract_scalar(additional_event_data, '$.AuthenticationMethod'), user_agent, request_id, file_id, record_no
  FROM cloudtrail
  WHERE event_source = 's3.amazonaws.com' AND event_name IN ('CopyObject', 'UploadPartCopy') AND regexp_like(json_extract_scalar(request_parameters, '$["x-amz-copy-source"]'), '^/?[^/]+/.')
) calls;

-- The same with one row a request and object, whichever of the logs have it; logs says which.
CREATE OR REPLACE VIEW s3_object_requests AS
SELECT
  min(event_time) AS event_time, array_join(array_agg(DISTINCT source ORDER BY source), ', ') AS logs, kind, COALESCE(max(CASE WHEN source = 'cloudtrail' THEN principal END), max(principal)) AS principal, max(src_ip) AS src_ip,
  bucket, object_key, max(version_id) AS version_id, min_by(action, source) AS action, max(bytes) AS bytes, max(object_size) AS object_size, max(http_status) AS http_status, min_by(outcome, source) AS outcome, max(error) AS error,
  max(authentication) AS authentication, max(user_agent) AS user_agent, request_id, min_by(file_id, source) AS file_id, min_by(record_no, source) AS record_no
FROM s3_object_events
-- Batch jobs and lifecycle rules give many requests one id, or none.
GROUP BY kind, bucket, object_key, request_id, CASE WHEN request_id IS NULL THEN CAST(file_id AS VARCHAR) || ':' || CAST(record_no AS VARCHAR) END;

-- Configuration changes with the CloudTrail call that made them: by the event ids Config recorded, else the service's last write that names the resource in the 15 minutes before.
CREATE OR REPLACE VIEW config_changes AS
SELECT
  s.from_time AS changed_at, s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.arn, s.configuration_item_status, s.change_type,
  c.event_time AS call_time, c.event_id AS call_event_id, c.event_source, c.event_name, COALESCE(c.user_arn, c.user_invoked_by, c.user_type) AS principal, c.source_ip_address AS src_ip, c.user_agent, c.error_code,
  CASE WHEN c.event_id IS NULL THEN NULL WHEN best.recorded = 1 THEN 'recorded' ELSE 'by resource and time' END AS matched,
  s.file_id, s.record_no
FROM config_states s
LEFT JOIN (
  SELECT file_id, record_no, recorded, call_file_id, call_record_no, row_number() OVER (PARTITION BY file_id, record_no ORDER BY recorded DESC, call_time DESC, call_id) AS place
  FROM (
    SELECT e.file_id, e.record_no, 1 AS recorded, c.event_time AS call_time, c.event_id AS call_id, c.file_id AS call_file_id, c.record_no AS call_record_no
    FROM (
      SELECT i.file_id, i.record_no, json_extract_scalar(r.related, '$') AS event_id
      FROM (SELECT file_id, record_no, json_elements(related_events) AS elements FROM config_states WHERE related_events LIKE '%"%') i
      CROSS JOIN UNNEST(i.elements) AS r (related)
    ) e
    JOIN cloudtrail c ON c.event_id = e.event_id
    UNION ALL
    SELECT s.file_id, s.record_no, 0, c.event_time, c.event_id, c.file_id, c.record_no
    FROM (
      SELECT i.*, CAST(floor(to_unixtime(i.from_time) / 900) AS BIGINT) + b.slots AS slot,
        CASE split_part(i.resource_type, '::', 2) WHEN 'CloudWatch' THEN 'monitoring' WHEN 'StepFunctions' THEN 'states' WHEN 'MSK' THEN 'kafka' WHEN 'OpenSearch' THEN 'es' ELSE lower(split_part(i.resource_type, '::', 2)) END AS service
      FROM config_states i CROSS JOIN (VALUES (-1), (0), (1)) AS b (slots)
    ) s
    -- A write of data, or of another service that names the resource, is no change of it.
    JOIN (
      SELECT cloudtrail.*, CAST(floor(to_unixtime(event_time) / 900) AS BIGINT) AS slot
      FROM cloudtrail
      WHERE read_only IS DISTINCT FROM TRUE AND error_code IS NULL AND event_category IS DISTINCT FROM 'Data' AND management_event IS DISTINCT FROM FALSE
    ) c
      ON c.slot = s.slot AND c.recipient_account_id = s.aws_account_id AND c.event_time <= date_add('second', 1, s.from_time) AND c.event_time >= date_add('minute', -15, s.from_time)
      AND (strpos(s.service, split_part(c.event_source, '.', 1)) = 1 OR c.event_source = 'tagging.amazonaws.com')
      AND ((length(s.resource_id) > 3 AND (strpos(c.request_parameters, '"' || s.resource_id || '"') > 0 OR strpos(c.response_elements, '"' || s.resource_id || '"') > 0))
        OR (length(s.resource_name) > 3 AND strpos(c.request_parameters, '"' || s.resource_name || '"') > 0)
        OR strpos(c.request_parameters, '"' || s.arn || '"') > 0 OR strpos(c.response_elements, '"' || s.arn || '"') > 0)
  ) calls
) best ON best.file_id = s.file_id AND best.record_no = s.record_no AND best.place = 1
LEFT JOIN cloudtrail c ON c.file_id = best.call_file_id AND c.record_no = best.call_record_no;

-- Who held an address or network interface, and when: from Config items; from CloudTrail calls that made and ended interfaces, instances and associations; from flow logs, the address on the interface's own side.
CREATE OR REPLACE VIEW ip_owner AS
WITH states AS (
  SELECT from_time, to_time, aws_account_id, aws_region, resource_type, resource_id, resource_name, configuration, file_id, record_no
  FROM config_states WHERE resource_type IN ('AWS::EC2::NetworkInterface', 'AWS::EC2::Instance', 'AWS::EC2::EIP')
),
calls AS (
  SELECT event_name, event_time, recipient_account_id, aws_region, user_arn, request_parameters, response_elements, file_id, record_no
  FROM cloudtrail
  WHERE error_code IS NULL
    AND event_name IN ('CreateNetworkInterface', 'DeleteNetworkInterface', 'RunInstances', 'TerminateInstances', 'AllocateAddress', 'AssociateAddress', 'DisassociateAddress', 'ReleaseAddress')
)
SELECT
  json_extract_scalar(a.address, '$.privateIpAddress') AS ip, 'private' AS kind, s.resource_id AS interface_id,
  COALESCE(json_extract_scalar(s.configuration, '$.attachment.instanceId'), json_extract_scalar(s.configuration, '$.attachment.instanceOwnerId'), json_extract_scalar(s.configuration, '$.description')) AS owner,
  json_extract_scalar(s.configuration, '$.vpcId') AS vpc_id, s.aws_account_id AS account_id, s.aws_region AS region, s.from_time, s.to_time, 'config_items' AS source, s.file_id, s.record_no
FROM (SELECT states.*, json_elements(json_format(json_extract(configuration, '$.privateIpAddresses'))) AS addresses FROM states WHERE resource_type = 'AWS::EC2::NetworkInterface' AND configuration LIKE '%privateIpAddresses%') s
CROSS JOIN UNNEST(s.addresses) AS a (address)
UNION ALL
SELECT
  json_extract_scalar(a.address, '$.ipv6Address'), 'ipv6', s.resource_id,
  COALESCE(json_extract_scalar(s.configuration, '$.attachment.instanceId'), json_extract_scalar(s.configuration, '$.attachment.instanceOwnerId'), json_extract_scalar(s.configuration, '$.description')),
  json_extract_scalar(s.configuration, '$.vpcId'), s.aws_account_id, s.aws_region, s.from_time, s.to_time, 'config_items', s.file_id, s.record_no
FROM (SELECT states.*, json_elements(json_format(json_extract(configuration, '$.ipv6Addresses'))) AS addresses FROM states WHERE resource_type = 'AWS::EC2::NetworkInterface' AND configuration LIKE '%"ipv6Address"%') s
CROSS JOIN UNNEST(s.addresses) AS a (address)
UNION ALL
SELECT
  COALESCE(json_extract_scalar(a.address, '$.association.publicIp'), json_extract_scalar(a.address, '$.association.publicIP')), 'public', s.resource_id,
  COALESCE(json_extract_scalar(s.configuration, '$.attachment.instanceId'), json_extract_scalar(s.configuration, '$.attachment.instanceOwnerId'), json_extract_scalar(s.configuration, '$.description')),
  json_extract_scalar(s.configuration, '$.vpcId'), s.aws_account_id, s.aws_region, s.from_time, s.to_time, 'config_items', s.file_id, s.record_no
FROM (SELECT states.*, json_elements(json_format(json_extract(configuration, '$.privateIpAddresses'))) AS addresses FROM states WHERE resource_type = 'AWS::EC2::NetworkInterface' AND configuration LIKE '%"publicI%') s
CROSS JOIN UNNEST(s.addresses) AS a (address)
WHERE json_extract_scalar(a.address, '$.association.publicIp') IS NOT NULL OR json_extract_scalar(a.address, '$.association.publicIP') IS NOT NULL
UNION ALL
-- Instances whose interface Config tells nothing of.
SELECT
  i.ip, i.kind, i.interface_id, i.resource_id, json_extract_scalar(i.configuration, '$.vpcId'), i.aws_account_id, i.aws_region, i.from_time, i.to_time, 'config_items', i.file_id, i.record_no
FROM (
  SELECT states.*, 'private' AS kind, json_extract_scalar(configuration, '$.privateIpAddress') AS ip, json_extract_scalar(configuration, '$.networkInterfaces[0].networkInterfaceId') AS interface_id FROM states WHERE resource_type = 'AWS::EC2::Instance'
  UNION ALL
  SELECT states.*, 'public', json_extract_scalar(configuration, '$.publicIpAddress'), json_extract_scalar(configuration, '$.networkInterfaces[0].networkInterfaceId') FROM states WHERE resource_type = 'AWS::EC2::Instance'
) i
LEFT JOIN (SELECT DISTINCT resource_id FROM config_items WHERE resource_type = 'AWS::EC2::NetworkInterface') n ON n.resource_id = i.interface_id
WHERE i.ip <> '' AND n.resource_id IS NULL
UNION ALL
SELECT
  COALESCE(json_extract_scalar(configuration, '$.publicIp'), resource_name, resource_id), 'public', json_extract_scalar(configuration, '$.networkInterfaceId'), json_extract_scalar(configuration, '$.instanceId'),
  CAST(NULL AS VARCHAR), aws_account_id, aws_region, from_time, to_time, 'config_items', file_id, record_no
FROM states
WHERE resource_type = 'AWS::EC2::EIP' AND COALESCE(json_extract_scalar(configuration, '$.networkInterfaceId'), json_extract_scalar(configuration, '$.instanceId')) IS NOT NULL
UNION ALL
SELECT
  json_extract_scalar(c.response_elements, '$.networkInterface.privateIpAddress'), 'private', json_extract_scalar(c.response_elements, '$.networkInterface.networkInterfaceId'),
  COALESCE(NULLIF(json_extract_scalar(c.response_elements, '$.networkInterface.description'), ''), c.user_arn), json_extract_scalar(c.response_elements, '$.networkInterface.vpcId'),
  c.recipient_account_id, c.aws_region, c.event_time, d.deleted, 'cloudtrail', c.file_id, c.record_no
FROM calls c
LEFT JOIN (SELECT json_extract_scalar(request_parameters, '$.networkInterfaceId') AS interface_id, min(event_time) AS deleted FROM calls WHERE event_name = 'DeleteNetworkInterface' GROUP BY 1) d
  ON d.interface_id = json_extract_scalar(c.response_elements, '$.networkInterface.networkInterfaceId')
WHERE c.event_name = 'CreateNetworkInterface' AND c.response_elements LIKE '%privateIpAddress%'
UNION ALL
SELECT r.ip, 'private', r.interface_id, r.instance_id, r.vpc_id, r.recipient_account_id, r.aws_region, r.event_time, d.ended, 'cloudtrail', r.file_id, r.record_no
FROM (
  SELECT
    COALESCE(json_extract_scalar(n.interface, '$.privateIpAddress'), json_extract_scalar(i.instance, '$.privateIpAddress')) AS ip, json_extract_scalar(n.interface, '$.networkInterfaceId') AS interface_id, i.instance_id,
    json_extract_scalar(i.instance, '$.vpcId') AS vpc_id, i.recipient_account_id, i.aws_region, i.event_time, i.file_id, i.record_no
  FROM (
    SELECT c.recipient_account_id, c.aws_region, c.event_time, c.file_id, c.record_no, e.instance, json_extract_scalar(e.instance, '$.instanceId') AS instance_id, COALESCE(json_elements(json_format(json_extract(e.instance, '$.networkInterfaceSet.items'))), json_elements('[]')) AS interfaces
    FROM (SELECT calls.*, json_elements(json_format(json_extract(response_elements, '$.instancesSet.items'))) AS instances FROM calls WHERE event_name = 'RunInstances' AND response_elements LIKE '%privateIpAddress%') c
    CROSS JOIN UNNEST(c.instances) AS e (instance)
  ) i
  LEFT JOIN UNNEST(i.interfaces) AS n (interface) ON TRUE
) r
LEFT JOIN (
  SELECT instance_id, min(event_time) AS ended
  FROM (
    SELECT json_extract_scalar(t.instance, '$.instanceId') AS instance_id, c.event_time
    FROM (SELECT event_time, json_elements(json_format(json_extract(request_parameters, '$.instancesSet.items'))) AS instances FROM calls WHERE event_name = 'TerminateInstances') c
    CROSS JOIN UNNEST(c.instances) AS t (instance)
  ) ends
  GROUP BY instance_id
) d ON d.instance_id = r.instance_id
UNION ALL
-- An elastic address goes with the next call about it. Calls name it by itself, or by what its allocation or association answered.
SELECT ip, 'public', interface_id, instance_id, CAST(NULL AS VARCHAR), recipient_account_id, aws_region, event_time, to_time, 'cloudtrail', file_id, record_no
FROM (
  SELECT e.*, lead(event_time) OVER (PARTITION BY ip ORDER BY event_time, file_id, record_no) AS to_time
  FROM (
    SELECT
      c.event_name, c.event_time, c.recipient_account_id, c.aws_region, c.file_id, c.record_no, json_extract_scalar(c.request_parameters, '$.networkInterfaceId') AS interface_id, json_extract_scalar(c.request_parameters, '$.instanceId') AS instance_id,
      COALESCE(json_extract_scalar(c.request_parameters, '$.publicIp'), a.ip, l.ip, k.ip) AS ip
    FROM calls c
    LEFT JOIN (SELECT json_extract_scalar(response_elements, '$.allocationId') AS id, max(json_extract_scalar(response_elements, '$.publicIp')) AS ip FROM calls WHERE event_name = 'AllocateAddress' GROUP BY 1) a ON a.id = json_extract_scalar(c.request_parameters, '$.allocationId')
    LEFT JOIN (SELECT json_extract_scalar(configuration, '$.allocationId') AS id, max(json_extract_scalar(configuration, '$.publicIp')) AS ip FROM config_items WHERE resource_type = 'AWS::EC2::EIP' GROUP BY 1) l ON l.id = json_extract_scalar(c.request_parameters, '$.allocationId')
    LEFT JOIN (
      SELECT json_extract_scalar(s.response_elements, '$.associationId') AS id, max(COALESCE(json_extract_scalar(s.request_parameters, '$.publicIp'), json_extract_scalar(b.response_elements, '$.publicIp'))) AS ip
      FROM calls s LEFT JOIN calls b ON b.event_name = 'AllocateAddress' AND json_extract_scalar(b.response_elements, '$.allocationId') = json_extract_scalar(s.request_parameters, '$.allocationId')
      WHERE s.event_name = 'AssociateAddress' GROUP BY 1
    ) k ON k.id = json_extract_scalar(c.request_parameters, '$.associationId')
    WHERE c.event_name IN ('AssociateAddress', 'DisassociateAddress', 'ReleaseAddress')
  ) e
) held
WHERE event_name = 'AssociateAddress' AND ip IS NOT NULL
UNION ALL
-- The address that is in most flows of the interface, or on the side their direction says. Of two that are in as many, the private one; of two such, none.
SELECT f.ip, CASE WHEN f.family = 6 THEN 'ipv6' ELSE 'private' END, f.interface_id, f.owner, f.vpc_id, f.account_id, f.region, f.first_time, f.last_time, 'vpc_flow', f.file_id, f.record_no
FROM (
  SELECT g.*, row_number() OVER (PARTITION BY interface_id, family ORDER BY flows DESC, inside DESC, ip) AS place, sum(flows) OVER (PARTITION BY interface_id, family) AS sides,
    lead(flows * 2 + inside) OVER (PARTITION BY interface_id, family ORDER BY flows DESC, inside DESC, ip) AS next_rank
  FROM (
    SELECT interface_id, CASE WHEN strpos(ip, ':') > 0 THEN 6 ELSE 4 END AS family, ip, CASE WHEN is_private_ip(ip) THEN 1 ELSE 0 END AS inside, max(instance_id) AS owner, max(vpc_id) AS vpc_id, max(account_id) AS account_id, max(region) AS region,
      min(start) AS first_time, max("end") AS last_time, sum(flows) AS flows, min(file_id) AS file_id, min_by(record_no, file_id) AS record_no
    FROM (
      SELECT interface_id, srcaddr AS ip, max(instance_id) AS instance_id, max(vpc_id) AS vpc_id, max(account_id) AS account_id, max(region) AS region, min(start) AS start, max("end") AS "end", count(*) AS flows, min(file_id) AS file_id, min_by(record_no, file_id) AS record_no
      FROM vpc_flow WHERE srcaddr IS NOT NULL AND interface_id IS NOT NULL AND (flow_direction IS NULL OR flow_direction = 'egress') GROUP BY interface_id, srcaddr
      UNION ALL
      SELECT interface_id, dstaddr, max(instance_id), max(vpc_id), max(account_id), max(region), min(start), max("end"), count(*), min(file_id), min_by(record_no, file_id)
      FROM vpc_flow WHERE dstaddr IS NOT NULL AND interface_id IS NOT NULL AND (flow_direction IS NULL OR flow_direction = 'ingress') GROUP BY interface_id, dstaddr
    ) sides
    GROUP BY interface_id, ip
  ) g
) f
WHERE f.place = 1 AND f.flows * 10 >= f.sides * 4 AND (f.next_rank IS NULL OR f.flows * 2 + f.inside > f.next_rank);

-- Which traffic did not reach an instance: flows refused on their way in, with the instance, its security groups when it was refused last, and whether a rule of theirs allowed it; NULL where Config does not say.
CREATE OR REPLACE VIEW flow_unreached AS
WITH owned AS (SELECT interface_id, ip, owner, source, file_id, record_no FROM ip_owner)
SELECT
  interface_id, instance, srcaddr, dstaddr, dstport, protocol, flows, packets, first_time, last_time, group_ids,
  CASE WHEN allows = 2 THEN TRUE WHEN group_ids IS NULL OR allows = 1 OR known < json_array_length(group_ids) THEN NULL ELSE FALSE END AS rule_allows, from_inside, groups_recorded
FROM (
  SELECT
    interface_id, max(owner) AS instance, srcaddr, dstaddr, dstport, protocol, max(flows) AS flows, max(packets) AS packets, max(first_time) AS first_time, max(last_time) AS last_time,
    max(group_ids) AS group_ids, max(from_time) AS groups_recorded, bool_or(inside) AS from_inside, count(DISTINCT group_id) AS known, max(allows) AS allows
  FROM (
    SELECT
      r.interface_id, o.owner, r.srcaddr, r.dstaddr, r.dstport, r.protocol, r.flows, r.packets, r.first_time, r.last_time, e.group_ids, e.from_time, is_private_ip(r.srcaddr) AS inside, g.group_id,
      CASE WHEN x.peer IS NULL THEN 0 WHEN x.peer LIKE 'pl-%' THEN 1 WHEN x.peer LIKE 'sg-%' THEN CASE WHEN p.group_ids IS NULL THEN 1 WHEN strpos(p.group_ids, '"' || x.peer || '"') > 0 THEN 2 ELSE 0 END
        WHEN ip_in_cidr(r.srcaddr, x.peer) THEN 2 ELSE 0 END AS allows
    FROM (
      SELECT f.interface_id, f.srcaddr, f.dstaddr, f.dstport, f.protocol, count(*) AS flows, sum(f.packets) AS packets, min(f.start) AS first_time, max(f."end") AS last_time, max(f.start) AS refused
      FROM vpc_flow f
      LEFT JOIN (SELECT DISTINCT interface_id, ip FROM owned) own ON own.interface_id = f.interface_id AND own.ip = f.srcaddr AND f.flow_direction IS NULL
      WHERE f.action = 'REJECT' AND (f.flow_direction IS NULL OR f.flow_direction = 'ingress') AND own.ip IS NULL
      GROUP BY f.interface_id, f.srcaddr, f.dstaddr, f.dstport, f.protocol
    ) r
    LEFT JOIN (SELECT interface_id, max(owner) AS owner FROM owned WHERE source = 'config_items' GROUP BY interface_id) o ON o.interface_id = r.interface_id
    -- What was recorded first is taken for what was before.
    LEFT JOIN (
      SELECT resource_id, from_time, to_time, json_format(json_extract(configuration, '$.groups')) AS group_ids, row_number() OVER (PARTITION BY resource_id ORDER BY from_time) AS place
      FROM config_states WHERE resource_type = 'AWS::EC2::NetworkInterface'
    ) e ON e.resource_id = r.interface_id AND (e.from_time <= r.refused OR e.place = 1) AND (e.to_time > r.refused OR e.to_time IS NULL)
    LEFT JOIN (SELECT resource_id AS group_id, min(from_time) AS first_time FROM config_states WHERE resource_type = 'AWS::EC2::SecurityGroup' GROUP BY resource_id) g ON strpos(e.group_ids, '"' || g.group_id || '"') > 0
    LEFT JOIN config_security_group_rules x ON x.group_id = g.group_id AND x.direction = 'ingress' AND (x.from_time <= r.refused OR x.from_time = g.first_time) AND (x.to_time > r.refused OR x.to_time IS NULL)
      AND (x.protocol = '-1'
        OR (x.protocol = CAST(r.protocol AS VARCHAR) OR (r.protocol = 6 AND x.protocol = 'tcp') OR (r.protocol = 17 AND x.protocol = 'udp') OR (r.protocol = 1 AND x.protocol = 'icmp') OR (r.protocol = 58 AND x.protocol = 'icmpv6'))
          AND (r.protocol NOT IN (6, 17) OR x.from_port IS NULL OR r.dstport BETWEEN x.from_port AND x.to_port))
    LEFT JOIN (
      SELECT o.ip, max(json_format(json_extract(c.configuration, '$.groups'))) AS group_ids
      FROM owned o JOIN config_items c ON c.file_id = o.file_id AND c.record_no = o.record_no WHERE o.source = 'config_items' AND c.resource_type = 'AWS::EC2::NetworkInterface' GROUP BY o.ip
    ) p ON p.ip = r.srcaddr AND x.peer LIKE 'sg-%'
  ) rules
  GROUP BY interface_id, srcaddr, dstaddr, dstport, protocol
) t;

-- Security groups that are too strict: ports that inside addresses were refused again and again, which no rule of the groups allows.
CREATE OR REPLACE VIEW security_groups_too_strict AS
SELECT group_ids, interface_id, instance, dstport, protocol, count(DISTINCT srcaddr) AS sources, sum(flows) AS flows, min(first_time) AS first_time, max(last_time) AS last_time
FROM flow_unreached
WHERE from_inside AND rule_allows = FALSE
GROUP BY group_ids, interface_id, instance, dstport, protocol;
