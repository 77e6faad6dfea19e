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
      WHERE COALESCE(read_only, FALSE) = FALSE AND error_code IS NULL AND COALESCE(event_category, '') <> 'Data' AND COALESCE(management_event, TRUE) = TRUE
    ) c
      ON c.slot = s.slot AND c.recipient_account_id = s.aws_account_id AND c.event_time <= date_add('second', 1, s.from_time) AND c.event_time >= date_add('minute', -15, s.from_time)
      AND (strpos(s.service, split_part(c.event_source, '.', 1)) = 1 OR c.event_source = 'tagging.amazonaws.com')
      AND ((length(s.resource_id) > 3 AND (strpos(c.request_parameters, '"' || s.resource_id || '"') > 0 OR strpos(c.response_elements, '"' || s.resource_id || '"') > 0))
        OR (length(s.resource_name) > 3 AND strpos(c.request_parameters, '"' || s.resource_name || '"') > 0)
        OR strpos(c.request_parameters, '"' || s.arn || '"') > 0 OR strpos(c.response_elements, '"' || s.arn || '"') > 0)
  ) calls
) best ON best.file_id = s.file_id AND best.record_no = s.record_no AND best.place = 1
LEFT JOIN cloudtrail c ON c.file_id = best.call_file_id AND c.record_no = best.call_record_no;

