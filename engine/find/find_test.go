package find_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"logquarry/engine/find"
	"logquarry/engine/schema/schematest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func finder(t testing.TB, opts find.Options) *find.Finder {
	t.Helper()
	opts.Sources = schematest.Shipped(t)
	if opts.Scratch == "" {
		opts.Scratch = t.TempDir()
	}
	f, err := find.NewFinder(opts)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func gz(text string) string {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write([]byte(text))
	w.Close()
	return buf.String()
}

func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	trail   = `{"Records":[{"eventVersion":"1.11","eventSource":"ec2.amazonaws.com","eventName":"RunInstances"}]}`
	insight = `{"Records":[{"eventVersion":"1.08","insightDetails":{}}]}`
	web     = `{"timestamp":1767322800000,"webaclId":"w","terminatingRuleId":"Default_Action","httpRequest":{}}` + "\n"
	header  = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
	flow    = "2 111122223333 eni-0a1b2c3d4e5f60718 192.0.2.10 198.51.100.7 49152 443 6 20 4249 1767322800 1767322860 ACCEPT OK\n"
)

func TestIdentify(t *testing.T) {
	const ctName, vpcName, wafName = "1_CloudTrail_eu-west-1_20260102T0000Z_x.json.gz", "1_vpcflowlogs_eu-west-1_fl-1_20260102T0000Z_x.log.gz", "aws-waf-logs-x/y.gz"
	tests := []struct {
		test, file, text string
		want             string // source/by
		note, problem    string // parts
	}{
		{"by content alone", "download (3)", trail, "cloudtrail/content", "", ""},
		{"packed, no ending", "a/b/c", gz(trail), "cloudtrail/content", "", ""},
		{"Insights", "x", insight, "cloudtrail_insights/content", "", ""},
		{"WAF", "x", gz(web), "waf/content", "", ""},
		{"WAF in a bare array", "x", "[" + web + "]", "waf/content", "", ""},
		{"flow header", "x", header, "vpc_flow/content", "", ""},
		{"flow header behind a mark and blank lines", "x", "\xef\xbb\xbf\r\n\r\n" + header, "vpc_flow/content", "", ""},
		{"flow line", "x.txt", flow, "vpc_flow/content", "", ""},
		{"flow header, other order", "x", "srcaddr start end log-status\n192.0.2.1 1 2 OK\n", "vpc_flow/content", "", ""},
		{"transit gateway", "x", "version resource-type account-id tgw-id tgw-attachment-id srcaddr log-status\n", "tgw_flow/content", "", ""},
		{"long first record", "x", strings.Replace(trail, `"eventVersion"`, `"requestParameters":{"x":"`+strings.Repeat("x", 200_000)+`"},"eventVersion"`, 1), "cloudtrail/content", "", ""},
		{"first record of nobody", "x", `{"Records":[{"x":1},` + trail[len(`{"Records":[`):], "cloudtrail/content", "", ""},
		{"keys before", "x", `{"NextToken":"n","x":{"y":1},` + trail[1:], "cloudtrail/content", "", ""},
		{"content against name", vpcName, trail, "cloudtrail/content", "its content is cloudtrail, its name that of vpc_flow", ""},
		{"name against content", ctName, "hello\n", "cloudtrail/name", "its name is that of cloudtrail, its beginning is not", ""},
		{"no records", ctName, `{"Records":[]}`, "cloudtrail/name", "", ""},
		{"empty", ctName, "", "cloudtrail/name", "empty", ""},
		{"empty, packed", vpcName, gz(""), "vpc_flow/name", "empty", ""},
		{"empty, unknown", "notes", "", "∅/", "empty", ""},
		{"blank", wafName, " \n\n", "waf/name", "empty", ""},
		{"not gzip", ctName, "\x1f\x8bxx", "cloudtrail/name", "", "begins like a gzip file but is none"},
		{"not gzip, unknown", "notes.gz", "\x1f\x8bxx", "∅/", "", "begins like a gzip file but is none"},
		{"damaged", "x", gz(trail)[:len(gz(trail))-4], "cloudtrail/content", "", ""},
		{"text", "notes.txt", "hello\n", "∅/", "", ""},
		{"other JSON", "package.json", `{"name":"x"}`, "∅/", "", ""},
		{"deep", "x", strings.Repeat("[", 1<<20), "∅/", "", ""},
		{"many brackets", "x", strings.Repeat(`[{"a":`, 1<<17), "∅/", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.test, func(t *testing.T) {
			dir := t.TempDir()
			path := write(t, dir, tt.file, tt.text)
			start := time.Now()
			files, err := finder(t, find.Options{}).Find(t.Context(), []string{dir})
			if err != nil || len(files) != 1 {
				t.Fatalf("%d files, %v", len(files), err)
			}
			f := files[0]
			name := "∅"
			if f.Source != nil {
				name = f.Source.Name
			}
			if got := name + "/" + f.By; got != tt.want || f.Path != path || f.Size != int64(len(tt.text)) {
				t.Errorf("%s is %s (%d bytes), want %s", f.Path, got, f.Size, tt.want)
			}
			if !strings.Contains(f.Note, tt.note) || tt.note == "" && f.Note != "" {
				t.Errorf("note %q, want %q", f.Note, tt.note)
			}
			if !strings.Contains(f.Problem, tt.problem) || tt.problem == "" && f.Problem != "" {
				t.Errorf("problem %q, want %q", f.Problem, tt.problem)
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func names(files []find.File, dir string) []string {
	var out []string
	for _, f := range files {
		s := strings.TrimPrefix(f.Path, dir+"/")
		if f.Source != nil {
			s += " " + f.Source.Name
		}
		if f.Problem != "" {
			s += " ! " + f.Problem
		}
		if f.Lost != "" {
			s += " - " + f.Lost
		}
		out = append(out, s)
	}
	return out
}

func TestTree(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b/2.json", trail)
	write(t, dir, "a/1.log", header)
	c := write(t, dir, "case.duckdb", "the case itself")
	other := t.TempDir()
	write(t, other, "o.json", trail)
	for name, to := range map[string]string{"link.json": "b/2.json", "folder": other, "broken": "nowhere", "named": other} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	f := finder(t, find.Options{Skip: []string{c}, Threads: 4})
	files, err := f.Find(t.Context(), []string{dir, filepath.Join(dir, "a"), filepath.Join(dir, "a", "1.log")})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"a/1.log vpc_flow", "b/2.json cloudtrail", "broken ! stat: no such file or directory",
		"folder ! a link to a folder, which is not followed", "link.json cloudtrail",
		"named ! a link to a folder, which is not followed",
	}
	if got := names(files, dir); !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	files, err = f.Find(t.Context(), []string{filepath.Join(dir, "named"), filepath.Join(dir, "link.json")})
	if got := names(files, dir); err != nil || !slices.Equal(got, []string{"link.json cloudtrail", "named/o.json cloudtrail"}) {
		t.Errorf("links that were named: %q, %v", got, err)
	}
	if _, err := f.Find(t.Context(), []string{filepath.Join(dir, "none")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a path that is not there: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cause := errors.New("enough")
	cancel(cause)
	if _, err := f.Find(ctx, []string{dir}); !errors.Is(err, cause) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestStdin(t *testing.T) {
	f := finder(t, find.Options{Stdin: strings.NewReader(gz(trail))})
	files, err := f.Find(t.Context(), []string{"-"})
	if err != nil || len(files) != 1 || files[0].Path != "-" || files[0].Source == nil || files[0].Source.Name != "cloudtrail" {
		t.Errorf("%+v, %v", files, err)
	}
	if _, err := finder(t, find.Options{}).Find(t.Context(), []string{"-"}); err == nil {
		t.Error("no standard input, and no error")
	}
}

func zipOf(t testing.TB, members ...string) string {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for i := 0; i < len(members); i += 2 {
		m, err := w.Create(members[i])
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(m, members[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func tarOf(t testing.TB, members ...string) string {
	t.Helper()
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	if err := w.WriteHeader(&tar.Header{Name: "link", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink}); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(members); i += 2 {
		if err := w.WriteHeader(&tar.Header{Name: members[i], Size: int64(len(members[i+1])), Mode: 0o644, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, members[i+1])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

func TestArchives(t *testing.T) {
	inner := zipOf(t, "deep.json", trail)
	broken := zipOf(t, "a.json", trail, "b.log", header)
	// Damage the method in both headers of the first member.
	b := []byte(broken)
	for _, mark := range []string{"PK\x03\x04", "PK\x01\x02"} {
		i := bytes.Index(b, []byte(mark))
		at := i + 8
		if mark == "PK\x01\x02" {
			at = i + 10
		}
		b[at] = 99
	}
	long := strings.Repeat(flow, 3000)
	cut := gz(tarOf(t, "a.json", trail, "b.log", long))
	nested := inner
	for i := range 4 {
		nested = zipOf(t, fmt.Sprintf("%d.zip", i), nested)
	}
	const link = "f!link ! a link, which is not followed"
	tests := []struct {
		test, text string
		want       []string // parts
	}{
		{"zip", zipOf(t, "x/", "", "x/a.json", trail, "b.txt", "hello"), []string{"f!b.txt", "f!x/a.json cloudtrail"}},
		{"tar", tarOf(t, "a.json", gz(trail)), []string{"f!a.json cloudtrail", link}},
		{"tar.gz", gz(tarOf(t, "a.json", gz(trail), "b.log", header)), []string{"f!a.json cloudtrail", "f!b.log vpc_flow", link}},
		{"nested", gz(tarOf(t, "in.zip", inner)), []string{"f!in.zip!deep.json cloudtrail", link}},
		{"names that climb", zipOf(t, "../../up.json", trail, "/abs.json", trail), []string{"f!../../up.json cloudtrail", "f!/abs.json cloudtrail"}},
		{"one name twice", zipOf(t, "a.log", header, "a.log", flow), []string{"f!a.log vpc_flow", "f!a.log vpc_flow"}},
		{"a member that cannot be read", string(b), []string{"f!a.json ! unpack: zip: unsupported compression algorithm", "f!b.log vpc_flow"}},
		{"cut off", cut[:len(cut)-20], []string{"f ! ", "f!a.json cloudtrail", "f!b.log vpc_flow - only its beginning could be unpacked", link}},
		{"not a zip", "PK\x03\x04 and no more", []string{"f ! read as a zip archive: zip: not a valid zip file"}},
		{"too deep", nested, []string{"f!3.zip!2.zip!1.zip ! an archive more than 3 deep in others"}},
		{"zip in gzip", gz(inner), []string{"f ! a zip archive inside gzip compression, which is not unpacked"}},
	}
	for _, tt := range tests {
		t.Run(tt.test, func(t *testing.T) {
			dir, scratch := t.TempDir(), filepath.Join(t.TempDir(), "a", "b", "scratch")
			if err := os.MkdirAll(scratch, 0o755); err != nil {
				t.Fatal(err)
			}
			write(t, dir, "f", tt.text)
			files, err := finder(t, find.Options{Scratch: scratch}).Find(t.Context(), []string{dir})
			if err != nil {
				t.Fatal(err)
			}
			got := names(files, dir)
			ok := len(got) == len(tt.want)
			for i := range min(len(got), len(tt.want)) {
				ok = ok && strings.HasPrefix(got[i], tt.want[i])
			}
			if !ok {
				t.Errorf("found %q, want %q", got, tt.want)
			}
			top := filepath.Dir(filepath.Dir(filepath.Dir(scratch)))
			filepath.WalkDir(top, func(path string, e os.DirEntry, err error) error {
				if err == nil && !e.IsDir() && filepath.Dir(path) != scratch {
					t.Errorf("written outside the scratch folder: %s", path)
				}
				return nil
			})
		})
	}
}

func TestZipBomb(t *testing.T) {
	dir := t.TempDir()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	m, err := w.Create("bomb")
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 1<<20)
	for range 200 {
		m.Write(block)
	}
	w.Close()
	write(t, dir, "f.zip", buf.String())
	scratch := t.TempDir()
	files, err := finder(t, find.Options{Scratch: scratch}).Find(t.Context(), []string{dir})
	if err != nil || len(files) != 1 || !strings.Contains(files[0].Problem, "a decompression bomb") {
		t.Errorf("%+v, %v", files, err)
	}
	if left, _ := os.ReadDir(scratch); len(left) != 0 {
		t.Errorf("%d files are left of it", len(left))
	}
}

func TestDay(t *testing.T) {
	for path, want := range map[string]string{
		"x/AWSLogs/1/CloudTrail/eu-west-1/2026/01/02/a.json.gz": "2026-01-02",
		"Config/eu-west-1/2026/1/2/ConfigHistory/a":             "2026-01-02",
		"year=2026/month=01/day=02/hour=03/a.parquet":           "2026-01-02",
		"1_CloudTrail_eu-west-1_20260102T0304Z_x.json.gz":       "2026-01-02",
		"x/2026/13/45/a": "0001-01-01", "notes.txt": "0001-01-01", "x/20260102/a": "0001-01-01",
	} {
		if got := find.Day(path).Format(time.DateOnly); got != want {
			t.Errorf("%s is of %s, want %s", path, got, want)
		}
	}
}

func FuzzIdentify(f *testing.F) {
	for _, s := range []string{trail, insight, web, header, flow, "[" + web + "]", gz(trail), "\xef\xbb\xbf" + header, `{"Records":[]}`} {
		f.Add([]byte(s), "x")
		f.Add([]byte(s), "1_CloudTrail_x.json.gz")
	}
	dir := f.TempDir()
	fi := finder(f, find.Options{})
	path := filepath.Join(dir, "file")
	f.Fuzz(func(t *testing.T, in []byte, name string) {
		if err := os.WriteFile(path, in, 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := fi.Find(context.Background(), []string{path})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range files {
			if x.Source != nil && x.By == "" || x.Source == nil && x.By != "" {
				t.Errorf("source %v, by %q", x.Source, x.By)
			}
		}
	})
}

// A Ctrl-C while standard input says nothing ends the wait.
func TestStdinCancelled(t *testing.T) {
	in, held := io.Pipe()
	defer held.Close()
	f, err := find.NewFinder(find.Options{Scratch: t.TempDir(), Stdin: in})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("stop")
	time.AfterFunc(20*time.Millisecond, func() { cancel(stop) })
	if _, err := f.Find(ctx, []string{"-"}); !errors.Is(err, stop) {
		t.Errorf("got %v, want the cause of the end", err)
	}
}
