package schemas_test

import (
	"database/sql"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestFunctions(t *testing.T) {
	db := emptyCase(t)
	tests := []struct{ expr, want string }{
		// Scalars only, as in Trino; anything that is not JSON is NULL, not an error.
		{`json_extract_scalar('{"a":"x\"y"}', '$.a')`, `x"y`},
		{`json_extract_scalar('{"a":1.5}', '$.a')`, "1.5"},
		{`json_extract_scalar('{"a":12345678901234567890}', '$.a')`, "12345678901234567890"},
		{`json_extract_scalar('{"a":false}', '$.a')`, "false"},
		{`json_extract_scalar('{"a":""}', '$.a') = ''`, "true"},
		{`json_extract_scalar('{"a":null}', '$.a')`, "∅"},
		{`json_extract_scalar('{"a":{"b":1}}', '$.a')`, "∅"},
		{`json_extract_scalar('{"a":[1]}', '$.a')`, "∅"},
		{`json_extract_scalar('{"a":[1,{"b":"c"}]}', '$.a[1].b')`, "c"},
		{`json_extract_scalar('{"a":[1]}', '$.a[7]')`, "∅"},
		{`json_extract_scalar('{"aws:SourceArn":{"x.y":1}}', '$["aws:SourceArn"]["x.y"]')`, "1"},
		{`json_extract_scalar('"bare"', '$')`, "bare"},
		{`json_extract_scalar('', '$.a')`, "∅"},
		{`json_extract_scalar('{"a":', '$.a')`, "∅"},
		{`json_extract_scalar('not json', '$.a')`, "∅"},
		{`json_extract_scalar(CAST(NULL AS VARCHAR), '$.a')`, "∅"},
		{`json_extract_scalar(json_parse('{"a":"b"}'), '$.a')`, "b"},
		{`json_format(json_extract('{"a":[1, 2]}', '$.a'))`, "[1,2]"},
		{`json_array_contains('["a","b\u0041"]', 'bA')`, "true"},
		{`json_array_contains('[["a"]]', 'a')`, "false"},
		{`json_array_contains('[1]', 1)`, "true"},
		{`json_array_contains('{"a":1}', 'a')`, "∅"},
		{`json_array_contains('broken', 'a')`, "∅"},
		{`cardinality(map(['a'], [1]))`, "1"},

		{`regexp_like('GetObject', '^Get')`, "true"},
		{`regexp_like('xGetObject', 'Get')`, "true"},
		{`regexp_like(CAST(NULL AS VARCHAR), 'a')`, "∅"},
		{`CAST(from_iso8601_timestamp('2026-01-02T03:04:05Z') AS VARCHAR)`, "2026-01-02 03:04:05"},
		{`CAST(from_iso8601_timestamp('2026-01-02T03:04:05.678+02:00') AS VARCHAR)`, "2026-01-02 01:04:05.678"},
		{`typeof(from_iso8601_timestamp('2026-01-02T03:04:05Z'))`, "TIMESTAMP"},
		{`CAST(from_unixtime(1767322800) AS VARCHAR)`, "2026-01-02 03:00:00"},
		{`CAST(from_unixtime(1767322800.25) AS VARCHAR)`, "2026-01-02 03:00:00.25"},
		{`CAST(from_unixtime(-1) AS VARCHAR)`, "1969-12-31 23:59:59"},
		{`to_unixtime(TIMESTAMP '2026-01-02 03:00:00.5')`, "1.7673228005e+09"},
		{`CAST(date_add('minute', -5, TIMESTAMP '2026-01-01 00:00:00') AS VARCHAR)`, "2025-12-31 23:55:00"},
		{`CAST(date_add('month', 1, TIMESTAMP '2026-01-31 00:00:00') AS VARCHAR)`, "2026-02-28 00:00:00"},
		{`CAST(date_add('QUARTER', 2, TIMESTAMP '2026-01-01 00:00:00') AS VARCHAR)`, "2026-07-01 00:00:00"},
		{`CAST(date_add(DATE '2026-01-01', INTERVAL 1 DAY) AS VARCHAR)`, "2026-01-02 00:00:00"},
		{`date_diff('minute', TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-01 01:00:00')`, "60"},
		{`day_of_week(DATE '2026-01-05')`, "1"},
		{`bitwise_and(18, 2)`, "2"},
		{`array_join(['a', NULL, 'b'], ', ')`, "a, b"},
		{`array_join(['a', NULL, 'b'], ', ', '-')`, "a, -, b"},
		{`arrays_overlap([1, 2], [2, 3])`, "true"},

		{`is_ip('ec2.amazonaws.com')`, "false"},
		{`is_ip('AWS Internal')`, "false"},
		{`is_ip(CAST(NULL AS VARCHAR))`, "∅"},
		{`is_private_ip('AWS Internal')`, "∅"},
		{`ip_in_cidr('10.1.2.3', '10.0.0.0/8')`, "true"},
		{`ip_in_cidr('10.1.2.3', '10.1.2.3')`, "true"},
		{`ip_in_cidr('11.1.2.3', '10.0.0.0/7')`, "true"},
		{`ip_in_cidr('203.0.113.9', '0.0.0.0/0')`, "true"},
		{`ip_in_cidr('255.255.255.255', '255.255.255.255/32')`, "true"},
		{`ip_in_cidr('203.0.113.9', '2001:db8::/32')`, "false"},
		{`ip_in_cidr('2001:db8::9', '203.0.113.0/24')`, "false"},
		{`ip_in_cidr('2001:db8:7fff::1', '2001:db8::/33')`, "true"},
		{`ip_in_cidr('2001:db8:8000::1', '2001:db8::/33')`, "false"},
		{`ip_in_cidr('2001:DB8::1', '2001:db8::1')`, "true"},
		{`ip_in_cidr('::1', '::/0')`, "true"},
		{`ip_in_cidr('::ffff:10.0.0.1', '10.0.0.0/8')`, "true"},
		{`ip_in_cidr('10.0.0.1', '::ffff:10.0.0.0/104')`, "true"},
		{`ip_in_cidr('AWS Internal', '10.0.0.0/8')`, "∅"},
		{`ip_in_cidr('s3.amazonaws.com', '2001:db8::/32')`, "∅"},
		{`ip_in_cidr('10.0.0.1', '10.0.0.0/33')`, "∅"},
		{`ip_in_cidr('10.0.0.1', '10.0.0.0/')`, "∅"},
		{`ip_in_cidr('10.0.0.1', '10.0.0.0/8/9')`, "∅"},
		{`ip_in_cidr('10.0.0.1', 'nonsense')`, "∅"},
		{`ip_in_cidr('::1', '::/129')`, "∅"},
		{`ip_in_cidr('10.0.0.1', CAST(NULL AS VARCHAR))`, "∅"},
		{`ip_in_cidr(CAST(NULL AS VARCHAR), '10.0.0.0/8')`, "∅"},
		// A caller's own names must not be taken for those inside the macros.
		{`(SELECT ip_in_cidr(t.ip, t.net) FROM (VALUES ('2001:db8::1', '2001:db8::/32')) AS t (ip, net))`, "true"},
		{`(SELECT ip_in_cidr(tail, bits) FROM (VALUES ('::ffff:192.0.2.1', '192.0.2.0/24')) AS half (tail, bits))`, "true"},
	}
	for _, tt := range tests {
		if got := ask(t, db, "SELECT "+tt.expr)[0]; got != tt.want {
			t.Errorf("%s = %s, want %s", tt.expr, got, tt.want)
		}
	}
}

func TestJSONElements(t *testing.T) {
	db := emptyCase(t)
	for doc, want := range map[string]string{
		`'[{"a":1},"b",[2]]'`:   `{"a":1} "b" [2]`,
		`'[]'`:                  "",
		`'{"a":1}'`:             "",
		`'null'`:                "",
		`'[1'`:                  "",
		`''`:                    "",
		`CAST(NULL AS VARCHAR)`: "",
	} {
		got := ask(t, db, "SELECT json_format(e) FROM (SELECT json_elements("+doc+") AS l) AS d CROSS JOIN UNNEST(d.l) AS u (e)")
		if s := strings.Join(got, " "); s != want {
			t.Errorf("json_elements(%s) = %s, want %s", doc, s, want)
		}
	}
}

func TestDateAddRefusesUnknownUnits(t *testing.T) {
	db := emptyCase(t)
	if _, err := db.Exec(`SELECT date_add('fortnight', 1, TIMESTAMP '2026-01-01 00:00:00')`); err == nil || !strings.Contains(err.Error(), "unknown unit fortnight") {
		t.Errorf("date_add with an unknown unit: %v", err)
	}
}

// TestAddressesAgainstNetip compares the SQL with Go's own reading of addresses
// over texts that differ in one place from good ones.
func TestAddressesAgainstNetip(t *testing.T) {
	db := emptyCase(t)
	seeds := []string{
		"0.0.0.0", "10.0.0.1", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "192.168.1.1",
		"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0", "169.254.169.254", "127.0.0.1", "203.0.113.77",
		"::", "::1", "1::", "fe80::1", "febf::1", "fec0::1", "fc00::1", "fdff::1", "2001:db8::ff00:42:8329",
		"1:2:3:4:5:6:7:8", "1::3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8",
		"::ffff:192.0.2.1", "::ffff:10.0.0.1", "64:ff9b::192.0.2.33", "1:2:3:4:5:6:192.0.2.1", "::ffff:c000:201",
	}
	texts := map[string]bool{}
	for _, s := range seeds {
		texts[s] = true
		for i := range s {
			texts[s[:i]+s[i+1:]] = true
			for _, r := range []string{":", ".", "0", "5", "f", "g", " ", "%", "F"} {
				texts[s[:i]+r+s[i:]] = true
				texts[s[:i]+r+s[i+1:]] = true
			}
		}
	}
	blocks := []string{"10.0.0.0/8", "192.0.2.0/31", "172.16.0.0/12", "fe80::/10", "2001:db8::/61", "::/0", "::ffff:10.0.0.0/104"}
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if _, err := tx.Exec("CREATE TABLE texts (txt VARCHAR)"); err != nil {
		t.Fatal(err)
	}
	for text := range texts {
		if _, err := tx.Exec("INSERT INTO texts VALUES (?)", text); err != nil {
			t.Fatal(err)
		}
	}
	columns := []string{"txt", "is_ip(txt)", "is_private_ip(txt)"}
	for _, b := range blocks {
		columns = append(columns, "ip_in_cidr(txt, '"+b+"')")
	}
	rows, err := tx.Query("SELECT " + strings.Join(columns, ", ") + " FROM texts")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		got := make([]sql.NullBool, len(columns)-1)
		into := []any{&text}
		for i := range got {
			into = append(into, &got[i])
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		if want := wantAddress(text, blocks); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// wantAddress is what is_ip, is_private_ip and ip_in_cidr must say of text.
func wantAddress(text string, blocks []string) []sql.NullBool {
	null, yes := sql.NullBool{}, func(b bool) sql.NullBool { return sql.NullBool{Bool: b, Valid: true} }
	addr, err := netip.ParseAddr(text)
	ok := err == nil && addr.Zone() == ""
	out := []sql.NullBool{yes(ok), null}
	addr = addr.Unmap()
	if ok {
		shared := netip.MustParsePrefix("100.64.0.0/10")
		zero := netip.MustParsePrefix("0.0.0.0/8")
		out[1] = yes(addr.IsPrivate() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsUnspecified() ||
			shared.Contains(addr) || zero.Contains(addr))
	}
	for _, b := range blocks {
		p := netip.MustParsePrefix(b)
		if p.Addr().Is4In6() {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if ok {
			out = append(out, yes(p.Contains(addr)))
		} else {
			out = append(out, null)
		}
	}
	return out
}
