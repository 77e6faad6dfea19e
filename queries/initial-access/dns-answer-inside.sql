/*---
id: dns-answer-inside
title: Outside name that resolves to an inner address
severity: medium
attack: [T1557, T1190]
sources: [route53_resolver]
packs: [triage, initial-access, network]
means: A name that is not one of your zones was answered with the metadata service, loopback or a private address. DNS rebinding and SSRF filters are tricked so.
noise: Split zones, VPN partners, services such as nip.io that developers use. 169.254.169.254 has no good reason.
cite: "OWASP Web Security Testing Guide, server-side request forgery, DNS rebinding; GuardDuty finding type UnauthorizedAccess:EC2/MetadataDNSRebind"
next:
  - {id: alb-ssrf-answered}
---*/
WITH inner_answers AS (
  SELECT query_timestamp, rtrim(lower(query_name), '.') AS name, srcaddr, instance_id, vpc_id, answers, regexp_extract(answers, '"Rdata"\s*:\s*"(169[.]254[.][0-9.]+|127[.][0-9.]+|10[.][0-9.]+|192[.]168[.][0-9.]+|172[.](?:1[6-9]|2[0-9]|3[01])[.][0-9.]+|fd00:ec2::254|::1)"', 1) AS answer
  FROM route53_resolver
  WHERE query_timestamp >= $since AND query_timestamp < $until AND rcode = 'NOERROR' AND regexp_like(answers, '"(169[.]254|127|10|192[.]168|172)[.]|fd00:ec2|"::1"')
)
SELECT min(query_timestamp) AS time, 'route53_resolver' AS source, max(instance_id) AS principal, srcaddr AS src_ip, name AS target,
  name || ' is ' || answer || ', asked for ' || CAST(count(*) AS VARCHAR) || ' times' AS summary,
  answer, count(*) AS queries, max(query_timestamp) AS last_time, max(vpc_id) AS vpc_id
FROM inner_answers
WHERE answer <> '' AND (answer LIKE '169.254.%' OR answer LIKE 'fd00:ec2%' OR answer LIKE '127.%'
  OR regexp_like(name, '(^|[.])(nip[.]io|sslip[.]io|xip[.]io|rbndr[.]us|1u[.]ms|localtest[.]me|lvh[.]me)$'))
GROUP BY srcaddr, name, answer
ORDER BY 1, 4, 5, 6
