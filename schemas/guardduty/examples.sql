-- Findings, the most severe first.
SELECT severity, severity_label, type, title, account_id, region, COALESCE(instance_id, access_key_id) AS resource, remote_ip, event_first_seen, event_last_seen
FROM guardduty_findings
WHERE NOT sample
ORDER BY severity DESC, event_first_seen;

-- Findings about credentials, with the key to look for in CloudTrail.
SELECT access_key_id, user_name, type, remote_ip, remote_country, event_first_seen
FROM guardduty_findings
WHERE access_key_id IS NOT NULL
ORDER BY event_first_seen;

-- Remote addresses by findings.
SELECT * FROM guardduty_remote_addresses ORDER BY findings DESC, remote_ip;

-- Domains that findings name.
SELECT domain, instance_id, type, event_last_seen FROM guardduty_findings WHERE domain IS NOT NULL ORDER BY event_last_seen;

-- How findings grew: every delivery.
SELECT id, type, service_count, updated_at FROM guardduty ORDER BY id, updated_at;