-- Who held an address or network interface, and when: from Config items; from what EC2 answered; from CloudTrail calls that made and ended interfaces, instances and associations; from flow logs, the address on the interface's own side.
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
),
interfaces AS (
  SELECT
    network_interface_id, COALESCE(instance_id, NULLIF(instance_owner_id, owner_id), NULLIF(description, '')) AS owner, vpc_id, COALESCE(account_id, owner_id) AS account_id, region,
    private_ip_address, private_ip_addresses, ipv6_addresses, attach_time, seen_at, file_id, record_no
  FROM ec2_inventory WHERE mac_address IS NOT NULL
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
-- What EC2 answered, one row for all the times it did. An interface keeps its primary address, so that an instance has it since it was attached; of others nothing is known before. What a later answer for the account and Region lacks was there until seen last.
SELECT h.ip, h.kind, h.interface_id, h.owner, h.vpc_id, h.account_id, h.region, min(h.from_time), CASE WHEN max(h.seen_at) < max(l.seen_at) THEN max(h.seen_at) END, 'ec2_inventory', min(h.file_id), min_by(h.record_no, h.file_id)
FROM (
  SELECT
    json_extract_scalar(a.address, '$.PrivateIpAddress') AS ip, 'private' AS kind, n.network_interface_id AS interface_id, n.owner, n.vpc_id, n.account_id, n.region,
    CASE WHEN json_extract_scalar(a.address, '$.PrivateIpAddress') = n.private_ip_address THEN COALESCE(n.attach_time, n.seen_at) ELSE n.seen_at END AS from_time, n.seen_at, n.file_id, n.record_no
  FROM (SELECT interfaces.*, json_elements(private_ip_addresses) AS addresses FROM interfaces WHERE private_ip_addresses LIKE '%PrivateIpAddress%') n
  CROSS JOIN UNNEST(n.addresses) AS a (address)
  UNION ALL
  SELECT json_extract_scalar(a.address, '$.Association.PublicIp'), 'public', n.network_interface_id, n.owner, n.vpc_id, n.account_id, n.region, n.seen_at, n.seen_at, n.file_id, n.record_no
  FROM (SELECT interfaces.*, json_elements(private_ip_addresses) AS addresses FROM interfaces WHERE private_ip_addresses LIKE '%"PublicIp"%') n
  CROSS JOIN UNNEST(n.addresses) AS a (address)
  WHERE json_extract_scalar(a.address, '$.Association.PublicIp') IS NOT NULL
  UNION ALL
  SELECT json_extract_scalar(a.address, '$.Ipv6Address'), 'ipv6', n.network_interface_id, n.owner, n.vpc_id, n.account_id, n.region, n.seen_at, n.seen_at, n.file_id, n.record_no
  FROM (SELECT interfaces.*, json_elements(ipv6_addresses) AS addresses FROM interfaces WHERE ipv6_addresses LIKE '%Ipv6Address%') n
  CROSS JOIN UNNEST(n.addresses) AS a (address)
  UNION ALL
  -- Elastic addresses whose interface is not among the answers.
  SELECT e.public_ip, 'public', e.network_interface_id, e.instance_id, CAST(NULL AS VARCHAR), COALESCE(e.account_id, e.owner_id), e.region, e.seen_at, e.seen_at, e.file_id, e.record_no
  FROM ec2_inventory e
  LEFT JOIN (SELECT DISTINCT network_interface_id FROM interfaces) n ON n.network_interface_id = e.network_interface_id
  WHERE e.mac_address IS NULL AND COALESCE(e.network_interface_id, e.instance_id) IS NOT NULL AND n.network_interface_id IS NULL
) h
LEFT JOIN (SELECT COALESCE(account_id, owner_id) AS account_id, region, max(seen_at) AS seen_at FROM ec2_inventory WHERE mac_address IS NOT NULL GROUP BY 1, 2) l ON l.account_id = h.account_id AND l.region = h.region
GROUP BY h.ip, h.kind, h.interface_id, h.owner, h.vpc_id, h.account_id, h.region
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

-- Calls that switch a log on or off, or change what it holds, done or refused; affects is the table that feels it, ended_at when the same log was switched on again. A trail is taken for one of all regions unless a call says otherwise.
CREATE OR REPLACE VIEW logging_changes AS
SELECT
  event_time, account_id, region, action, target, affects, effect,
  -- Of two in the same second the stop is taken for the first.
  CASE WHEN effect = 'stops' AND error IS NULL THEN min(CASE WHEN effect = 'starts' AND error IS NULL THEN event_time END) OVER (
    PARTITION BY account_id, CASE WHEN affects = 'cloudtrail' THEN '' ELSE region END, affects, subject ORDER BY event_time, effect DESC, event_id ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) END AS ended_at,
  principal, src_ip, error, all_regions, all_accounts, event_id, file_id, record_no
FROM (
  SELECT
    c.event_time, c.account_id, c.region, c.action, c.target, a.affects, c.effect, c.principal, c.src_ip, c.error, c.event_id, c.file_id, c.record_no,
    a.affects = 'cloudtrail' AND COALESCE(t.all_regions, 'true') <> 'false' AS all_regions, a.affects = 'cloudtrail' AND COALESCE(t.all_accounts, 'false') = 'true' AS all_accounts,
    -- What a start has to be of to end a stop. New flow logs, detectors and query logs have new ids.
    CASE WHEN c.service IN ('ec2', 'guardduty', 'securityhub', 'route53resolver', 'route53', 'securitylake', 'network-firewall') THEN ''
      WHEN c.service = 'config' THEN CASE WHEN c.action LIKE '%Channel' THEN 'channel' ELSE 'recorder' END
      WHEN c.service = 'cloudtrail' THEN regexp_extract(c.target, '[^/]+$', 0) ELSE c.target END AS subject
  FROM (
    SELECT
      event_time, recipient_account_id AS account_id, aws_region AS region, split_part(event_source, '.', 1) AS service, event_name AS action,
      COALESCE(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip, error_code AS error, event_id, file_id, record_no,
      COALESCE(json_extract_scalar(request_parameters, '$.name'), json_extract_scalar(request_parameters, '$.trailName'), json_extract_scalar(request_parameters, '$.eventDataStore'),
        json_extract_scalar(request_parameters, '$.DeleteFlowLogsRequest.FlowLogId.content'), json_extract_scalar(request_parameters, '$.DeleteFlowLogsRequest.FlowLogId[0].content'),
        json_extract_scalar(request_parameters, '$.CreateFlowLogsRequest.ResourceId.content'), json_extract_scalar(request_parameters, '$.CreateFlowLogsRequest.ResourceId[0].content'),
        json_extract_scalar(request_parameters, '$.detectorId'), json_extract_scalar(request_parameters, '$.configurationRecorderName'), json_extract_scalar(request_parameters, '$.configurationRecorder.name'),
        json_extract_scalar(request_parameters, '$.deliveryChannelName'), json_extract_scalar(request_parameters, '$.deliveryChannel.name'), json_extract_scalar(request_parameters, '$.resolverQueryLogConfigId'),
        json_extract_scalar(request_parameters, '$.logGroupName'), json_extract_scalar(request_parameters, '$.bucketName'), json_extract_scalar(request_parameters, '$.resourceArn'), json_extract_scalar(request_parameters, '$.loggingConfiguration.resourceArn'),
        json_extract_scalar(request_parameters, '$.loadBalancerArn'), json_extract_scalar(request_parameters, '$.loadBalancerName'), json_extract_scalar(request_parameters, '$.id'), json_extract_scalar(request_parameters, '$.dBInstanceIdentifier'),
        json_extract_scalar(request_parameters, '$.dBClusterIdentifier'), json_extract_scalar(request_parameters, '$.clusterIdentifier'), json_extract_scalar(request_parameters, '$.firewallName'), json_extract_scalar(request_parameters, '$.firewallArn'),
        json_extract_scalar(request_parameters, '$.restApiId') || '/' || json_extract_scalar(request_parameters, '$.stageName')) AS target,
      CASE event_source
        WHEN 'cloudtrail.amazonaws.com' THEN CASE WHEN event_name = 'PutInsightSelectors' THEN 'cloudtrail_insights' ELSE 'cloudtrail' END
        -- A flow log's id does not say which kind it is of.
        WHEN 'ec2.amazonaws.com' THEN CASE WHEN event_name = 'DeleteFlowLogs' THEN 'vpc_flow tgw_flow' WHEN request_parameters LIKE '%TransitGateway%' THEN 'tgw_flow' ELSE 'vpc_flow' END
        WHEN 'guardduty.amazonaws.com' THEN 'guardduty' WHEN 'securityhub.amazonaws.com' THEN 'securityhub' WHEN 'config.amazonaws.com' THEN 'config_items' WHEN 'route53resolver.amazonaws.com' THEN 'route53_resolver'
        WHEN 'route53.amazonaws.com' THEN 'route53_public' WHEN 'network-firewall.amazonaws.com' THEN 'network_firewall' WHEN 'cloudfront.amazonaws.com' THEN 'cloudfront' WHEN 'eks.amazonaws.com' THEN 'eks_audit'
        WHEN 'rds.amazonaws.com' THEN 'rds_audit' WHEN 'redshift.amazonaws.com' THEN 'redshift_audit' WHEN 'apigateway.amazonaws.com' THEN 'api_gateway' WHEN 'securitylake.amazonaws.com' THEN 'ocsf'
        WHEN 's3.amazonaws.com' THEN CASE WHEN event_name = 'PutBucketLogging' THEN 's3_access' WHEN lower(request_parameters) LIKE '%trail%' THEN 'cloudtrail' WHEN lower(request_parameters) LIKE '%flow%log%' THEN 'vpc_flow tgw_flow' END
        -- What else goes to a group stands in its name, where AWS or custom names it.
        WHEN 'logs.amazonaws.com' THEN 'cloudwatch_logs' || CASE WHEN request_parameters LIKE '%"/aws/eks/%' THEN ' eks_audit' WHEN request_parameters LIKE '%"/aws/rds/%' THEN ' rds_audit' WHEN request_parameters LIKE '%"/aws/redshift/%' THEN ' redshift_audit'
          WHEN request_parameters LIKE '%"/aws/route53/%' THEN ' route53_public' WHEN request_parameters LIKE '%"aws-waf-logs-%' THEN ' waf' WHEN lower(request_parameters) LIKE '%flow%log%' THEN ' vpc_flow tgw_flow' WHEN lower(request_parameters) LIKE '%trail%' THEN ' cloudtrail' ELSE '' END
        WHEN 'elasticloadbalancing.amazonaws.com' THEN CASE WHEN request_parameters LIKE '%"loadBalancerName"%' THEN 'clb' WHEN request_parameters LIKE '%loadbalancer/net/%' THEN 'nlb' WHEN request_parameters LIKE '%connection_logs.s3.enabled%' THEN CASE WHEN request_parameters LIKE '%access_logs.s3.enabled%' THEN 'alb alb_connection' ELSE 'alb_connection' END ELSE 'alb' END
        ELSE 'waf' END AS tables,
      CASE
        WHEN event_name IN ('StartLogging', 'CreateTrail', 'StartEventDataStoreIngestion', 'RestoreEventDataStore', 'CreateFlowLogs', 'CreateDetector', 'CreatePublishingDestination', 'StartMonitoringMembers', 'EnableSecurityHub', 'StartConfigurationRecorder', 'PutDeliveryChannel',
          'AssociateResolverQueryLogConfig', 'CreateQueryLoggingConfig', 'CreateLogGroup', 'PutSubscriptionFilter', 'PutLoggingConfiguration', 'EnableLogging', 'CreateAwsLogSource') THEN 'starts'
        WHEN event_name IN ('UpdateTrail', 'PutEventSelectors', 'PutInsightSelectors', 'UpdateEventDataStore', 'PutConfigurationRecorder', 'DeleteLogStream', 'PutBucketPolicy', 'DeleteBucketPolicy') THEN 'changes'
        WHEN event_name = 'PutBucketLogging' THEN CASE WHEN json_extract(request_parameters, '$.BucketLoggingStatus.LoggingEnabled') IS NULL THEN 'stops' ELSE 'starts' END
        WHEN event_name = 'UpdateDetector' THEN CASE json_extract_scalar(request_parameters, '$.enable') WHEN 'false' THEN 'stops' WHEN 'true' THEN 'starts' ELSE 'changes' END
        WHEN event_name = 'UpdateLoggingConfiguration' THEN CASE WHEN request_parameters LIKE '%"logDestination%:{%' THEN 'changes' ELSE 'stops' END
        WHEN event_name = 'ModifyLoadBalancerAttributes' THEN CASE
          WHEN regexp_like(request_parameters, '"(access_logs|connection_logs).s3.enabled" *, *"value" *: *"false"|"accessLog" *: *[{] *"enabled" *: *false') THEN 'stops'
          WHEN regexp_like(request_parameters, '"(access_logs|connection_logs).s3.enabled" *, *"value" *: *"true"|"accessLog" *: *[{][^}]*"enabled" *: *true') THEN 'starts' END
        WHEN event_name = 'UpdateDistribution' THEN CASE json_extract_scalar(request_parameters, '$.distributionConfig.logging.enabled') WHEN 'false' THEN 'stops' WHEN 'true' THEN 'starts' END
        WHEN event_name = 'UpdateClusterConfig' THEN CASE WHEN regexp_like(request_parameters, '"audit"[^}]*"enabled" *: *false|"enabled" *: *false[^}]*"audit"') THEN 'stops' WHEN regexp_like(request_parameters, '"audit"[^}]*"enabled" *: *true|"enabled" *: *true[^}]*"audit"') THEN 'starts' END
        WHEN event_name IN ('ModifyDBInstance', 'ModifyDBCluster') THEN CASE WHEN request_parameters LIKE '%"disableLogTypes":["%' THEN 'stops' WHEN request_parameters LIKE '%"enableLogTypes":["%' THEN 'starts' END
        WHEN event_name = 'UpdateStage' THEN CASE WHEN request_parameters LIKE '%/accessLogSettings%' THEN CASE WHEN request_parameters LIKE '%"remove"%' THEN 'stops' ELSE 'changes' END END
        ELSE 'stops' END AS effect
    FROM cloudtrail
    WHERE (event_source = 'cloudtrail.amazonaws.com' AND event_name IN ('StopLogging', 'StartLogging', 'DeleteTrail', 'CreateTrail', 'UpdateTrail', 'PutEventSelectors', 'PutInsightSelectors', 'DeleteEventDataStore', 'StopEventDataStoreIngestion', 'StartEventDataStoreIngestion', 'RestoreEventDataStore', 'UpdateEventDataStore'))
      OR (event_source = 'ec2.amazonaws.com' AND event_name IN ('DeleteFlowLogs', 'CreateFlowLogs'))
      OR (event_source = 'guardduty.amazonaws.com' AND event_name IN ('DeleteDetector', 'CreateDetector', 'UpdateDetector', 'DeletePublishingDestination', 'CreatePublishingDestination', 'StopMonitoringMembers', 'StartMonitoringMembers'))
      OR (event_source = 'securityhub.amazonaws.com' AND event_name IN ('DisableSecurityHub', 'EnableSecurityHub'))
      OR (event_source = 'config.amazonaws.com' AND event_name IN ('StopConfigurationRecorder', 'StartConfigurationRecorder', 'DeleteConfigurationRecorder', 'PutConfigurationRecorder', 'DeleteDeliveryChannel', 'PutDeliveryChannel'))
      OR (event_source = 'route53resolver.amazonaws.com' AND event_name IN ('DeleteResolverQueryLogConfig', 'DisassociateResolverQueryLogConfig', 'AssociateResolverQueryLogConfig'))
      OR (event_source = 'route53.amazonaws.com' AND event_name IN ('DeleteQueryLoggingConfig', 'CreateQueryLoggingConfig'))
      OR (event_source = 'logs.amazonaws.com' AND event_name IN ('DeleteLogGroup', 'CreateLogGroup', 'DeleteLogStream', 'DeleteSubscriptionFilter', 'PutSubscriptionFilter'))
      OR (event_source IN ('wafv2.amazonaws.com', 'waf.amazonaws.com', 'waf-regional.amazonaws.com') AND event_name IN ('DeleteLoggingConfiguration', 'PutLoggingConfiguration'))
      OR (event_source = 'network-firewall.amazonaws.com' AND event_name = 'UpdateLoggingConfiguration')
      OR (event_source = 's3.amazonaws.com' AND (event_name = 'PutBucketLogging' OR (event_name IN ('DeleteBucket', 'PutBucketPolicy', 'DeleteBucketPolicy') AND regexp_like(lower(json_extract_scalar(request_parameters, '$.bucketName')), 'trail|flow.*log'))))
      OR (event_source = 'elasticloadbalancing.amazonaws.com' AND event_name = 'ModifyLoadBalancerAttributes')
      OR (event_source = 'cloudfront.amazonaws.com' AND event_name = 'UpdateDistribution')
      OR (event_source = 'eks.amazonaws.com' AND event_name = 'UpdateClusterConfig')
      OR (event_source = 'rds.amazonaws.com' AND event_name IN ('ModifyDBInstance', 'ModifyDBCluster'))
      OR (event_source = 'redshift.amazonaws.com' AND event_name IN ('DisableLogging', 'EnableLogging'))
      OR (event_source = 'apigateway.amazonaws.com' AND event_name = 'UpdateStage')
      OR (event_source = 'securitylake.amazonaws.com' AND event_name IN ('DeleteAwsLogSource', 'DeleteDataLake', 'CreateAwsLogSource'))
  ) c
  LEFT JOIN (
    SELECT recipient_account_id AS account_id, json_extract_scalar(response_elements, '$.name') AS trail, max_by(json_extract_scalar(response_elements, '$.isMultiRegionTrail'), event_time) AS all_regions, max_by(json_extract_scalar(response_elements, '$.isOrganizationTrail'), event_time) AS all_accounts
    FROM cloudtrail WHERE event_source = 'cloudtrail.amazonaws.com' AND event_name IN ('CreateTrail', 'UpdateTrail') AND error_code IS NULL GROUP BY 1, 2
  ) t ON c.service = 'cloudtrail' AND t.account_id = c.account_id AND t.trail = regexp_extract(c.target, '[^/]+$', 0)
  CROSS JOIN UNNEST(split(c.tables, ' ')) AS a (affects)
  WHERE c.effect IS NOT NULL
) calls;

-- Every hour of every source, account and region from its first record to its last (CloudTrail: of the account): records, what was to be expected, whether it is a gap, and the logging change that explains it. README says how it is judged.
CREATE OR REPLACE VIEW coverage AS
WITH known AS (
  -- Silence of more than 400 days is no gap: a clock was wrong, or these are two collections.
  SELECT
    source, account_id, region, hour, records, nodata, skipdata,
    lead(hour) OVER (PARTITION BY source, account_id, region ORDER BY hour) AS later,
    array_sort(array_agg(records) OVER (PARTITION BY source, account_id, region ORDER BY hour ROWS BETWEEN 6 PRECEDING AND 6 FOLLOWING))[CAST(floor((count(*) OVER (PARTITION BY source, account_id, region ORDER BY hour ROWS BETWEEN 6 PRECEDING AND 6 FOLLOWING) + 1) / 2.0) AS INTEGER)] AS near,
    CASE WHEN source = 'cloudtrail' THEN min(hour) OVER (PARTITION BY source, account_id ORDER BY hour RANGE BETWEEN INTERVAL '400' DAY PRECEDING AND CURRENT ROW) ELSE hour END AS account_first,
    CASE WHEN source = 'cloudtrail' THEN max(hour) OVER (PARTITION BY source, account_id ORDER BY hour RANGE BETWEEN CURRENT ROW AND INTERVAL '400' DAY FOLLOWING) ELSE hour END AS account_last
  FROM log_hours
  WHERE source <> 'ec2_inventory' -- no log: what it was asked for says nothing of other hours
),
series AS (
  SELECT
    source, account_id, region, min(hour) AS first_hour, max(hour) AS last_hour, min_by(account_first, hour) AS span_first, max_by(account_last, hour) AS span_last, min_by(near, hour) AS first_near,
    count(*) AS hours_seen, count(DISTINCT date_trunc('day', hour)) AS days_seen, count(CASE WHEN later > date_add('hour', 1, hour) THEN 1 END) AS holes,
    date_diff('day', min_by(account_first, hour), max_by(account_last, hour)) + 1 AS days
  FROM known GROUP BY source, account_id, region
),
daily AS (
  SELECT source, account_id, region, extract(HOUR FROM hour) AS hour_of_day, count(*) AS days_with, array_sort(array_agg(records)) AS counts
  FROM known GROUP BY source, account_id, region, extract(HOUR FROM hour)
),
stretches AS (
  -- A known hour and the empty ones up to the next, or to the end.
  SELECT
    k.source, k.account_id, k.region, k.hour AS from_hour, k.hour AS known_hour, k.records, k.nodata, k.skipdata, k.near, COALESCE(k.later, date_add('hour', 1, s.span_last)) AS to_hour, k.later
  FROM known k
  JOIN series s ON s.source = k.source AND s.account_id IS NOT DISTINCT FROM k.account_id AND s.region IS NOT DISTINCT FROM k.region
  UNION ALL
  SELECT source, account_id, region, span_first, CAST(NULL AS TIMESTAMP), 0, 0, 0, first_near, first_hour, first_hour FROM series WHERE span_first < first_hour
),
hours AS (
  SELECT
    t.source, t.account_id, t.region, t.from_hour, date_add('hour', n.step, t.from_hour) AS hour, t.known_hour IS NOT NULL AND n.step = 0 AS known, t.known_hour IS NULL OR t.later IS NULL AS edge,
    CASE WHEN t.known_hour IS NOT NULL AND n.step = 0 THEN t.records ELSE 0 END AS records, CASE WHEN n.step = 0 THEN t.nodata ELSE 0 END AS nodata, CASE WHEN n.step = 0 THEN t.skipdata ELSE 0 END AS skipdata,
    t.near,
    COALESCE(date_trunc('day', date_add('hour', n.step, t.from_hour)) = date_trunc('day', t.known_hour), FALSE) OR COALESCE(date_trunc('day', date_add('hour', n.step, t.from_hour)) = date_trunc('day', t.later), FALSE) AS day_seen
  FROM (SELECT stretches.*, CASE WHEN to_hour > date_add('day', 400, from_hour) THEN 1 ELSE date_diff('hour', from_hour, to_hour) END AS steps FROM stretches) t
  CROSS JOIN UNNEST(sequence(0, t.steps - 1)) AS n (step)
),
judged AS (
  SELECT
    h.source, h.account_id, h.region, h.from_hour, h.hour, h.records, h.nodata, h.skipdata, h.known AND h.hour <> s.first_hour AND h.hour <> s.last_hour AS whole,
    CASE
      WHEN h.known AND s.days_seen < 4 THEN h.near
      WHEN h.known THEN least(h.near, CASE WHEN d.days_with * 2 > s.days_seen THEN d.counts[CAST(floor((s.days_seen + 1) / 2.0) AS INTEGER) - CAST(s.days_seen - d.days_with AS INTEGER)] ELSE 0 END)
      -- Collections are ragged at their ends: only whole days count there.
      WHEN h.edge AND (h.day_seen OR s.days_seen < 4 OR s.days_seen * 3 <= s.days * 2) THEN 0
      -- An hour of a day with records: the log seldom pauses, and the other days have records in it.
      WHEN h.day_seen AND s.days_seen >= 4 THEN CASE WHEN s.hours_seen >= 6 * s.holes AND d.days_with * 5 >= (s.days_seen - 1) * 4 THEN least(h.near, d.counts[CAST(floor((d.days_with + 1) / 2.0) AS INTEGER)]) ELSE 0 END
      -- A whole day of a log that goes on round the clock, or of one that rests at night, and so maybe at weekends.
      WHEN NOT h.day_seen AND (s.hours_seen >= 18 * s.days_seen OR (s.hours_seen >= 8 * s.days_seen AND s.days_seen >= 4 AND s.days_seen * 3 > s.days * 2 AND day_of_week(h.hour) <= 5)) THEN h.near * s.hours_seen / (24.0 * s.days_seen)
      WHEN s.days_seen < 4 AND s.hours_seen >= 9 * s.holes THEN h.near
      ELSE 0 END AS expected
  FROM hours h
  JOIN series s ON s.source = h.source AND s.account_id IS NOT DISTINCT FROM h.account_id AND s.region IS NOT DISTINCT FROM h.region
  LEFT JOIN daily d ON d.source = h.source AND d.account_id IS NOT DISTINCT FROM h.account_id AND d.region IS NOT DISTINCT FROM h.region AND d.hour_of_day = extract(HOUR FROM h.hour)
),
told AS (
  SELECT
    source, account_id, region, from_hour, hour, records, nodata, skipdata, expected,
    CASE WHEN skipdata > 0 THEN 'skipdata' WHEN records = 0 AND nodata > 0 THEN 'nodata' WHEN records = 0 THEN 'none' WHEN whole AND expected >= 50 AND records * 10 < expected THEN 'little' ELSE 'data' END AS status,
    sum(CASE WHEN records + nodata + skipdata = 0 THEN expected ELSE 0 END) OVER (PARTITION BY source, account_id, region, from_hour) AS missed
  FROM judged
),
causes AS (
  SELECT
    t.source, t.account_id, t.region, t.hour, max_by(c.action || COALESCE(' ' || c.target, ''), c.place) AS cause, max_by(c.event_time, c.place) AS cause_time, max_by(c.principal, c.place) AS cause_principal, max_by(c.effect, c.place) AS effect
  FROM told t
  JOIN (
    SELECT logging_changes.*, date_trunc('hour', event_time) AS from_hour, CASE effect WHEN 'stops' THEN '1 ' ELSE '0 ' END || CAST(event_time AS VARCHAR) AS place
    FROM logging_changes WHERE error IS NULL AND effect <> 'starts'
  ) c
    ON c.affects = t.source AND c.from_hour <= t.hour AND (c.all_accounts OR t.account_id IS NULL OR c.account_id = t.account_id) AND (c.all_regions OR t.region IS NULL OR c.region = t.region)
    AND (c.from_hour = t.hour
      OR (t.status = 'little' AND (c.ended_at >= t.hour OR (c.ended_at IS NULL AND date_add('day', 1, c.from_hour) > t.hour)))
      OR (t.status = 'none' AND (c.ended_at >= t.hour
        -- What went on after a call was not ended by it, so the silence has to begin with it.
        OR (c.ended_at IS NULL AND c.effect = 'stops' AND t.from_hour <= date_add('hour', 1, c.from_hour))
        OR (c.effect = 'changes' AND t.missed >= 20 AND t.from_hour BETWEEN date_add('hour', -1, c.from_hour) AND date_add('hour', 1, c.from_hour)))))
  GROUP BY t.source, t.account_id, t.region, t.hour
)
SELECT
  t.source, t.account_id, t.region, t.hour, t.records, t.status, CAST(t.expected AS DOUBLE) AS expected,
  t.status IN ('little', 'skipdata') OR (t.status = 'none' AND (t.missed >= 20 OR COALESCE(c.effect = 'stops', FALSE))) AS is_gap,
  c.cause, c.cause_time, c.cause_principal, t.nodata, t.skipdata
FROM told t
LEFT JOIN causes c ON c.source = t.source AND c.account_id IS NOT DISTINCT FROM t.account_id AND c.region IS NOT DISTINCT FROM t.region AND c.hour = t.hour;

-- How many GeoIP databases quarry was given with --geoip; no row where there is none, so that a hunt which names this view as a source says it could not look.
CREATE OR REPLACE VIEW geoip_databases AS
SELECT enriched_by('geoip') AS databases WHERE enriched_by('geoip') > 0;

-- Whether quarry was given AWS's ip-ranges.json, with --ip-ranges or in the folder of --geoip; no row where it was not.
CREATE OR REPLACE VIEW aws_ip_ranges AS
SELECT enriched_by('ip-ranges') AS databases WHERE enriched_by('ip-ranges') > 0;
