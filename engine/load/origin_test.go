package load

import (
	"os"
	"path/filepath"
	"testing"

	"logquarry/engine/find"
	"logquarry/engine/manifest"
)

func TestOrigins(t *testing.T) {
	dir := t.TempDir()
	top := filepath.Join(dir, "evidence")
	l, err := manifest.Open(top, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	entry := func(key, path, etag string) manifest.Entry {
		return manifest.Entry{Status: manifest.Fetched, Bucket: "b", Key: key, Path: path, ETag: etag, VersionID: "v", Encryption: "aws:kms", KMSKeyID: "k"}
	}
	if err := l.Append(t.Context(), entry("a/b", "a/b", "1"), entry("x/../y", "x/%2E%2E/y", "2"), entry("a/b", "a/b", "3"), entry("logs.zip", "logs.zip", "4"), manifest.Entry{Status: manifest.Fetched, Path: "api.json"}); err != nil {
		t.Fatal(err)
	}
	l.Close()
	paths := []string{filepath.Join(top, "a/b"), filepath.Join(top, "x/%2E%2E/y"), filepath.Join(top, "logs.zip"), filepath.Join(top, "api.json"), filepath.Join(top, "mine"), filepath.Join(dir, "outside")}
	for _, p := range paths {
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(top)
	files := []find.File{{Path: "a/b"}, {Path: paths[1]}, {Path: paths[2] + "!inner/log"}, {Path: paths[3]}, {Path: "mine"}, {Path: paths[5]}, {Path: "-"}}
	read := map[string]int64{}
	of, err := origins(t.Context(), files, read)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Origin{{"b", "a/b", "v", "3", "aws:kms", "k"}, {"b", "x/../y", "v", "2", "aws:kms", "k"}, {"b", "logs.zip", "v", "4", "aws:kms", "k"}, {}, {}, {}, {}} {
		if got := of(files[i].Path); got != want {
			t.Errorf("%s: %+v, want %+v", files[i].Path, got, want)
		}
	}
	// A later load reads what came since, and all where that does not say it.
	before := read[top]
	if l, err = manifest.Open(top, manifest.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(t.Context(), entry("new", "new", "5")); err != nil || l.Close() != nil {
		t.Fatal(err)
	}
	later := []find.File{{Path: "new"}}
	if of, err = origins(t.Context(), later, read); err != nil || of("new").ETag != "5" || before == 0 || read[top] <= before {
		t.Errorf("%+v, %v; read from %d to %d", of("new"), err, before, read[top])
	}
	if of, err = origins(t.Context(), append(later, files[0]), read); err != nil || of("new").ETag != "5" || of("a/b").ETag != "3" {
		t.Errorf("%+v, %+v, %v", of("new"), of("a/b"), err)
	}
	// What is broken further on does not keep a load from going on.
	f, err := os.OpenFile(filepath.Join(top, manifest.Name), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("no JSON\n"); err != nil || f.Close() != nil {
		t.Fatal(err)
	}
	if of, err = origins(t.Context(), files, map[string]int64{}); err != nil || of("a/b").ETag != "3" {
		t.Errorf("%+v, %v", of("a/b"), err)
	}
}
