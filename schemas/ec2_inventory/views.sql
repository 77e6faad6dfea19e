-- Network interfaces as seen last, each with the instance or service it is for.
CREATE OR REPLACE VIEW ec2_interfaces AS
SELECT network_interface_id, COALESCE(instance_id, NULLIF(instance_owner_id, owner_id), NULLIF(description, '')) AS owner, private_ip_address, public_ip, interface_type, status, description, vpc_id, subnet_id, attach_time, security_groups, tags, COALESCE(account_id, owner_id) AS account_id, region, seen_at, file_id, record_no
FROM (SELECT i.*, row_number() OVER (PARTITION BY network_interface_id ORDER BY seen_at DESC, file_id DESC, record_no DESC) AS place FROM ec2_inventory i WHERE mac_address IS NOT NULL) latest
WHERE place = 1;

-- Elastic addresses as seen last; one without an association costs money and may be taken up by anybody of the account.
CREATE OR REPLACE VIEW ec2_addresses AS
SELECT public_ip, allocation_id, association_id, network_interface_id, instance_id, private_ip_address, public_ipv4_pool, network_border_group, tags, COALESCE(account_id, owner_id) AS account_id, region, seen_at, file_id, record_no
FROM (SELECT i.*, row_number() OVER (PARTITION BY allocation_id, public_ip ORDER BY seen_at DESC, file_id DESC, record_no DESC) AS place FROM ec2_inventory i WHERE mac_address IS NULL) latest
WHERE place = 1;

-- Empty: what is there is no event. When an interface was attached is in ec2_interfaces.
CREATE OR REPLACE VIEW ec2_inventory_events AS
SELECT
  attach_time AS event_time,
  'ec2_inventory' AS source,
  attachment_id AS event_id,
  COALESCE(account_id, owner_id) AS account_id,
  region,
  requester_id AS principal,
  CAST(NULL AS VARCHAR) AS access_key_id,
  private_ip_address AS src_ip,
  CAST(NULL AS VARCHAR) AS dst_ip,
  CAST(NULL AS INTEGER) AS dst_port,
  'interface attached' AS action,
  COALESCE(instance_id, instance_owner_id) AS target,
  'success' AS outcome,
  CAST(NULL AS VARCHAR) AS error,
  CAST(NULL AS BIGINT) AS bytes,
  CAST(NULL AS VARCHAR) AS user_agent,
  network_interface_id || ' with ' || COALESCE(private_ip_address, 'no address') || ' attached to ' || COALESCE(instance_id, instance_owner_id, '?') AS summary,
  file_id,
  record_no
FROM ec2_inventory
WHERE FALSE;
