-- What resources looked like at a time.
SELECT resource_type, resource_id, resource_name, from_time, configuration
FROM config_at(TIMESTAMP '2026-01-02 03:10:00')
ORDER BY resource_type, resource_id;

-- What changed of a resource between two times.
SELECT * FROM config_diff('sg-0a1b2c3d', TIMESTAMP '2026-01-02 03:05:00', TIMESTAMP '2026-01-02 04:00:00') ORDER BY path;

-- The history of a resource.
SELECT configuration_item_capture_time, configuration_item_status, change_type, configuration
FROM config_items
WHERE resource_id = 'sg-0a1b2c3d'
ORDER BY configuration_item_capture_time;

-- How resources were related.
SELECT resource_type, resource_id, relationship, related_type, COALESCE(related_id, related_name) AS related
FROM config_relationships
ORDER BY resource_type, resource_id, relationship;

-- Security groups open to the world.
SELECT from_time, to_time, group_id, group_name, protocol, from_port, to_port, peer
FROM config_security_group_rules
WHERE direction = 'ingress' AND peer IN ('0.0.0.0/0', '::/0')
ORDER BY from_time, group_id;

-- Resources that were deleted.
SELECT configuration_item_capture_time, resource_type, resource_id, resource_name
FROM config_items
WHERE configuration_item_status LIKE '%Deleted%'
ORDER BY configuration_item_capture_time;
