/*---
id: redshift-superuser
title: Redshift superuser made
severity: high
attack: [T1098, T1136]
sources: [redshift_audit]
packs: [triage, privilege-escalation, data, persistence]
means: A user became superuser, or one was made. It reads all data of the cluster.
noise: Setting up a cluster.
cite: "Amazon Redshift Management Guide, database audit logging, user log, field usesuper; ATT&CK T1098"
next:
  - {id: redshift-unload}
---*/
SELECT c.record_time AS time, 'redshift_audit' AS source, c.changed_by AS principal, CAST(NULL AS VARCHAR) AS src_ip, trim(c.username) AS target,
  'user ' || trim(c.username) || ' is superuser after ' || trim(c.action) || coalesce(' by ' || c.changed_by, '') AS summary,
  c.action, c.pid, c.xid, c.file_id, c.record_no
FROM redshift_user_changes c
WHERE c.record_time >= $since AND c.record_time < $until AND trim(c.action) IN ('create', 'alter') AND trim(c.usesuper) IN ('1', 't', 'true')
ORDER BY 1, 3, 5
