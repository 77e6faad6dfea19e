package match_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"logquarry/engine/find"
	"logquarry/engine/indicator"
	"logquarry/engine/load"
	"logquarry/engine/match"
	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/engine/value"
	"logquarry/schemas"
)

// evidence is a confined case of the made-up incident.
func evidence(t testing.TB) *store.Case {
	t.Helper()
	path := filepath.Join(t.TempDir(), "case.duckdb")
	c, err := store.Open(t.Context(), path, store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	f, err := find.NewFinder(find.Options{Sources: schematest.Shipped(t), Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	files, err := f.Find(t.Context(), []string{"../../testdata/evidence"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load.Load(t.Context(), c, files, load.Options{Sources: schematest.Shipped(t)}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c, err = store.Open(t.Context(), path, store.Options{ReadOnly: true, Confined: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func setOf(t testing.TB, lines ...string) *indicator.Set {
	t.Helper()
	s := indicator.NewSet()
	if err := s.Read(t.Context(), []string{"-"}, strings.NewReader(strings.Join(lines, "\n")), indicator.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, l := range s.Lists {
		if l.Err != nil || l.BadCount > 0 {
			t.Fatalf("%+v", l)
		}
	}
	return s
}

// cellsOf are the rows of a table, each with its cells of text.
func cellsOf(t testing.TB, c *store.Case, table string) (rows []row) {
	t.Helper()
	err := value.Each(context.Background(), c, "SELECT file_id, record_no, * FROM stored."+schema.Quote(table), nil, func(cells []any) {
		r := row{table: table, file: cells[0].(int64), record: cells[1].(int64)}
		for _, cell := range cells[2:] {
			if text, ok := cell.(string); ok {
				r.cells = append(r.cells, text)
			}
		}
		rows = append(rows, r)
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

type row struct {
	table        string
	file, record int64
	cells        []string
}

// naive tells by plain expressions, one for each kind of indicator, whether it
// stands in a text. They know nothing of how a Set does it.
func naive(kind, v string) func(text string) bool {
	quoted := regexp.QuoteMeta(v)
	switch kind {
	case "ip":
		dashes := strings.ReplaceAll(v, ".", "-")
		p := strings.Split(v, ".")
		slices.Reverse(p)
		plain := regexp.MustCompile(`(?:^|[^0-9A-Za-z.])\.?` + quoted + `(?:$|\.?(?:$|[^0-9A-Za-z.]))`)
		named := regexp.MustCompile(`(?i)(?:^|[^0-9a-z])(?:ip|ec2)-` + dashes + `(?:$|[^0-9-])`)
		reverse := regexp.MustCompile(`(?:^|[^0-9A-Za-z.])` + regexp.QuoteMeta(strings.Join(p, ".")) + `\.in-addr\.arpa`)
		return func(text string) bool {
			return plain.MatchString(text) || named.MatchString(text) || reverse.MatchString(text)
		}
	case "block":
		block := netip.MustParsePrefix(v)
		quad := regexp.MustCompile(`[0-9]+(?:\.[0-9]+){3}|(?:ip|ec2)-[0-9]+-[0-9]+-[0-9]+-[0-9]+`)
		return func(text string) bool {
			for _, found := range quad.FindAllString(text, -1) {
				found = strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(found, "ip-"), "ec2-"), "-", ".")
				if a, err := netip.ParseAddr(found); err == nil && block.Contains(a) && naive("ip", a.String())(text) {
					return true
				}
			}
			return false
		}
	case "domain":
		return regexp.MustCompile(`(?i)(?:^|[^0-9a-z_-])` + quoted + `[.-]*(?:$|[^0-9a-z._-])`).MatchString
	}
	return regexp.MustCompile(`(?i)(?:^|[^0-9a-z._-])[.-]*` + quoted + `[.-]*(?:$|[^0-9a-z._-])`).MatchString
}

var (
	anyIP     = regexp.MustCompile(`\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}\b`)
	anyDomain = regexp.MustCompile(`\b[a-z0-9-]+(?:\.[a-z0-9-]+)*\.(?:com|net|org|example)\b`)
	anyWord   = regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\b[0-9a-f]{32}\b|\b(?:i|sg|eni|vpc)-[0-9a-f]{8,17}\b|\b[a-z]{3,}-[a-z]{3,}\b`)
)

// TestAgreesWithReadingEveryCell draws indicators from the case, and near misses
// of them, and finds them again by reading all cells one by one.
func TestAgreesWithReadingEveryCell(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	c := evidence(t)
	var all []row
	for _, s := range schematest.Shipped(t) {
		all = append(all, cellsOf(t, c, s.Name)...)
	}
	rnd := rand.New(rand.NewPCG(7, 11))
	kinds := map[string]string{} // by value
	near := 0
	for len(kinds) < 60 {
		r := all[rnd.IntN(len(all))]
		if len(r.cells) == 0 {
			continue
		}
		text := r.cells[rnd.IntN(len(r.cells))]
		pick := func(re *regexp.Regexp) (string, bool) {
			found := re.FindAllString(text, -1)
			if found == nil {
				return "", false
			}
			return found[rnd.IntN(len(found))], true
		}
		if v, ok := pick(anyIP); ok {
			a, err := netip.ParseAddr(v)
			if err == nil && !strings.HasSuffix(v, ".0.0.0") {
				kinds[v] = "ip"
				kinds[a.Next().String()] = "ip" // may be there or not: both count
				b, _ := a.Prefix(20 + rnd.IntN(12))
				kinds[b.String()] = "block"
				near++
			}
		}
		if v, ok := pick(anyDomain); ok {
			kinds[v] = "domain"
			kinds["x"+v] = "domain"
			kinds[strings.TrimSuffix(v, v[len(v)-1:])+"q"] = "domain"
			near++
		}
		if v, ok := pick(anyWord); ok {
			kinds[v] = "word"
			kinds[v[:len(v)-1]] = "word"
			near++
		}
	}
	var lines []string
	for v := range kinds {
		lines = append(lines, v)
	}
	slices.Sort(lines)
	is := map[string]func(string) bool{}
	for _, line := range lines {
		is[line] = naive(kinds[line], line)
	}
	set := setOf(t, lines...)
	m, err := match.Search(t.Context(), c, set, match.Options{Sources: schematest.Shipped(t)})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	rows, totals := m.Hits(t.Context(), time.Time{}, time.Time{})
	for rows.Next() {
		v := rows.Values()
		got[fmt.Sprintf("%s in %s %d/%d", v[6], v[1], v[12], v[13])] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	// Each different text is read once for each indicator.
	texts := map[string][]string{}
	for _, r := range all {
		for _, text := range r.cells {
			texts[text] = append(texts[text], fmt.Sprintf(" in %s %d/%d", r.table, r.file, r.record))
		}
	}
	want := map[string]bool{}
	for text, places := range texts {
		decoded := plain(text)
		for _, line := range lines {
			if is[line](text) || decoded != text && is[line](decoded) {
				for _, place := range places {
					want[line+place] = true
				}
			}
		}
	}
	differ := 0
	for k := range want {
		if !got[k] && differ < 20 {
			t.Errorf("not found: %s (%s)", k, kinds[strings.Fields(k)[0]])
			differ++
		}
	}
	for k := range got {
		// The naive way knows neither accounts before names nor buckets in host names.
		if !want[k] && differ < 20 && kinds[strings.Fields(k)[0]] != "word" {
			t.Errorf("found: %s (%s)", k, kinds[strings.Fields(k)[0]])
			differ++
		}
	}
	if len(want) < 500 || near < 10 {
		t.Errorf("only %d hits of %d indicators: the test tests little", len(want), len(lines))
	}
	if totals.Hits != int64(len(got)) {
		t.Errorf("%d hits, and %d different rows", totals.Hits, len(got))
	}
}

var percent = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// plain is a text without JSON's escapes and without %XX, plainly done.
func plain(text string) string {
	for range 2 {
		text = strings.NewReplacer(`\n`, " ", `\r`, " ", `\t`, " ", `\"`, `"`, `\/`, "/", `\\`, `\`).Replace(text)
	}
	for range 2 {
		text = percent.ReplaceAllStringFunc(text, func(x string) string {
			var b byte
			fmt.Sscanf(x[1:], "%02x", &b)
			return string([]byte{b})
		})
	}
	return text
}

// TestEveryTextColumnIsSearched puts a mark into each column of text of each
// source that a case may have, one after another, and finds it.
func TestEveryTextColumnIsSearched(t *testing.T) {
	c, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "case.duckdb"), store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var lines []string
	want := map[string]string{} // source and column by indicator
	for _, s := range schematest.Shipped(t) {
		for i, col := range s.AllColumns() {
			if col.Type != schema.Varchar && col.Type != schema.JSONText {
				continue
			}
			mark := fmt.Sprintf("mark-%s-%d", strings.ReplaceAll(s.Name, "_", "-"), i)
			lines, want[mark] = append(lines, mark), s.Name+"."+col.Name
			// Columns that come late have no storage yet.
			if err := c.Exec(t.Context(), fmt.Sprintf("ALTER TABLE %s ADD COLUMN IF NOT EXISTS %s VARCHAR", s.StorageTable(), schema.Quote(col.Name)), nil); err != nil {
				t.Fatal(err)
			}
			if err := c.Exec(t.Context(), fmt.Sprintf("INSERT INTO %s (file_id, record_no, %s) VALUES (1, %d, '{\"a\":\"%s\"}')", s.StorageTable(), schema.Quote(col.Name), i+1, mark), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	m, err := match.Search(t.Context(), c, setOf(t, lines...), match.Options{Sources: schematest.Shipped(t)})
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := m.Hits(t.Context(), time.Time{}, time.Time{})
	for rows.Next() {
		v := rows.Values()
		mark := v[6].(string)
		if got := fmt.Sprintf("%s.%s", v[1], v[8]); got != want[mark] {
			t.Errorf("%s: found in %s, want %s", mark, got, want[mark])
		}
		delete(want, mark)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	for mark, where := range want {
		t.Errorf("%s in %s is not found", mark, where)
	}
}

// TestBigTablesAreSearchedByValue fills a table beyond what is streamed, with a
// column of few values and one of many.
func TestBigTablesAreSearchedByValue(t *testing.T) {
	c, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "case.duckdb"), store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const n = 60_000
	err = c.Exec(t.Context(), fmt.Sprintf(`INSERT INTO stored.cloudtrail (file_id, record_no, event_time, source_ip_address, event_id, request_parameters)
		SELECT 1, i + 1, TIMESTAMP '2026-03-10' + to_seconds(i), '192.0.2.' || (i %% 100), 'event-' || i, '{"n":"' || i || '","ip":"198.51.100.' || (i %% 250) || '"}' FROM range(%d) AS r (i)`, n), nil)
	if err != nil {
		t.Fatal(err)
	}
	set := setOf(t, "192.0.2.7", "198.51.100.0/30", "event-4711", "203.0.113.1")
	m, err := match.Search(t.Context(), c, set, match.Options{Sources: schematest.Shipped(t), Threads: 3})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a search can be asked again
		l, totals, err := m.Summary(t.Context(), time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int64{}
		for l.Next() {
			got[l.Values()[0].(string)] = l.Values()[2].(int64)
		}
		want := map[string]int64{"192.0.2.7": n / 100, "198.51.100.0/30": n / 250 * 4, "event-4711": 1}
		if fmt.Sprint(got) != fmt.Sprint(want) || totals.Indicators != 3 {
			t.Errorf("%v, want %v", got, want)
		}
	}
	// The window: since is in it, until is not.
	from := time.Date(2026, 3, 10, 0, 0, 7, 0, time.UTC)
	for seconds, want := range map[int]int64{100: 1, 101: 2} {
		rows, _ := m.Hits(t.Context(), from, from.Add(time.Duration(seconds)*time.Second))
		last, n := time.Time{}, int64(0)
		for rows.Next() {
			if rows.Values()[6] == "192.0.2.7" {
				n++
			}
			at := rows.Values()[0].(time.Time)
			if at.Before(last) {
				t.Errorf("%s comes after %s", at, last)
			}
			last = at
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if n != want {
			t.Errorf("%d seconds: %d hits, want %d", seconds, n, want)
		}
	}
	// Reading may stop in the middle.
	rows, _ := m.Hits(t.Context(), time.Time{}, time.Time{})
	if !rows.Next() || rows.Close() != nil || rows.Err() != nil {
		t.Errorf("reading one row: %v", rows.Err())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := match.Search(ctx, c, set, match.Options{}); err == nil {
		t.Error("a search that was cancelled looks whole")
	}
}

// TestURLsOfParts: where a source has a host and a path in columns of their own,
// a URL is found in them together.
func TestURLsOfParts(t *testing.T) {
	c := evidence(t)
	m, err := match.Search(t.Context(), c, setOf(t, "https://shop.example.com/wp-login.php"), match.Options{Sources: schematest.Shipped(t)})
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := m.Hits(t.Context(), time.Time{}, time.Time{})
	got := map[string]bool{}
	for rows.Next() {
		got[fmt.Sprintf("%s: %s", rows.Values()[1], rows.Values()[8])] = true
	}
	if !got["waf: host, uri, args"] || !got["alb: request"] {
		t.Errorf("%v", got)
	}
}
