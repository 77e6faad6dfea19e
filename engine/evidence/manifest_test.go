package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"logquarry/engine/manifest"
)

func TestCompareManifests(t *testing.T) {
	dir := t.TempDir()
	l, err := manifest.Open(dir, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var files []File
	put := func(name, text string) {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, File{Path: "logs/" + name, Local: p})
	}
	line := func(key, path, text string) manifest.Entry {
		sum := sha256.Sum256([]byte(text))
		return manifest.Entry{Status: manifest.Fetched, Bucket: "b", Key: key, Path: path, SHA256: hex.EncodeToString(sum[:])}
	}
	failed := func(key string) manifest.Entry {
		return manifest.Entry{Status: manifest.Failed, Bucket: "b", Key: key, Problem: "denied"}
	}
	err = l.Append(t.Context(), line("same", "same", "1"), line("changed", "changed", "2"), line("gone", "gone", "3"), line("unread", "unread", "4"),
		failed("had later"), failed("never"), failed("never"), line("had later", "later", "5"), manifest.Entry{Status: manifest.DeleteMarker, Bucket: "b", Key: "same"})
	if err != nil || l.Close() != nil {
		t.Fatal(err)
	}
	put("same", "1")
	put("changed", "other")
	put("unread", "4")
	put("later", "5")
	put("mine", "6")
	files = append(files, File{Path: "logs/" + ManifestName, Local: filepath.Join(dir, ManifestName)})
	compare := func() *Fetched {
		t.Helper()
		// Without the sums of the bytes as they lie being asked for.
		contents, faults, err := Measure(t.Context(), files, false, 2, nil)
		if err != nil {
			t.Fatal(err)
		}
		faults[2] = errors.New("the disk")
		return CompareManifests(files, contents, faults)
	}
	f := compare()
	if f.Sound() || f.Manifests != 1 || f.Lines != 9 || f.Same != 2 || f.NotHad != 1 || len(f.Broken) != 0 || len(f.Held) != 3 {
		t.Fatalf("%+v", f)
	}
	for i, want := range []Held{{"logs/changed", Differs, "its SHA-256 when it was fetched was "}, {"logs/gone", Vanished, "it was fetched"}, {"logs/unread", NotRead, "the disk"}} {
		if h := f.Held[i]; h.Path != want.Path || h.Standing != want.Standing || !strings.HasPrefix(h.Reason, want.Reason) {
			t.Errorf("%+v, want %+v", h, want)
		}
	}
	// A case's ledger does not speak of the list, which grows.
	contents, faults, err := Measure(t.Context(), files, true, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range CompareLedger([]Entry{{Path: "logs/" + ManifestName, Sum: "00"}}, files, contents, faults, nil) {
		if strings.HasSuffix(h.Path, ManifestName) {
			t.Errorf("%+v", h)
		}
	}
	// A line that was taken out shows, and what the others say still counts.
	text, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.SplitAfter(string(text), "\n")
	if err := os.WriteFile(filepath.Join(dir, ManifestName), []byte(all[0]+strings.Join(all[2:], "")), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := compare(); f.Sound() || len(f.Broken) != 1 || !strings.Contains(f.Broken[0], "logs/manifest.ndjson: line 2: ") || len(f.Held) != 2 || f.Same != 2 {
		t.Errorf("%+v", f)
	}
	// Somebody else's list vouches for nothing.
	if err := os.WriteFile(filepath.Join(dir, ManifestName), []byte(`{"bucket":"b","key":"gone","path":"gone"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if f := compare(); !f.Sound() || f.Manifests != 0 {
		t.Errorf("%+v", f)
	}
}
