-- Kinds of events.
SELECT * FROM eventbridge_kinds ORDER BY events DESC, source, detail_type;

-- When instances started and stopped.
SELECT time, instance_id, state FROM eventbridge_instance_states ORDER BY time;

-- Events about a resource.
SELECT time, detail_type, resources, detail
FROM eventbridge
WHERE resources LIKE '%i-0a1b2c3d4e5f60718%'
ORDER BY time;

-- What AWS Health told.
SELECT * FROM eventbridge_health ORDER BY time;

-- Events that are not AWS's own.
SELECT time, source, detail_type, detail
FROM eventbridge
WHERE source NOT LIKE 'aws.%'
ORDER BY time;
