/*---
id: ssh-guessed
title: SSH logins guessed until one succeeds
severity: high
attack: [T1110.001, T1021.004]
sources: [cloudwatch_logs]
packs: [triage, credential-access]
params:
  - {name: failed, type: bigint, default: 10, doc: failed logins}
next:
  - {id: ct-address-calls, with: {ip: src_ip}}
  - {id: flow-admin-port-inside}
means: An address failed to log in to a host many times, and then got in.
noise: A person with several keys; a mistyped password.
cite: "MITRE ATT&CK T1110.001, Password Guessing"
---*/
SELECT max(a.time) AS time, 'cloudwatch_logs' AS source, max(CASE WHEN a.what = 'login' THEN a.user_name END) AS principal, a.src_ip, a.host AS target,
  CAST(count(CASE WHEN a.what <> 'login' THEN 1 END) AS VARCHAR) || ' failed logins to ' || a.host || ' from ' || a.src_ip || ', then one as ' || max(CASE WHEN a.what = 'login' THEN a.user_name END) AS summary,
  count(CASE WHEN a.what <> 'login' THEN 1 END) AS failed, count(DISTINCT a.user_name) AS users, min(a.time) AS first_time
FROM syslog_auth a
WHERE a.what IN ('login', 'failed login', 'invalid user') AND (a.time IS NULL OR (a.time >= $since AND a.time < $until))
GROUP BY a.src_ip, a.host
HAVING count(CASE WHEN a.what <> 'login' THEN 1 END) >= $failed AND count(CASE WHEN a.what = 'login' THEN 1 END) > 0
ORDER BY 1, 4, 5
