-- Every configuration item and notification in the columns all sources share; action is its status or change, outcome NULL.
CREATE OR REPLACE VIEW config_items_events AS
SELECT
  event_time,
  'config_items' AS source,
  configuration_state_id AS event_id,
  aws_account_id AS account_id,
  aws_region AS region,
  CAST(NULL AS VARCHAR) AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  CAST(NULL AS VARCHAR) AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  'config ' || COALESCE(lower(change_type), configuration_item_status, message_type, 'item') AS action,
  COALESCE(arn, resource_type || ' ' || COALESCE(resource_name, resource_id), s3_bucket || COALESCE('/' || s3_object_key, ''), config_snapshot_id, config_rule_names) AS target,
  CAST(NULL AS VARCHAR) AS outcome,
  json_extract_scalar(s3_delivery_summary, '$.errorCode') AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  CASE WHEN resource_type IS NULL AND resource_id IS NULL THEN COALESCE(message_type, '?')
    ELSE COALESCE(resource_type, '?') || ' ' || COALESCE(NULLIF(resource_name, ''), resource_id, '?') || COALESCE(' ' || COALESCE(change_type, configuration_item_status), '') END AS summary,
  file_id,
  record_no
FROM (
  SELECT config_items.*, configuration_item_capture_time AS event_time FROM config_items WHERE configuration_item_capture_time IS NOT NULL
  UNION ALL
  SELECT config_items.*, notification_creation_time FROM config_items WHERE configuration_item_capture_time IS NULL
) c;

-- Configuration items with the time until which each was true: the next item of the resource, NULL where it is the latest. The summary of an item too large for a notification counts where the item itself is not there.
CREATE OR REPLACE VIEW config_states AS
SELECT
  configuration_item_capture_time AS from_time,
  lead(configuration_item_capture_time) OVER (PARTITION BY aws_account_id, aws_region, resource_type, resource_id ORDER BY configuration_item_capture_time, TRY_CAST(configuration_state_id AS BIGINT), file_id, record_no) AS to_time,
  configuration_item_status, aws_account_id, aws_region, resource_type, resource_id, resource_name, arn, availability_zone, tags, configuration, supplementary_configuration,
  relationships, related_events, change_type, file_id, record_no
FROM config_items c
WHERE resource_type IS NOT NULL AND configuration_item_capture_time IS NOT NULL AND (s3_delivery_summary IS NULL OR NOT EXISTS (
  SELECT 1 FROM config_items f
  WHERE f.s3_delivery_summary IS NULL AND f.resource_type = c.resource_type AND f.resource_id = c.resource_id AND f.configuration_item_capture_time = c.configuration_item_capture_time
    AND f.aws_account_id IS NOT DISTINCT FROM c.aws_account_id));

-- Relations of resources, one row each: what was related to what, how, from when and until when.
CREATE OR REPLACE VIEW config_relationships AS
SELECT
  s.from_time AS configuration_item_capture_time, s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, s.resource_name, s.arn,
  COALESCE(json_extract_scalar(r.relation, '$.name'), json_extract_scalar(r.relation, '$.relationshipName')) AS relationship,
  json_extract_scalar(r.relation, '$.resourceType') AS related_type, json_extract_scalar(r.relation, '$.resourceId') AS related_id,
  json_extract_scalar(r.relation, '$.resourceName') AS related_name, s.configuration_item_status, s.to_time, s.file_id, s.record_no
FROM (SELECT config_states.*, json_elements(relationships) AS elements FROM config_states WHERE relationships LIKE '%resourceType%') s
CROSS JOIN UNNEST(s.elements) AS r (relation);

-- What every resource looked like at a time: config_at(TIMESTAMP '2026-01-02 03:00:00'). Resources deleted by then are not there.
CREATE OR REPLACE MACRO config_at(as_of) AS TABLE
SELECT from_time, to_time, aws_account_id, aws_region, resource_type, resource_id, resource_name, arn, availability_zone, tags, configuration, supplementary_configuration, relationships, file_id, record_no
FROM config_states
WHERE from_time <= as_of AND (to_time IS NULL OR to_time > as_of) AND COALESCE(configuration_item_status, '') NOT LIKE '%Deleted%';

