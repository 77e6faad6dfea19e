-- Who holds an address now.
SELECT owner, network_interface_id, interface_type, description, seen_at FROM ec2_interfaces WHERE private_ip_address = '10.0.0.5' OR public_ip = '192.0.2.10';

-- Interfaces with a public address, and what they are for.
SELECT public_ip, network_interface_id, owner, vpc_id FROM ec2_interfaces WHERE public_ip IS NOT NULL ORDER BY public_ip;

-- Elastic addresses that nobody uses.
SELECT public_ip, allocation_id, account_id, region FROM ec2_addresses WHERE association_id IS NULL ORDER BY public_ip;

-- Interfaces that services manage, by kind.
SELECT interface_type, count(*) AS interfaces FROM ec2_interfaces GROUP BY interface_type ORDER BY interfaces DESC, interface_type;

-- Instances attached to an interface, newest first.
SELECT attach_time, instance_id, network_interface_id, private_ip_address FROM ec2_inventory WHERE instance_id IS NOT NULL AND attach_time IS NOT NULL ORDER BY attach_time DESC;
