/*---
id: dns-mining-pool
title: Name of a mining pool asked for
severity: high
attack: [T1496]
sources: [route53_resolver]
packs: [triage, command-and-control, network]
next:
  - {id: x-launched-then-mining}
  - {id: x-dns-answer-flow}
means: A host asked for a name that pools for mining cryptocurrency have.
noise: Research; a block list that resolves its entries.
cite: "ATT&CK T1496; Panther, crypto-mining pool names"
---*/
SELECT q.query_timestamp AS time, 'route53_resolver' AS source, q.instance_id AS principal, q.srcaddr AS src_ip, rtrim(lower(q.query_name), '.') AS target,
  COALESCE(q.instance_id, q.srcaddr) || ' asked for ' || q.query_name || COALESCE(', ' || q.rcode, '') AS summary, q.vpc_id, q.answers, q.firewall_rule_action, q.file_id, q.record_no
FROM route53_resolver q
WHERE q.query_timestamp >= $since AND q.query_timestamp < $until
  AND regexp_like(lower(q.query_name), '(^|[.-])(xmr|monero|minexmr|nanopool|nicehash|supportxmr|hashvault|moneroocean|ethermine|f2pool|2miners|poolin|miningpool|xmrpool|minergate|stratum)[a-z0-9-]*[.]')
ORDER BY 1, 4, 5
