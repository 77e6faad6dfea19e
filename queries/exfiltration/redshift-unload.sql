/*---
id: redshift-unload
title: Data unloaded from Redshift
severity: medium
attack: [T1567.002, T1048]
sources: [redshift_audit]
packs: [exfiltration, data]
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: flow-bytes-out}
means: A statement wrote the result of a query to S3.
noise: Nightly exports, whose bucket is always the same.
cite: "Amazon Redshift Database Developer Guide, UNLOAD; ATT&CK T1567.002"
---*/
SELECT s.record_time AS time, 'redshift_audit' AS source, s.username AS principal, CAST(NULL AS VARCHAR) AS src_ip, COALESCE(NULLIF(regexp_extract(s.statement, '(s3://[^'' ]+)', 1), ''), s.dbname) AS target,
  s.username || ': ' || substr(s.statement, 1, 200) AS summary, s.dbname, s.pid, s.xid, s.file_id, s.record_no
FROM redshift_statements s
WHERE regexp_like(upper(s.statement), '^\s*UNLOAD\b') AND s.record_time >= $since AND s.record_time < $until
ORDER BY 1, 3, 5
