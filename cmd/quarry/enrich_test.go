package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"logquarry/engine/enrich"
	"logquarry/engine/enrich/geodb"
	"logquarry/engine/store"
	"logquarry/schemas"
)

// enrichedCase is an empty case that knows the databases of geodb.
func enrichedCase(t testing.TB) *store.Case {
	t.Helper()
	dir := t.TempDir()
	if err := geodb.Folder(dir); err != nil {
		t.Fatal(err)
	}
	c, err := store.Open(t.Context(), filepath.Join(dir, "case.duckdb"), store.Options{Create: true, Schemas: schemas.FS,
		Functions: store.Functions(enrich.New(enrich.Options{GeoIP: dir}))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ask(t testing.TB, c *store.Case, question string) string {
	t.Helper()
	rows, err := c.Query(t.Context(), question, nil)
	if err != nil {
		t.Fatalf("%s: %v", question, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		out = append(out, strings.TrimSpace(fmt.Sprintln(rows.Values()...)))
	}
	if rows.Err() != nil {
		t.Fatalf("%s: %v", question, rows.Err())
	}
	return strings.Join(out, "\n")
}

// Each function has a macro of its name and type in the case, for other engines.
func TestEachFunctionHasAMacro(t *testing.T) {
	c := enrichedCase(t)
	for _, f := range store.Functions(enrich.New(enrich.Options{})) {
		q := fmt.Sprintf("SELECT typeof(logquarry.%[1]s(s)) = typeof(%[1]s(s)), logquarry.%[1]s(s) IS NULL FROM (SELECT '192.0.2.1' AS s)", f.Name)
		if got := ask(t, c, q); got != "true true" {
			t.Errorf("%s: %s", f.Name, got)
		}
	}
}

// The macro that computes says what the function says.
func TestAccessKeyAccountAsMacro(t *testing.T) {
	c := enrichedCase(t)
	got := ask(t, c, `
		SELECT count(*) > 10000, count(access_key_account(k)) BETWEEN 10000 AND 90000,
			count(*) FILTER (access_key_account(k) IS DISTINCT FROM logquarry.access_key_account(k))
		FROM (SELECT CASE WHEN i % 9 = 0 THEN 'AKIA' WHEN i % 11 = 0 THEN 'AROA' ELSE 'ASIA' END ||
			array_to_string(list_transform(range(CASE WHEN i % 13 = 0 THEN 15 ELSE 16 END), lambda n:
				substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', CAST(hash(i * 100 + n) % CASE WHEN i % 17 = 0 THEN 33 ELSE 32 END AS INTEGER) + 1, 1)), '') AS k
			FROM range(100000) t(i))`)
	if got != "true true 0" {
		t.Errorf("many, accounts in some, differences: %s", got)
	}
}

// The functions over a million addresses, of which few repeat, and over as many
// that all do. SQL around it is measured alone as well.
func BenchmarkEnrich(b *testing.B) {
	c := enrichedCase(b)
	const rows = 1 << 20
	for _, s := range []string{
		"CREATE TEMP TABLE many AS SELECT CASE WHEN i % 3 = 0 THEN '198.51.' ELSE '203.0.' END || (i >> 8) % 256 || '.' || i % 256 AS ip, 'ASIA' || substr(upper(md5(CAST(i AS VARCHAR))), 1, 16) AS k, 'Mozilla/5.0 (X11; Linux x86_64) Chrome/' || i AS ua FROM range(1048576) t(i)",
		"CREATE TEMP TABLE few AS SELECT '203.0.113.' || i % 200 AS ip, 'ASIAQNZGKIQY56JQ7W' || i % 90 + 10 AS k, 'Mozilla/5.0 (X11; Linux x86_64) Chrome/' || i % 200 AS ua FROM range(1048576) t(i)",
		"SET threads = 1",
	} {
		if err := c.Exec(b.Context(), s, nil); err != nil {
			b.Fatal(err)
		}
	}
	for _, table := range []string{"many", "few"} {
		for _, call := range []string{"length(ip)", "geo_country(ip)", "geo_city(ip)", "geo_lat(ip)", "asn(ip)", "aws_service(ip)", "access_key_account(k)",
			"logquarry.access_key_account(k)", "scanner(ua)", "ip_in_cidr(ip, '203.0.113.0/24')"} {
			b.Run(table+"/"+call, func(b *testing.B) {
				for b.Loop() {
					ask(b, c, "SELECT count("+call+") FROM "+table)
				}
				b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
			})
		}
	}
}
