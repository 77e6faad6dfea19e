-- Views over several sources. They are made after those of every source.

-- Every upload, download, copy, delete and change of S3 objects, from S3 access logs and CloudTrail data events; copies of one request in both logs share the request id.
CREATE OR REPLACE VIEW s3_object_events AS
SELECT
  time AS event_time, 's3_access' AS source, kind, requester AS principal, remote_ip AS src_ip, bucket, object_key, version_id, operation AS action,
  bytes_sent AS bytes, object_size, http_status, error_code AS error, user_agent, request_id, file_id, record_no
FROM s3_access_objects
UNION ALL
SELECT
  event_time, 'cloudtrail', CASE
    WHEN event_name IN ('GetObject', 'GetObjectTorrent') OR event_name LIKE 'SelectObject%' THEN 'download'
    WHEN event_name IN ('DeleteObject', 'DeleteObjects') THEN 'delete'
    WHEN event_name = 'CopyObject' OR event_name = 'UploadPartCopy' THEN 'copy'
    WHEN event_name IN ('PutObject', 'UploadPart', 'CompleteMultipartUpload', 'CreateMultipartUpload', 'PostObject') THEN 'upload'
    WHEN event_name LIKE 'Head%' OR event_name LIKE 'List%' OR event_name LIKE 'Get%' THEN 'read'
    ELSE 'change' END,
  COALESCE(user_arn, user_principal_id), source_ip_address, json_extract_scalar(request_parameters, '$.bucketName'), json_extract_scalar(request_parameters, '$.key'),
  json_extract_scalar(request_parameters, '$.versionId'), event_name,
  TRY_CAST(TRY_CAST(json_extract_scalar(additional_event_data, '$.bytesTransferredOut') AS DOUBLE) AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS INTEGER), error_code, user_agent, request_id, file_id, record_no
FROM cloudtrail
WHERE event_source = 's3.amazonaws.com' AND request_parameters LIKE '%"key"%';

-- Configuration changes with the CloudTrail call that made them: by the event ids Config recorded, else the last write on the resource in the 15 minutes before.
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
    FROM (SELECT i.*, CAST(floor(to_unixtime(i.from_time) / 900) AS BIGINT) + b.slots AS slot FROM config_states i CROSS JOIN (VALUES (-1), (0), (1)) AS b (slots)) s
    JOIN (SELECT cloudtrail.*, CAST(floor(to_unixtime(event_time) / 900) AS BIGINT) AS slot FROM cloudtrail WHERE read_only = FALSE AND error_code IS NULL) c
      ON c.slot = s.slot AND c.recipient_account_id = s.aws_account_id AND c.event_time <= date_add('second', 1, s.from_time) AND c.event_time >= date_add('minute', -15, s.from_time)
      AND ((s.resource_id IS NOT NULL AND length(s.resource_id) > 3 AND (strpos(c.request_parameters, '"' || s.resource_id || '"') > 0 OR strpos(c.response_elements, '"' || s.resource_id || '"') > 0))
        OR (s.resource_name IS NOT NULL AND length(s.resource_name) > 3 AND strpos(c.request_parameters, '"' || s.resource_name || '"') > 0)
        OR (s.arn IS NOT NULL AND strpos(c.request_parameters, s.arn) > 0))
  ) calls
) best ON best.file_id = s.file_id AND best.record_no = s.record_no AND best.place = 1
LEFT JOIN cloudtrail c ON c.file_id = best.call_file_id AND c.record_no = best.call_record_no;

