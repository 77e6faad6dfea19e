package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tree reads every file below dir.
func tree(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = data
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func logmaker(t *testing.T, args ...string) map[string]any {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if code := run(args, &stdout, &stderr); code != 0 {
		t.Fatalf("logmaker %v: exit %d: %s", args, code, &stderr)
	}
	var sum map[string]any
	if err := json.Unmarshal(stdout.Bytes(), &sum); err != nil {
		t.Fatalf("stdout is no JSON line: %v: %s", err, &stdout)
	}
	return sum
}

// The evidence and the damaged files in the tree are what the generator writes, byte for byte.
func TestEvidenceIsTrue(t *testing.T) {
	dir := t.TempDir()
	sum := logmaker(t, "evidence", "-out", filepath.Join(dir, "evidence"), "-damaged", filepath.Join(dir, "damaged"))
	damaged, _ := sum["damaged"].(map[string]any)
	if sum["rejects"] != 0.0 || damaged["rejects"] != 2.0 {
		t.Errorf("the evidence is to be whole and each damaged file to have one reject: %v", sum)
	}
	got, want := tree(t, dir), map[string][]byte{}
	count := map[string]int{}
	for name, data := range tree(t, "../../testdata") {
		top, _, inside := strings.Cut(name, "/")
		if inside && (top == "evidence" || top == "damaged") || name == "evidence.answers.yaml" || name == "evidence.keys.json" || name == "damaged.answers.yaml" {
			want[name] = data
			count[top]++
		}
	}
	if count["evidence"] < 100 || count["damaged"] != 2 || count["evidence.answers.yaml"]+count["damaged.answers.yaml"] != 2 {
		t.Fatalf("testdata holds %v", count)
	}
	for name := range want {
		if !bytes.Equal(got[name], want[name]) {
			t.Errorf("%s differs from what is generated; write it anew with: go run ./cmd/logmaker evidence -out testdata/evidence -damaged testdata/damaged", name)
		}
	}
	for name := range got {
		if want[name] == nil {
			t.Errorf("%s is generated and not in testdata", name)
		}
	}
}

// Without -damaged the evidence is the same and nothing else is written.
func TestEvidenceAlone(t *testing.T) {
	dir := t.TempDir()
	sum := logmaker(t, "evidence", "-out", filepath.Join(dir, "evidence"))
	if _, there := sum["damaged"]; there {
		t.Errorf("tells of damaged files: %v", sum)
	}
	got := tree(t, dir)
	for name := range got {
		if !strings.HasPrefix(name, "evidence/") && name != "evidence.answers.yaml" && name != "evidence.keys.json" {
			t.Errorf("%s is written", name)
		}
	}
	if d := cmp.Diff(tree(t, "../../testdata/evidence"), tree(t, filepath.Join(dir, "evidence"))); d != "" {
		t.Error("not the evidence in testdata")
	}
}

// A corpus depends on its arguments alone, not on how many cores write it.
func TestCorpusDoesNotDependOnCores(t *testing.T) {
	for _, kind := range []string{"cloudtrail", "vpc_flow", "waf", "tiny"} {
		t.Run(kind, func(t *testing.T) {
			one, two := t.TempDir(), t.TempDir()
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			first := logmaker(t, "corpus", "-kind", kind, "-out", one, "-scale", "0.01")
			runtime.GOMAXPROCS(4)
			second := logmaker(t, "corpus", "-kind", kind, "-out", two, "-scale", "0.01")
			if d := cmp.Diff(first, second); d != "" {
				t.Error(d)
			}
			if a, b := tree(t, one), tree(t, two); len(a) == 0 || !cmp.Equal(a, b) {
				t.Errorf("%d and %d files, not the same", len(a), len(b))
			}
		})
	}
}

// What the totals say is what a reader of the files counts, and every record is JSON.
func TestCorpusTotals(t *testing.T) {
	for _, kind := range []string{"cloudtrail", "vpc_flow", "waf", "tiny"} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			sum := logmaker(t, "corpus", "-kind", kind, "-out", dir, "-scale", "0.01")
			var files, records, plain, packed int
			seen := map[string]bool{}
			for name, data := range tree(t, dir) {
				z, err := gzip.NewReader(bytes.NewReader(data))
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				text, err := io.ReadAll(z)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				files, plain, packed = files+1, plain+len(text), packed+len(data)
				switch kind {
				case "vpc_flow":
					lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
					width := len(strings.Fields(lines[0]))
					for _, l := range lines {
						if len(strings.Fields(l)) != width {
							t.Fatalf("%s: %q has not %d fields", name, l, width)
						}
					}
					records += len(lines) - 1
				case "waf":
					for _, l := range bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
						if !json.Valid(l) {
							t.Fatalf("%s: not JSON: %s", name, l)
						}
						records++
					}
				default:
					var doc struct {
						Records []struct{ EventID, EventName, EventSource string }
					}
					if err := json.Unmarshal(text, &doc); err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					for _, e := range doc.Records {
						if seen[e.EventID] || e.EventName == "" || e.EventSource == "" {
							t.Fatalf("%s: event %+v is nameless or there twice", name, e)
						}
						seen[e.EventID] = true
						records++
					}
				}
			}
			got := map[string]any{"kind": kind, "files": float64(files), "records": float64(records), "plain_bytes": float64(plain), "bytes": float64(packed)}
			if d := cmp.Diff(sum, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestBigIsOneDocument(t *testing.T) {
	dir := t.TempDir()
	logmaker(t, "corpus", "-kind", "big", "-out", dir, "-bytes", "5000000")
	files := tree(t, dir)
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	for name, data := range files {
		if !json.Valid(data) || bytes.ContainsRune(data, '\n') || len(data) < 5_000_000 || len(data) > 7_000_000 {
			t.Errorf("%s: %d bytes, valid JSON: %v", name, len(data), json.Valid(data))
		}
	}
}

func TestCalledWrongly(t *testing.T) {
	for _, args := range [][]string{nil, {"corpus"}, {"evidence"}, {"other", "-out", "x"}, {"corpus", "-bad"}, {"corpus", "-kind", "waf", "-out", "x", "y"}} {
		if code := run(args, io.Discard, io.Discard); code != 2 {
			t.Errorf("logmaker %v: exit %d, want 2", args, code)
		}
	}
	if code := run([]string{"corpus", "-kind", "none", "-out", t.TempDir()}, io.Discard, io.Discard); code != 1 {
		t.Errorf("unknown kind: exit %d, want 1", code)
	}
}
