package load_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"logquarry/engine/find"
	"logquarry/engine/load"
	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/schemas"
)

// bench is a folder of evidence and a case it is loaded into.
type bench struct {
	t       testing.TB
	Dir     string // evidence
	Case    string
	Threads int
	Options load.Options
}

func newBench(t testing.TB) *bench {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "evidence"), 0o755); err != nil {
		t.Fatal(err)
	}
	return &bench{t: t, Dir: filepath.Join(dir, "evidence"), Case: filepath.Join(dir, "case.duckdb"), Threads: 2}
}

func (b *bench) write(name string, content []byte) string {
	b.t.Helper()
	path := filepath.Join(b.Dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// emptyCase is the file of a case without rows. Making its views takes longer
// than most of the loads here, so it is made once.
var emptyCase = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "load-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "case.duckdb")
	c, err := store.Open(context.Background(), path, store.Options{Create: true, Schemas: schemas.FS})
	if err != nil {
		return nil, err
	}
	if err := c.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

func (b *bench) open() *store.Case {
	b.t.Helper()
	if _, err := os.Stat(b.Case); errors.Is(err, fs.ErrNotExist) {
		empty, err := emptyCase()
		if err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(b.Case, empty, 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	c, err := store.Open(context.Background(), b.Case, store.Options{Create: true, ViewsLater: true, Schemas: schemas.FS, Threads: b.Threads, Memory: "1GB"})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *bench) find(paths ...string) []find.File {
	b.t.Helper()
	if len(paths) == 0 {
		paths = []string{b.Dir}
	}
	f, err := find.NewFinder(find.Options{Sources: schematest.Shipped(b.t), Scratch: b.t.TempDir(), Threads: 2})
	if err != nil {
		b.t.Fatal(err)
	}
	files, err := f.Find(context.Background(), paths)
	if err != nil {
		b.t.Fatal(err)
	}
	return files
}

func (b *bench) options() load.Options {
	opts := b.Options
	opts.Sources, opts.Threads, opts.Version = schematest.Shipped(b.t), b.Threads, "test"
	opts.Now = func() time.Time { return time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC) }
	return opts
}

// load loads everything in the folder and checks what must always hold.
func (b *bench) load() *load.Summary { b.t.Helper(); return b.loadFiles(b.find()) }

func (b *bench) loadFiles(files []find.File) *load.Summary {
	b.t.Helper()
	c := b.open()
	sum, err := load.Load(context.Background(), c, files, b.options())
	if err != nil {
		b.t.Fatalf("load: %v", err)
	}
	if sum.Records != sum.Rows+sum.Duplicates+sum.Rejects {
		b.t.Errorf("summary: %d records are not %d rows + %d duplicates + %d rejects", sum.Records, sum.Rows, sum.Duplicates, sum.Rejects)
	}
	var all load.Count
	for _, x := range sum.Sources {
		all.Records, all.Rows, all.Duplicates, all.Rejects = all.Records+x.Records, all.Rows+x.Rows, all.Duplicates+x.Duplicates, all.Rejects+x.Rejects
	}
	if all.Records != sum.Records || all.Rows != sum.Rows || all.Duplicates != sum.Duplicates || all.Rejects != sum.Rejects {
		b.t.Errorf("summary %+v, its sources together %+v", sum, all)
	}
	check(b.t, c)
	if err := c.Close(); err != nil {
		b.t.Error(err)
	}
	return sum
}

// query is the rows of a query, the cells of each parted by |.
func query(t testing.TB, c *store.Case, text string) []string {
	t.Helper()
	rows, err := c.Query(context.Background(), text, nil)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var cells []string
		for _, v := range rows.Values() {
			if v == nil {
				v = "∅"
			}
			if at, ok := v.(time.Time); ok {
				v = at.Format("2006-01-02T15:04:05.999999Z")
			}
			cells = append(cells, fmt.Sprint(v))
		}
		out = append(out, strings.Join(cells, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

// ask opens the case and queries it.
func (b *bench) ask(text string) []string {
	b.t.Helper()
	c := b.open()
	defer c.Close()
	return query(b.t, c, text)
}

// tables are the names of the sources' tables.
func tables(t testing.TB) []string {
	var names []string
	for _, s := range schematest.Shipped(t) {
		names = append(names, s.Name)
	}
	return names
}

// check compares ledger, rejects and tables, and JSON columns with DuckDB's
// idea of JSON.
func check(t testing.TB, c *store.Case) {
	t.Helper()
	bad := query(t, c, `SELECT path, records, loaded, duplicates, rejected FROM evidence WHERE records <> loaded + duplicates + rejected`)
	for _, row := range bad {
		t.Errorf("ledger: records are not loaded + duplicates + rejected: %s", row)
	}
	var each []string
	for _, name := range tables(t) {
		each = append(each, "SELECT file_id, record_no FROM "+schema.Quote(name))
	}
	union := strings.Join(each, " UNION ALL ")
	for _, row := range query(t, c, `SELECT path, loaded, n FROM evidence e FULL JOIN (SELECT file_id, count(*) AS n FROM (`+union+`) GROUP BY file_id) r USING (file_id) WHERE coalesce(loaded, -1) <> coalesce(n, 0)`) {
		t.Errorf("ledger and tables do not agree: path|loaded|rows = %s", row)
	}
	for _, row := range query(t, c, `SELECT e.path, rejected, n FROM evidence e FULL JOIN (SELECT file_id, count(*) AS n FROM rejects GROUP BY file_id) r USING (file_id) WHERE least(coalesce(rejected, -1), 1000) <> coalesce(n, 0)`) {
		t.Errorf("ledger and rejects do not agree: path|rejected|rows = %s", row)
	}
	for _, row := range query(t, c, `SELECT file_id, record_no, count(*) FROM (`+union+`) GROUP BY ALL HAVING count(*) > 1`) {
		t.Errorf("one record is two rows: %s", row)
	}
	for _, s := range schematest.Shipped(t) {
		for _, col := range s.AllColumns() {
			if col.Type != schema.JSONText {
				continue
			}
			for _, row := range query(t, c, fmt.Sprintf(`SELECT file_id, record_no, %[1]s FROM %[2]s WHERE NOT json_valid(%[1]s)`, schema.Quote(col.Name), schema.Quote(s.Name))) {
				t.Errorf("%s.%s is no JSON: %s", s.Name, col.Name, row)
			}
		}
	}
}

// content is a hash over all rows of all tables, their places in the evidence
// and the ledger's counts, without the ids the files were given and the folder
// they lie in.
func content(t testing.TB, c *store.Case) string {
	t.Helper()
	h := sha256.New()
	place := `regexp_replace(path, '^.*/evidence/', '')`
	for _, name := range tables(t) {
		for _, row := range query(t, c, fmt.Sprintf(`SELECT %s, r.* EXCLUDE (file_id) FROM %s r JOIN (SELECT file_id, path AS evidence_path FROM evidence) USING (file_id) ORDER BY evidence_path, r.record_no`, strings.Replace(place, "path", "evidence_path", 1), schema.Quote(name))) {
			fmt.Fprintln(h, name, row)
		}
	}
	for _, row := range query(t, c, `SELECT `+place+`, source, status, sha256, records, loaded, duplicates, rejected, outside, first_event_time, last_event_time FROM evidence ORDER BY path`) {
		fmt.Fprintln(h, row)
	}
	for _, row := range query(t, c, `SELECT `+place+`, record_no, line, "offset", reason FROM rejects ORDER BY ALL`) {
		fmt.Fprintln(h, row)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (b *bench) content() string {
	b.t.Helper()
	c := b.open()
	defer c.Close()
	return content(b.t, c)
}

func gz(text string) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write([]byte(text))
	w.Close()
	return buf.Bytes()
}

// event is a CloudTrail record; second is within 2026-01-02.
func event(id string, second int, more string) string {
	at := time.Date(2026, 1, 2, 0, 0, second, 0, time.UTC).Format(time.RFC3339)
	return fmt.Sprintf(`{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","userName":"alice"},"eventTime":"%s","eventSource":"ec2.amazonaws.com","eventName":"DescribeInstances","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","requestParameters":{"id":"%s"},"responseElements":null,"eventID":"%s","recipientAccountId":"111122223333"%s}`, at, id, id, more)
}

func insight(id string, second int) string {
	at := time.Date(2026, 1, 2, 0, 0, second, 0, time.UTC).Format(time.RFC3339)
	return fmt.Sprintf(`{"eventVersion":"1.08","eventTime":"%s","awsRegion":"eu-west-1","eventID":"%s","eventType":"AwsCloudTrailInsight","recipientAccountId":"111122223333","sharedEventID":"s","insightDetails":{"state":"Start","eventName":"RunInstances"},"eventCategory":"Insight"}`, at, id)
}

func records(list ...string) string { return `{"Records":[` + strings.Join(list, ",") + `]}` }

const flowHeader = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"

// flow is a line of the default format; second is within 2026-01-02.
func flow(second int) string {
	at := time.Date(2026, 1, 2, 0, 0, second, 0, time.UTC).Unix()
	return fmt.Sprintf("2 111122223333 eni-0a1b2c3d4e5f60718 192.0.2.10 198.51.100.7 49152 443 6 20 4249 %d %d ACCEPT OK\n", at, at+60)
}

func web(second int, uri string) string {
	at := time.Date(2026, 1, 2, 0, 0, second, 0, time.UTC).UnixMilli()
	return fmt.Sprintf(`{"timestamp":%d,"formatVersion":1,"webaclId":"arn:aws:wafv2:eu-west-1:111122223333:regional/webacl/shop/a1b2","terminatingRuleId":"Default_Action","action":"ALLOW","httpRequest":{"clientIp":"192.0.2.1","country":"DE","headers":[{"name":"Host","value":"example.com"}],"uri":%q},"labels":[{"name":"l"}]}`+"\n", at, uri)
}

// corpus writes files of all sources, with events that stand in several files,
// Insights among CloudTrail's, rejects and files of unknown kind.
func (b *bench) corpus(seed uint64, files, perFile int) {
	r := rand.New(rand.NewPCG(seed, 1))
	pad := strings.Repeat("p", 200)
	for i := range files {
		var list []string
		for range perFile {
			id := fmt.Sprint("e", r.IntN(files*perFile*2/3))
			list = append(list, event(id, r.IntN(86_400), fmt.Sprintf(`,"additionalEventData":{"file":%d,"pad":"%s%d"}`, i, pad, r.Uint64())))
		}
		if i%5 == 0 {
			list = append(list, insight(fmt.Sprint("i", r.IntN(files/4+1)), i))
		}
		if i%7 == 0 {
			list = append(list, "7")
		}
		b.write(fmt.Sprintf("ct/111122223333_CloudTrail_eu-west-1_20260102T%04dZ_%016d.json.gz", i, i), gz(records(list...)))
		if i%6 == 0 {
			b.write(fmt.Sprintf("in/111122223333_CloudTrail-Insight_eu-west-1_20260102T%04dZ_%016d.json.gz", i, i), gz(records(insight(fmt.Sprint("i", r.IntN(files/4+1)), 1), insight(fmt.Sprint("j", i), 2))))
		}
		var lines strings.Builder
		lines.WriteString(flowHeader)
		for range perFile * 4 {
			lines.WriteString(flow(r.IntN(86_400)))
		}
		lines.WriteString("2 too short\n")
		b.write(fmt.Sprintf("flow/111122223333_vpcflowlogs_eu-west-1_fl-0a1b2c3d_20260102T%04dZ_%08x.log.gz", i, i), gz(lines.String()))
		var hits strings.Builder
		for range perFile {
			hits.WriteString(web(r.IntN(86_400), fmt.Sprint("/", r.Uint64())))
		}
		b.write(fmt.Sprintf("waf/111122223333_waflogs_eu-west-1_shop_20260102T%04dZ_%08x.log.gz", i, i), gz(hits.String()))
	}
	for i := range files / 4 {
		// One has values of another form, far behind its beginning.
		var lines strings.Builder
		for k := range perFile * 30 {
			fmt.Fprintf(&lines, "20260102 03:04:%02d,db-%d,alice,192.0.2.9,27,%d,QUERY,shop,'select %d',0\n", k%60, i, k, r.Uint64())
		}
		if i == files/8 {
			lines.WriteString("20260102 03:05:00,db-1,root,192.0.2.9,28,1,QUERY,shop,'select 7',0,4\n")
		}
		b.write(fmt.Sprintf("rds/server_audit-%08x.log", i), []byte(lines.String()))
	}
	b.write("notes.txt", []byte("what the analyst wrote\n"))
	b.write("copy/of_first.json.gz", gz(records(event("e1", 1, ""))))
	b.write("copy/of_first_again.json.gz", gz(records(event("e1", 1, ""))))
}
