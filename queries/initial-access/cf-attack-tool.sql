/*---
id: cf-attack-tool
title: User agent of an attack tool at CloudFront
severity: low
attack: [T1595.002]
sources: [cloudfront]
packs: [initial-access, web, discovery]
means: The client says itself that it is a scanner or exploit tool, or carries an exploit in its user agent. Who hides it is not seen here.
noise: Testers you hired, and the background of the internet. Look at served, and at what the address did with other user agents.
cite: "Names the tools send by default; OWASP Web Security Testing Guide, fingerprinting; ATT&CK T1595.002 Vulnerability Scanning"
next:
  - {id: cf-injection-answered}
---*/
WITH named AS (
  SELECT time AS moment, c_ip AS ip, sc_status AS status, (coalesce(cs_uri_stem, '') || coalesce('?' || cs_uri_query, '')) AS url, url_decode(cs_user_agent) AS agent
  FROM cloudfront
  WHERE time >= $since AND time < $until
)
SELECT min(moment) AS time, 'cloudfront' AS source, CAST(NULL AS VARCHAR) AS principal, ip AS src_ip, min_by(url, moment) AS target,
  CAST(count(*) AS VARCHAR) || ' requests by ' || regexp_extract(lower(agent), '(sqlmap|nikto|nmap|masscan|zgrab|gobuster|dirbuster|dirb |ffuf|feroxbuster|nuclei|wpscan|hydra|acunetix|netsparker|nessus|openvas|burp|w3af|whatweb|jaeles|arachni|havij|commix|metasploit|zmeu|morfeus|jorgee|l9explore|l9tcpid|libredtail|projectdiscovery|[$][{]jndi|[(][)] ?[{]|<script|union select)', 1) || ', '
    || CAST(count(CASE WHEN status BETWEEN 200 AND 299 THEN 1 END) AS VARCHAR) || ' answered with success' AS summary,
  count(*) AS requests, count(CASE WHEN status BETWEEN 200 AND 299 THEN 1 END) AS served, count(DISTINCT url) AS urls,
  max(moment) AS last_time, max(agent) AS user_agent
FROM named
WHERE regexp_like(lower(agent), 'sqlmap|nikto|nmap|masscan|zgrab|gobuster|dirbuster|dirb |ffuf|feroxbuster|nuclei|wpscan|hydra|acunetix|netsparker|nessus|openvas|burp|w3af|whatweb|jaeles|arachni|havij|commix|metasploit|zmeu|morfeus|jorgee|l9explore|l9tcpid|libredtail|projectdiscovery|[$][{]jndi|[(][)] ?[{]|<script|union select')
GROUP BY ip, regexp_extract(lower(agent), '(sqlmap|nikto|nmap|masscan|zgrab|gobuster|dirbuster|dirb |ffuf|feroxbuster|nuclei|wpscan|hydra|acunetix|netsparker|nessus|openvas|burp|w3af|whatweb|jaeles|arachni|havij|commix|metasploit|zmeu|morfeus|jorgee|l9explore|l9tcpid|libredtail|projectdiscovery|[$][{]jndi|[(][)] ?[{]|<script|union select)', 1)
ORDER BY 1, 3, 4, 5, 6
