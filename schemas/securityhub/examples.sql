-- Open findings, the most severe first.
SELECT severity_label, title, aws_account_id, resource_ids, workflow_status, last_observed_at
FROM securityhub_findings
WHERE record_state = 'ACTIVE' AND workflow_status IN ('NEW', 'NOTIFIED')
ORDER BY severity_normalized DESC, last_observed_at;

-- Controls that failed.
SELECT * FROM securityhub_controls WHERE failed > 0 ORDER BY severity_normalized DESC, control;

-- Findings by product.
SELECT product_name, severity_label, count(*) AS findings FROM securityhub_findings GROUP BY 1, 2 ORDER BY findings DESC, 1, 2;

-- Findings that somebody suppressed.
SELECT updated_at, title, resource_ids, note
FROM securityhub
WHERE workflow_status = 'SUPPRESSED'
ORDER BY updated_at;

-- Findings about a resource.
SELECT updated_at, severity_label, title, workflow_status
FROM securityhub
WHERE resource_ids LIKE '%demo-bucket%'
ORDER BY updated_at;
