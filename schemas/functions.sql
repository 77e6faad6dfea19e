-- The functions that shipped views and hunts use and plain DuckDB lacks.
--
-- Most have the name and meaning Trino gives them, so that the SQL runs there
-- unchanged. The last group exists in neither; on Trino it is made once with
-- CREATE FUNCTION, as noted. They are stored in the case and need nothing but
-- the json extension linked into every DuckDB.
--
-- Functions both engines have under one name, but with different edges, are not
-- redefined. Shipped SQL minds the difference instead:
--   regexp_extract, split_part  without a match: '' here, NULL in Trino: NULLIF(…, '')
--   greatest, least             with a NULL: ignored here, NULL in Trino: COALESCE

-- ---- JSON -----------------------------------------------------------------

-- json_path(path): a path in Trino's notation ($.a["b:c"][0]) in DuckDB's ($.a."b:c"[0]).
CREATE OR REPLACE MACRO json_path(path) AS
  regexp_replace(path, '\["([^"]*)"\]', '."\1"', 'g');

-- json_extract_scalar(doc, path): the string, number or boolean at path, as text.
-- NULL for objects, arrays, JSON null, nothing there, and text that is not JSON.
CREATE OR REPLACE MACRO json_extract_scalar(doc, path) AS
  TRY(json_value(CAST(doc AS VARCHAR), json_path(path)) ->> '$');

-- json_parse(text): text as a JSON value; an error where it is not JSON.
CREATE OR REPLACE MACRO json_parse(doc) AS CAST(doc AS JSON);

-- json_format(value): the text of a JSON value.
CREATE OR REPLACE MACRO json_format(doc) AS CAST(doc AS VARCHAR);

-- json_array_contains(doc, value): whether the JSON array doc holds value.
-- NULL where doc is not an array.
CREATE OR REPLACE MACRO json_array_contains(doc, value) AS
  CASE WHEN json_valid(doc) AND json_type(doc) = 'ARRAY'
       THEN list_contains(CAST(doc AS JSON[]), to_json(value)) END;

-- ---- Text and time --------------------------------------------------------

-- regexp_like(text, pattern): whether pattern matches anywhere in text.
CREATE OR REPLACE MACRO regexp_like(txt, pattern) AS regexp_matches(txt, pattern);

-- url_decode(text): %XX decoded, as in Trino also for bytes that are not UTF-8: such a
-- text stays as it is, where DuckDB's own function fails. A plus sign stays one.
CREATE OR REPLACE MACRO url_decode(txt) AS COALESCE(TRY(system.main.url_decode(txt)), txt);

