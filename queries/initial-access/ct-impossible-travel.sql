/*---
id: ct-impossible-travel
title: Principal in two places that cannot be reached in the time
severity: high
attack: [T1078.004]
sources: [cloudtrail, geoip_databases]
packs: [triage, initial-access, geoip]
params:
  - {name: max_kmh, type: double, default: 1000, doc: "km/h, the fastest way there is"}
  - {name: min_km, type: double, default: 500, doc: "km, for addresses are placed no better"}
  - {name: country_hours, type: bigint, default: 4, doc: "hours between two countries, where a place has no coordinates"}
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-address-calls, with: {ip: src_ip}}
means: "Two calls of one user or role session from outside AWS, one right after the other, from places between which nobody travels that fast. Where GeoIP databases know both coordinates, distance over time decides; else two countries within country_hours. Needs --geoip."
noise: VPNs, mobile networks and proxies that come out elsewhere. GeoIP databases err. Compare the user agents of both sides.
cite: "ATT&CK T1078.004; Microsoft Entra ID, atypical travel; Panther, AWS console login from two places"
---*/
WITH spots AS (
  SELECT coalesce(user_arn, user_name, user_principal_id) AS principal, source_ip_address AS ip, date_trunc('minute', event_time) AS minute,
    min(event_time) AS first_time, max(event_time) AS last_time, count(*) AS calls, max(user_agent) AS user_agent, max(user_access_key_id) AS access_key_id,
    max(event_name) AS event_name
  FROM cloudtrail
  WHERE event_time >= $since AND event_time < $until AND user_invoked_by IS NULL AND coalesce(user_type, '') <> 'AWSService'
    AND coalesce(user_arn, user_name, user_principal_id) IS NOT NULL
    AND source_ip_address NOT LIKE '%.amazonaws.com' AND source_ip_address NOT LIKE 'AWS Internal%'
  GROUP BY coalesce(user_arn, user_name, user_principal_id), source_ip_address, date_trunc('minute', event_time)
),
places AS (
  SELECT *, geo_country(ip) AS country, geo_city(ip) AS city, geo_lat(ip) AS lat, geo_lon(ip) AS lon
  FROM spots WHERE geo_country(ip) IS NOT NULL AND aws_service(ip) IS NULL
),
steps AS (
  SELECT *, lag(ip) OVER w AS from_ip, lag(last_time) OVER w AS from_time, lag(country) OVER w AS from_country, lag(city) OVER w AS from_city,
    lag(lat) OVER w AS from_lat, lag(lon) OVER w AS from_lon, lag(user_agent) OVER w AS from_user_agent, lag(access_key_id) OVER w AS from_access_key_id
  FROM places
  WINDOW w AS (PARTITION BY principal ORDER BY first_time, ip)
),
angles AS (
  SELECT *, power(sin(radians(lat - from_lat) / 2), 2) + cos(radians(lat)) * cos(radians(from_lat)) * power(sin(radians(lon - from_lon) / 2), 2) AS haversine,
    CASE WHEN first_time > from_time THEN to_unixtime(first_time) - to_unixtime(from_time) ELSE 0 END AS seconds
  FROM steps WHERE from_ip <> ip
),
moves AS (
  SELECT *, 12742.0 * asin(sqrt(CASE WHEN haversine > 1 THEN 1 ELSE haversine END)) AS km FROM angles
),
impossible AS (
  SELECT *, km * 3600.0 / CASE WHEN seconds < 60 THEN 60 ELSE seconds END AS kmh FROM moves
  WHERE (km >= $min_km AND km * 3600.0 > $max_kmh * seconds)
    OR (km IS NULL AND country <> from_country AND seconds < $country_hours * 3600)
)
SELECT min(first_time) AS time, 'cloudtrail' AS source, principal, min(ip) AS src_ip, coalesce(city || ', ', '') || country AS target,
  'from ' || coalesce(from_city || ', ', '') || from_country || ' to ' || coalesce(city || ', ', '') || country || ' in '
    || CAST(CAST(floor(min(seconds) / 60) AS BIGINT) AS VARCHAR) || ' min'
    || coalesce(', ' || CAST(CAST(floor(max(km)) AS BIGINT) AS VARCHAR) || ' km', '') AS summary,
  min(from_ip) AS from_ip, from_country, country, count(*) AS moves, CAST(floor(max(km)) AS BIGINT) AS km, CAST(floor(max(kmh)) AS BIGINT) AS kmh,
  CAST(sum(calls) AS BIGINT) AS calls, min(event_name) AS event_name, max(first_time) AS last_time, max(access_key_id) AS access_key_id,
  max(from_access_key_id) AS from_access_key_id, max(user_agent) AS user_agent, max(from_user_agent) AS from_user_agent
FROM impossible
GROUP BY principal, from_city, from_country, city, country
ORDER BY 1, 3, 4, 5, 6
