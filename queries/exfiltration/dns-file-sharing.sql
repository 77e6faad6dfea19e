/*---
id: dns-file-sharing
title: Place for dropping files asked for
severity: low
attack: [T1567.002]
sources: [route53_resolver]
packs: [exfiltration, network]
means: "A host asked for a service where anybody may leave or fetch files or text: pastebin, transfer.sh, mega, gofile, Telegram and Discord interfaces and their kind."
noise: People at work. On servers, with much sent at the same time (flow-bytes-out), it is the way out.
cite: "ATT&CK T1567.002 Exfiltration to Cloud Storage, T1102; LOTS Project, list of such sites"
next:
  - {id: x-dns-answer-flow}
  - {id: flow-bytes-out}
---*/
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, rtrim(lower(query_name), '.') AS target,
  coalesce(max(instance_id), srcaddr) || ' asked for ' || rtrim(lower(query_name), '.') || ' ' || CAST(count(*) AS VARCHAR) || ' times' AS summary,
  count(*) AS queries, max(query_timestamp) AS last_time, max(vpc_id) AS vpc_id
FROM route53_resolver
WHERE query_timestamp >= $since AND query_timestamp < $until AND rcode = 'NOERROR'
  AND regexp_like(lower(query_name), '(^|[.])(pastebin[.]com|paste[.]ee|ghostbin[.]com|transfer[.]sh|file[.]io|gofile[.]io|anonfiles[.]com|catbox[.]moe|0x0[.]st|temp[.]sh|bashupload[.]com|mega[.](nz|co[.]nz|io)|mediafire[.]com|wetransfer[.]com|sendspace[.]com|ufile[.]io|pixeldrain[.]com|api[.]telegram[.]org|discord[.]com|discordapp[.]com|termbin[.]com|rentry[.]co)[.]?$')
GROUP BY srcaddr, rtrim(lower(query_name), '.')
ORDER BY 1, 4, 5