-- from_iso8601_timestamp(text): an ISO 8601 time with zone, as TIMESTAMP in UTC.
CREATE OR REPLACE MACRO from_iso8601_timestamp(txt) AS
  CAST(CAST(txt AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP);

-- from_unixtime(seconds): Unix seconds, whole or with a fraction, as TIMESTAMP in UTC.
CREATE OR REPLACE MACRO from_unixtime(seconds) AS
  make_timestamp(CAST(round(CAST(seconds AS DOUBLE) * 1000000) AS BIGINT));

-- to_unixtime(timestamp): its Unix seconds, as DOUBLE.
CREATE OR REPLACE MACRO to_unixtime(ts) AS epoch(ts);

-- date_add(unit, n, timestamp): n units later. DuckDB's own date_add(date, interval) stays.
CREATE OR REPLACE MACRO date_add
  (dt, span) AS dt + span,
  (unit, n, ts) AS ts + CASE lower(unit)
    WHEN 'millisecond' THEN to_milliseconds(n)
    WHEN 'second' THEN to_seconds(n)
    WHEN 'minute' THEN to_minutes(n)
    WHEN 'hour' THEN to_hours(n)
    WHEN 'day' THEN to_days(CAST(n AS INTEGER))
    WHEN 'week' THEN to_weeks(CAST(n AS INTEGER))
    WHEN 'month' THEN to_months(CAST(n AS INTEGER))
    WHEN 'quarter' THEN to_months(CAST(3 * n AS INTEGER))
    WHEN 'year' THEN to_years(CAST(n AS INTEGER))
    ELSE error('date_add: unknown unit ' || unit) END;

-- day_of_week(timestamp): 1 is Monday, 7 is Sunday.
CREATE OR REPLACE MACRO day_of_week(ts) AS isodow(ts);

-- ---- Numbers, arrays, aggregates ------------------------------------------

-- bitwise_and(a, b): the bits set in both.
CREATE OR REPLACE MACRO bitwise_and(a, b) AS a & b;

-- approx_distinct(x): about how many different values there are.
CREATE OR REPLACE MACRO approx_distinct(x) AS approx_count_distinct(x);

-- approx_percentile(x, p): about the p-quantile, p from 0 to 1.
CREATE OR REPLACE MACRO approx_percentile(x, p) AS approx_quantile(x, p);

-- array_join(array, separator [, text for NULL]): the elements as one text.
-- Without the third argument NULL elements are left out.
CREATE OR REPLACE MACRO array_join
  (arr, sep) AS array_to_string(arr, sep),
  (arr, sep, null_text) AS
    array_to_string(list_transform(arr, lambda x: coalesce(CAST(x AS VARCHAR), null_text)), sep);

-- sequence(first, last): the whole numbers from first to last, to be unnested.
CREATE OR REPLACE MACRO sequence(first, last) AS generate_series(first, last);

-- arrays_overlap(a, b): whether the arrays share an element.
CREATE OR REPLACE MACRO arrays_overlap(a, b) AS list_has_any(a, b);

-- ---- In neither engine ----------------------------------------------------

-- json_elements(doc): the elements of the JSON array doc, to be unnested; no
-- elements where doc is not an array.
-- Trino: CREATE FUNCTION json_elements(doc varchar) RETURNS array(json)
--        RETURN try(CAST(json_parse(doc) AS array(json)))
CREATE OR REPLACE MACRO json_elements(doc) AS
  TRY(CAST(CAST(doc AS VARCHAR) AS JSON[]));

-- A macro is text put in place of its call, so one that names an argument often,
-- inside another that does, grows beyond measure. list_transform([x], lambda v: …)[1]
-- binds x once, as LET would. The names start with let_ because a table alias or
-- column of the same name in the calling query would be taken instead.

-- ipv4_number(ip): the IPv4 address in text ip as a number; NULL for all else.
CREATE OR REPLACE MACRO ipv4_number(ip) AS
  CASE WHEN regexp_full_match(ip, '((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])')
       THEN list_reduce(CAST(string_split(ip, '.') AS BIGINT[]), lambda high, low: high * 256 + low) END;

-- ipv6_digits(part): the groups of one side of :: as four hex digits each.
CREATE OR REPLACE MACRO ipv6_digits(part) AS
  regexp_replace(replace(rtrim(':' || lower(part), ':'), ':', ':000'), ':[0-9a-f]{0,3}([0-9a-f]{4})', '\1', 'g');

-- ipv6_hex(ip): the IPv6 address in text ip as 32 hex digits; NULL for all else,
-- addresses with a zone (%eth0) among it. An IPv4 tail is first written as two groups.
CREATE OR REPLACE MACRO ipv6_hex(ip) AS
  list_transform([CASE WHEN contains(ip, '.')
      THEN list_transform([ipv4_number(regexp_extract(ip, '([^:]*)$', 1))],
             lambda let_tail: regexp_extract(ip, '^(.*:)[^:]*$', 1) || to_hex(let_tail >> 16) || ':' || to_hex(let_tail & 65535))[1]
      ELSE ip END],
    lambda let_text: CASE
      WHEN regexp_full_match(let_text, '([0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}') THEN ipv6_digits(let_text)
      WHEN regexp_full_match(let_text, '(([0-9a-fA-F]{1,4}:){0,6}[0-9a-fA-F]{1,4})?::(([0-9a-fA-F]{1,4}:){0,6}[0-9a-fA-F]{1,4})?')
      THEN list_transform([{'high': ipv6_digits(split_part(let_text, '::', 1)), 'low': ipv6_digits(split_part(let_text, '::', 2))}],
             lambda let_half: CASE WHEN length(let_half.high) + length(let_half.low) <= 28
               THEN let_half.high || repeat('0', 32 - length(let_half.high) - length(let_half.low)) || let_half.low END)[1] END)[1];

-- ip_hex(ip): an address as 8 (IPv4, and IPv6 that maps IPv4: ::ffff:192.0.2.1)
-- or 32 hex digits; NULL for what is no address.
CREATE OR REPLACE MACRO ip_hex(ip) AS
  CASE WHEN contains(ip, ':')
       THEN regexp_replace(ipv6_hex(ip), '^0{20}ffff([0-9a-f]{8})$', '\1')
       ELSE lpad(lower(to_hex(ipv4_number(ip))), 8, '0') END;

-- is_ip(text): whether text is an IPv4 or IPv6 address. AWS writes service
-- names into address fields. NULL for NULL.
CREATE OR REPLACE MACRO is_ip(ip) AS
  CASE WHEN ip IS NOT NULL THEN ip_hex(ip) IS NOT NULL END;

-- cidr_bits(cidr): the prefix length of a block; a lone address has all bits.
-- NULL where it is no number or above 32 for IPv4, 128 for IPv6.
CREATE OR REPLACE MACRO cidr_bits(cidr) AS
  CASE WHEN NOT contains(cidr, '/') THEN CASE WHEN contains(cidr, ':') THEN 128 ELSE 32 END
       WHEN contains(cidr, ':') THEN CAST(nullif(regexp_extract(cidr, '^[^/]*/([0-9]|[1-9][0-9]|1[01][0-9]|12[0-8])$', 1), '') AS INTEGER)
       ELSE CAST(nullif(regexp_extract(cidr, '^[^/]*/([0-9]|[12][0-9]|3[0-2])$', 1), '') AS INTEGER) END;

-- hex_prefix_equal(a, b, bits): whether two hex numbers share their first bits.
CREATE OR REPLACE MACRO hex_prefix_equal(a, b, bits) AS
  left(a, bits // 4) = left(b, bits // 4)
  AND (bits % 4 = 0
    OR (strpos('0123456789abcdef', substr(a, bits // 4 + 1, 1)) - 1) >> (4 - bits % 4)
     = (strpos('0123456789abcdef', substr(b, bits // 4 + 1, 1)) - 1) >> (4 - bits % 4));

-- ip_in_cidr(ip, cidr): whether the address lies in the block (203.0.113.0/24,
-- 2001:db8::/32, or one address). False across families; NULL where ip is no
-- address or cidr no block; never an error.
-- Trino: CREATE FUNCTION ip_in_cidr(ip varchar, cidr varchar) RETURNS boolean
--        RETURN try(contains(cidr, CAST(ip AS ipaddress)))
CREATE OR REPLACE MACRO ip_in_cidr(ip, cidr) AS
  CASE WHEN NOT contains(ip, ':') AND NOT contains(cidr, ':')
       THEN ipv4_number(ip) >> (32 - cidr_bits(cidr))
          = ipv4_number(split_part(cidr, '/', 1)) >> (32 - cidr_bits(cidr))
       ELSE list_transform([{'ip': ip_hex(ip), 'net': ip_hex(split_part(cidr, '/', 1)), 'bits': cidr_bits(cidr), 'wide': contains(cidr, ':')}],
              lambda let_cidr: CASE
                WHEN let_cidr.ip IS NULL OR let_cidr.net IS NULL OR let_cidr.bits IS NULL THEN NULL
                WHEN length(let_cidr.ip) <> length(let_cidr.net) THEN FALSE
                WHEN length(let_cidr.net) = 8 AND let_cidr.wide THEN CASE WHEN let_cidr.bits >= 96 THEN hex_prefix_equal(let_cidr.ip, let_cidr.net, let_cidr.bits - 96) END
                ELSE hex_prefix_equal(let_cidr.ip, let_cidr.net, let_cidr.bits) END)[1] END;

-- is_private_ip(ip): whether the address is not one of the public internet:
-- RFC 1918, RFC 6598 (100.64.0.0/10), loopback, link-local, unspecified, and in
-- IPv6 unique local, link-local, loopback and unspecified. NULL for what is no address.
CREATE OR REPLACE MACRO is_private_ip(ip) AS
  CASE WHEN regexp_full_match(ip, '((10|127|0)\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])|192\.168|169\.254|172\.(1[6-9]|2[0-9]|3[01])|100\.(6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7]))\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])') THEN TRUE
       WHEN regexp_full_match(ip, '((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])') THEN FALSE
       WHEN contains(ip, ':') THEN
         regexp_matches(ip_hex(ip), '^(0a.{6}|7f.{6}|00.{6}|c0a8.{4}|a9fe.{4}|ac1.{5}|64[4-7].{5}|f[cd].{30}|fe[89ab].{29}|0{31}[01])$') END;

-- ---- Known beside the logs -------------------------------------------------

-- quarry puts its own functions before these, which answer from databases the
-- analyst has (--geoip, --ip-ranges). In any other engine they know nothing: NULL.
-- Trino: CREATE FUNCTION geo_country(ip varchar) RETURNS varchar RETURN NULL, and so on,
--        or functions of your own that look the address up.

-- enriched_by(kind): how many databases there are of a kind, 'geoip' or 'ip-ranges'.
-- NULL: none, so what is NULL below is not known, rather than known to be nothing.
CREATE OR REPLACE MACRO enriched_by(kind) AS CAST(NULL AS BIGINT);

-- geo_country(ip): ISO 3166-1 code of the country the address is in, such as NL.
CREATE OR REPLACE MACRO geo_country(ip) AS CAST(NULL AS VARCHAR);

-- geo_city(ip): English name of the city the address is in.
CREATE OR REPLACE MACRO geo_city(ip) AS CAST(NULL AS VARCHAR);

-- geo_lat(ip), geo_lon(ip): degrees of latitude and longitude of that place.
CREATE OR REPLACE MACRO geo_lat(ip) AS CAST(NULL AS DOUBLE);
CREATE OR REPLACE MACRO geo_lon(ip) AS CAST(NULL AS DOUBLE);

-- asn(ip): number of the autonomous system that announces the address.
CREATE OR REPLACE MACRO asn(ip) AS CAST(NULL AS BIGINT);

-- as_org(ip): organisation that the autonomous system is registered to.
CREATE OR REPLACE MACRO as_org(ip) AS CAST(NULL AS VARCHAR);

-- aws_service(ip): AWS service that has the address, such as EC2; AMAZON where no
-- other is published. NULL for addresses that are not AWS's.
CREATE OR REPLACE MACRO aws_service(ip) AS CAST(NULL AS VARCHAR);

-- aws_region(ip): Region of the address, such as eu-west-1, or GLOBAL.
CREATE OR REPLACE MACRO aws_region(ip) AS CAST(NULL AS VARCHAR);

-- scanner(user_agent): scanner or attack tool that the user agent names itself as.
CREATE OR REPLACE MACRO scanner(user_agent) AS CAST(NULL AS VARCHAR);

-- access_key_account(key): account that an access key id (AKIA…, ASIA…) was made
-- in. NULL for ids of the older format, which do not say it, and for all else.
-- Behind the prefix stand five bits a character, base32: one that tells the newer
-- format, then the 40 of the account. The value is computed; AWS does not document it.
CREATE OR REPLACE MACRO access_key_account(key) AS
  CASE WHEN regexp_full_match(key, 'A[KS]IA[Q-Z2-7][A-Z2-7]{15}')
       THEN list_transform([list_reduce(list_transform(string_split(substr(key, 5, 9), ''),
                lambda let_c: CAST(strpos('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', let_c) - 1 AS BIGINT)),
              lambda let_high, let_low: let_high * 32 + let_low)],
            lambda let_bits: CASE WHEN (let_bits // 16) % 1099511627776 <= 999999999999
              THEN lpad(CAST((let_bits // 16) % 1099511627776 AS VARCHAR), 12, '0') END)[1] END;