-- What changed of a resource between two times: config_diff(resource, t1, t2), by its id, name or ARN; elements of lists are compared whole, whatever their order.
CREATE OR REPLACE MACRO config_diff(resource, t1, t2) AS TABLE
WITH states AS (
  SELECT from_time, to_time, aws_account_id, aws_region, resource_type, resource_id, CAST(json_object('configuration', json_parse(COALESCE(configuration, 'null')), 'supplementaryConfiguration', json_parse(COALESCE(supplementary_configuration, 'null')), 'tags', json_parse(COALESCE(tags, 'null')), 'relationships', json_parse(replace(COALESCE(relationships, 'null'), '"relationshipName"', '"name"')), 'status', configuration_item_status) AS VARCHAR) AS doc
  FROM config_states
  WHERE resource_id = resource OR resource_name = resource OR arn = resource
), before AS (
  SELECT s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, regexp_replace(substr(t.fullkey, 3), '[[][0-9]+[]]$', '[]') AS path, CAST(t.value AS VARCHAR) AS val
  FROM states s, json_tree(s.doc) t
  WHERE s.from_time <= t1 AND (s.to_time IS NULL OR s.to_time > t1) AND ((t.type NOT IN ('OBJECT', 'ARRAY', 'NULL') AND NOT contains(t.fullkey, '[')) OR regexp_matches(t.fullkey, '^[^[]*[[][0-9]+[]]$'))
), after AS (
  SELECT s.aws_account_id, s.aws_region, s.resource_type, s.resource_id, regexp_replace(substr(t.fullkey, 3), '[[][0-9]+[]]$', '[]') AS path, CAST(t.value AS VARCHAR) AS val
  FROM states s, json_tree(s.doc) t
  WHERE s.from_time <= t2 AND (s.to_time IS NULL OR s.to_time > t2) AND ((t.type NOT IN ('OBJECT', 'ARRAY', 'NULL') AND NOT contains(t.fullkey, '[')) OR regexp_matches(t.fullkey, '^[^[]*[[][0-9]+[]]$'))
), gone AS (SELECT * FROM before EXCEPT ALL SELECT * FROM after), come AS (SELECT * FROM after EXCEPT ALL SELECT * FROM before)
SELECT COALESCE(g.resource_type, c.resource_type) AS resource_type, COALESCE(g.resource_id, c.resource_id) AS resource_id, COALESCE(g.path, c.path) AS path, g.val AS before, c.val AS after,
  CASE WHEN g.path IS NULL THEN 'added' WHEN c.path IS NULL THEN 'removed' ELSE 'changed' END AS change,
  COALESCE(g.aws_account_id, c.aws_account_id) AS aws_account_id, COALESCE(g.aws_region, c.aws_region) AS aws_region
FROM gone g FULL JOIN come c ON g.aws_account_id IS NOT DISTINCT FROM c.aws_account_id AND g.aws_region IS NOT DISTINCT FROM c.aws_region AND g.resource_type = c.resource_type AND g.resource_id = c.resource_id AND g.path = c.path AND NOT contains(g.path, '[');

-- Resources as they are now, as far as the evidence goes.
CREATE OR REPLACE VIEW config_latest AS
SELECT from_time, aws_account_id, aws_region, resource_type, resource_id, resource_name, arn, availability_zone, tags, configuration, supplementary_configuration, relationships, file_id, record_no
FROM config_states
WHERE to_time IS NULL AND COALESCE(configuration_item_status, '') NOT LIKE '%Deleted%';

-- Rules of security groups, one row a rule and peer, for as long as each was true; peer is a block of addresses, a group or a prefix list.
CREATE OR REPLACE VIEW config_security_group_rules AS
SELECT
  s.from_time, s.to_time, s.aws_account_id, s.aws_region, s.resource_id AS group_id, COALESCE(s.resource_name, json_extract_scalar(s.configuration, '$.groupName')) AS group_name,
  json_extract_scalar(s.configuration, '$.vpcId') AS vpc_id, s.direction,
  json_extract_scalar(p.permission, '$.ipProtocol') AS protocol,
  TRY_CAST(json_extract_scalar(p.permission, '$.fromPort') AS INTEGER) AS from_port, TRY_CAST(json_extract_scalar(p.permission, '$.toPort') AS INTEGER) AS to_port,
  COALESCE(json_extract_scalar(r.peer, '$.cidrIp'), json_extract_scalar(r.peer, '$.cidrIpv6'), json_extract_scalar(r.peer, '$.groupId'), json_extract_scalar(r.peer, '$.prefixListId'), json_extract_scalar(r.peer, '$')) AS peer,
  s.file_id, s.record_no
FROM (
  SELECT config_states.*, 'ingress' AS direction, json_elements(json_format(json_extract(configuration, '$.ipPermissions'))) AS permissions FROM config_states WHERE resource_type = 'AWS::EC2::SecurityGroup' AND configuration LIKE '%ipPermissions%'
  UNION ALL
  SELECT config_states.*, 'egress' AS direction, json_elements(json_format(json_extract(configuration, '$.ipPermissionsEgress'))) AS permissions FROM config_states WHERE resource_type = 'AWS::EC2::SecurityGroup' AND configuration LIKE '%ipPermissionsEgress%'
) s
CROSS JOIN UNNEST(s.permissions) AS p (permission)
CROSS JOIN UNNEST(CASE
  WHEN COALESCE(json_array_length(json_format(json_extract(p.permission, '$.ipv4Ranges'))), 0) + COALESCE(json_array_length(json_format(json_extract(p.permission, '$.ipv6Ranges'))), 0) + COALESCE(json_array_length(json_format(json_extract(p.permission, '$.userIdGroupPairs'))), 0) + COALESCE(json_array_length(json_format(json_extract(p.permission, '$.prefixListIds'))), 0) > 0
  THEN concat(concat(COALESCE(json_elements(json_format(json_extract(p.permission, '$.ipv4Ranges'))), json_elements('[]')), COALESCE(json_elements(json_format(json_extract(p.permission, '$.ipv6Ranges'))), json_elements('[]'))),
    concat(COALESCE(json_elements(json_format(json_extract(p.permission, '$.userIdGroupPairs'))), json_elements('[]')), COALESCE(json_elements(json_format(json_extract(p.permission, '$.prefixListIds'))), json_elements('[]'))))
  ELSE COALESCE(json_elements(json_format(json_extract(p.permission, '$.ipRanges'))), json_elements('[]')) END) AS r (peer);
