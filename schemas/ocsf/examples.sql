-- Classes, sources and versions there are.
SELECT class_uid, class_name, metadata_product_name, metadata_version, count(*) AS events, min(time) AS first_time, max(time) AS last_time FROM ocsf GROUP BY 1, 2, 3, 4 ORDER BY events DESC, 1, 3, 4;

-- Who called what.
SELECT time, actor_user_uid, src_ip, api_service_name, api_operation, api_error FROM ocsf_api_activity ORDER BY time;

-- Flows that were refused.
SELECT time, src_ip, dst_ip, dst_port, traffic_bytes FROM ocsf_network_activity WHERE action = 'Denied' ORDER BY time;

-- Names asked for.
SELECT time, src_ip, query_hostname, rcode, answers FROM ocsf_dns_activity ORDER BY time;

-- Findings.
SELECT time, severity, finding_title, resources FROM ocsf_detection_findings ORDER BY time;
