/*---
id: lambda-failing
title: Lambda function that fails or runs long
severity: low
attack: [T1648]
sources: [cloudwatch_logs]
packs: [execution]
next:
  - {id: ct-resource-calls, with: {name: target}}
means: "Invocations of a function ended in an error or ran out of time, or used nearly all of its memory: a function that was changed does so."
noise: Faults of one's own making.
cite: "AWS Lambda Developer Guide, function logs"
---*/
SELECT min(i.start_time) AS time, 'cloudwatch_logs' AS source, CAST(NULL AS VARCHAR) AS principal, CAST(NULL AS VARCHAR) AS src_ip, i.function_name AS target,
  CAST(count(*) AS VARCHAR) || ' invocations of ' || i.function_name || ' ended with ' || i.status AS summary, count(*) AS invocations, max(i.duration_ms) AS max_duration_ms, max(i.max_memory_used_mb) AS max_memory_used_mb, max(i.memory_size_mb) AS memory_size_mb, max(i.error_type) AS error_type, max(i.end_time) AS last_time
FROM lambda_invocations i
WHERE i.status IN ('error', 'timeout', 'failure') AND i.start_time >= $since AND i.start_time < $until
GROUP BY i.function_name, i.status
ORDER BY 1, 5, i.status