-- Who held an address or network interface, and when: from Config items, from CloudTrail calls that made interfaces, instances and associations, and from flow logs (the address on the interface's own side).
CREATE OR REPLACE VIEW ip_owner AS
SELECT
  json_extract_scalar(a.address, '$.privateIpAddress') AS ip, 'private' AS kind, s.resource_id AS interface_id,
  COALESCE(json_extract_scalar(s.configuration, '$.attachment.instanceId'), json_extract_scalar(s.configuration, '$.attachment.instanceOwnerId'), json_extract_scalar(s.configuration, '$.description')) AS owner,
  json_extract_scalar(s.configuration, '$.vpcId') AS vpc_id, s.aws_account_id AS account_id, s.aws_region AS region, s.from_time, s.to_time, 'config_items' AS source, s.file_id, s.record_no
FROM (SELECT config_states.*, json_elements(json_format(json_extract(configuration, '$.privateIpAddresses'))) AS addresses FROM config_states WHERE resource_type = 'AWS::EC2::NetworkInterface' AND configuration LIKE '%privateIpAddresses%') s
CROSS JOIN UNNEST(s.addresses) AS a (address)
UNION ALL
SELECT
  COALESCE(json_extract_scalar(a.address, '$.association.publicIp'), json_extract_scalar(a.address, '$.association.publicIP')), 'public', s.resource_id,
  COALESCE(json_extract_scalar(s.configuration, '$.attachment.instanceId'), json_extract_scalar(s.configuration, '$.description')),
  json_extract_scalar(s.configuration, '$.vpcId'), s.aws_account_id, s.aws_region, s.from_time, s.to_time, 'config_items', s.file_id, s.record_no
FROM (SELECT config_states.*, json_elements(json_format(json_extract(configuration, '$.privateIpAddresses'))) AS addresses FROM config_states WHERE resource_type = 'AWS::EC2::NetworkInterface' AND configuration LIKE '%"publicI%') s
CROSS JOIN UNNEST(s.addresses) AS a (address)
WHERE json_extract_scalar(a.address, '$.association.publicIp') IS NOT NULL OR json_extract_scalar(a.address, '$.association.publicIP') IS NOT NULL
UNION ALL
SELECT
  json_extract_scalar(configuration, '$.privateIpAddress'), 'private', json_extract_scalar(configuration, '$.networkInterfaces[0].networkInterfaceId'), resource_id,
  json_extract_scalar(configuration, '$.vpcId'), aws_account_id, aws_region, from_time, to_time, 'config_items', file_id, record_no
FROM config_states
WHERE resource_type = 'AWS::EC2::Instance' AND json_extract_scalar(configuration, '$.privateIpAddress') IS NOT NULL
UNION ALL
SELECT
  json_extract_scalar(configuration, '$.publicIpAddress'), 'public', json_extract_scalar(configuration, '$.networkInterfaces[0].networkInterfaceId'), resource_id,
  json_extract_scalar(configuration, '$.vpcId'), aws_account_id, aws_region, from_time, to_time, 'config_items', file_id, record_no
FROM config_states
WHERE resource_type = 'AWS::EC2::Instance' AND json_extract_scalar(configuration, '$.publicIpAddress') IS NOT NULL AND json_extract_scalar(configuration, '$.publicIpAddress') <> ''
UNION ALL
SELECT
  COALESCE(json_extract_scalar(configuration, '$.publicIp'), resource_name), 'public', json_extract_scalar(configuration, '$.networkInterfaceId'), json_extract_scalar(configuration, '$.instanceId'),
  CAST(NULL AS VARCHAR), aws_account_id, aws_region, from_time, to_time, 'config_items', file_id, record_no
FROM config_states
WHERE resource_type = 'AWS::EC2::EIP' AND configuration LIKE '%nstanceId%'
UNION ALL
SELECT
  json_extract_scalar(response_elements, '$.networkInterface.privateIpAddress'), 'private', json_extract_scalar(response_elements, '$.networkInterface.networkInterfaceId'),
  COALESCE(NULLIF(json_extract_scalar(response_elements, '$.networkInterface.description'), ''), user_arn), json_extract_scalar(response_elements, '$.networkInterface.vpcId'),
  recipient_account_id, aws_region, event_time, CAST(NULL AS TIMESTAMP), 'cloudtrail', file_id, record_no
FROM cloudtrail
WHERE event_name = 'CreateNetworkInterface' AND error_code IS NULL AND response_elements LIKE '%privateIpAddress%'
UNION ALL
SELECT
  json_extract_scalar(i.instance, '$.privateIpAddress'), 'private', json_extract_scalar(i.instance, '$.networkInterfaceSet.items[0].networkInterfaceId'), json_extract_scalar(i.instance, '$.instanceId'),
  json_extract_scalar(i.instance, '$.vpcId'), c.recipient_account_id, c.aws_region, c.event_time, CAST(NULL AS TIMESTAMP), 'cloudtrail', c.file_id, c.record_no
FROM (SELECT cloudtrail.*, json_elements(json_format(json_extract(response_elements, '$.instancesSet.items'))) AS instances FROM cloudtrail WHERE event_name = 'RunInstances' AND error_code IS NULL AND response_elements LIKE '%privateIpAddress%') c
CROSS JOIN UNNEST(c.instances) AS i (instance)
UNION ALL
SELECT
  json_extract_scalar(request_parameters, '$.publicIp'), 'public', json_extract_scalar(request_parameters, '$.networkInterfaceId'), json_extract_scalar(request_parameters, '$.instanceId'),
  CAST(NULL AS VARCHAR), recipient_account_id, aws_region, event_time, CAST(NULL AS TIMESTAMP), 'cloudtrail', file_id, record_no
FROM cloudtrail
WHERE event_name = 'AssociateAddress' AND error_code IS NULL AND request_parameters LIKE '%publicIp%'
UNION ALL
SELECT f.ip, 'private', f.interface_id, f.owner, f.vpc_id, f.account_id, f.region, f.first_time, f.last_time, 'vpc_flow', f.file_id, f.record_no
FROM (
  SELECT interface_id, ip, max(instance_id) AS owner, max(vpc_id) AS vpc_id, max(account_id) AS account_id, max(region) AS region, min(start) AS first_time, max("end") AS last_time, sum(flows) AS flows, min(file_id) AS file_id, min(record_no) AS record_no,
    row_number() OVER (PARTITION BY interface_id ORDER BY sum(flows) DESC, ip) AS place, sum(sum(flows)) OVER (PARTITION BY interface_id) AS sides
  FROM (
    SELECT interface_id, srcaddr AS ip, max(instance_id) AS instance_id, max(vpc_id) AS vpc_id, max(account_id) AS account_id, max(region) AS region, min(start) AS start, max("end") AS "end", count(*) AS flows, min(file_id) AS file_id, min(record_no) AS record_no
    FROM vpc_flow WHERE srcaddr IS NOT NULL AND interface_id IS NOT NULL GROUP BY interface_id, srcaddr
    UNION ALL
    SELECT interface_id, dstaddr, max(instance_id), max(vpc_id), max(account_id), max(region), min(start), max("end"), count(*), min(file_id), min(record_no)
    FROM vpc_flow WHERE dstaddr IS NOT NULL AND interface_id IS NOT NULL GROUP BY interface_id, dstaddr
  ) sides
  GROUP BY interface_id, ip
) f
WHERE f.place = 1 AND f.flows * 10 >= f.sides * 4;

-- Which traffic did not reach an instance: rejected flows with the instance behind the interface, its security groups as recorded last, and whether a rule of theirs allows it.
CREATE OR REPLACE VIEW flow_unreached AS
SELECT
  t.interface_id, max(t.owner) AS instance, t.srcaddr, t.dstaddr, t.dstport, t.protocol, max(t.flows) AS flows, max(t.packets) AS packets, max(t.first_time) AS first_time, max(t.last_time) AS last_time,
  max(t.group_ids) AS group_ids, CASE WHEN max(t.group_ids) IS NULL THEN NULL ELSE COALESCE(max(t.allows), 0) = 1 END AS rule_allows, max(t.inside) = 1 AS from_inside
FROM (
  SELECT
    r.interface_id, o.owner, r.srcaddr, r.dstaddr, r.dstport, r.protocol, r.flows, r.packets, r.first_time, r.last_time, g.group_ids,
    CASE WHEN x.peer LIKE 'sg-%' OR x.peer LIKE 'pl-%' OR ip_in_cidr(r.srcaddr, x.peer) THEN 1 ELSE 0 END AS allows,
    CASE WHEN is_private_ip(r.srcaddr) THEN 1 ELSE 0 END AS inside
  FROM (
    SELECT interface_id, srcaddr, dstaddr, dstport, protocol, count(*) AS flows, sum(packets) AS packets, min(start) AS first_time, max("end") AS last_time
    FROM vpc_flow WHERE action = 'REJECT' GROUP BY interface_id, srcaddr, dstaddr, dstport, protocol
  ) r
  LEFT JOIN (SELECT interface_id, max(owner) AS owner FROM ip_owner WHERE source = 'config_items' GROUP BY interface_id) o ON o.interface_id = r.interface_id
  LEFT JOIN (
    SELECT resource_id, max(json_format(json_extract(configuration, '$.groups'))) AS group_ids FROM config_latest WHERE resource_type = 'AWS::EC2::NetworkInterface' GROUP BY resource_id
  ) g ON g.resource_id = r.interface_id
  LEFT JOIN config_security_group_rules x ON x.direction = 'ingress' AND x.to_time IS NULL AND strpos(g.group_ids, x.group_id) > 0
    AND (x.protocol = '-1' OR r.dstport BETWEEN x.from_port AND x.to_port)
) t
GROUP BY t.interface_id, t.srcaddr, t.dstaddr, t.dstport, t.protocol;

-- Security groups that are too strict: ports that inside addresses were refused again and again, which no rule of the groups allows.
CREATE OR REPLACE VIEW security_groups_too_strict AS
SELECT group_ids, interface_id, instance, dstport, protocol, count(DISTINCT srcaddr) AS sources, sum(flows) AS flows, min(first_time) AS first_time, max(last_time) AS last_time
FROM flow_unreached
WHERE from_inside AND rule_allows = FALSE
GROUP BY group_ids, interface_id, instance, dstport, protocol;
