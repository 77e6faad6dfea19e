package evidence

import (
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCompareLedger(t *testing.T) {
	sum := func(s string) Sum { return sha256.Sum256([]byte(s)) }
	entry := func(path, text string) Entry { return Entry{Path: path, Sum: sum(text).String(), Status: "loaded"} }
	var files []File
	var contents []Content
	var faults []error
	there := func(path, text string, err error) {
		files = append(files, File{Path: path})
		contents = append(contents, Content{Raw: sum(text)})
		faults = append(faults, err)
	}
	there("a", "one", nil)
	there("b", "two, changed", nil)
	there("d", "", errors.New("permission denied"))
	there("e", "five, packed anew", nil)
	there("f", "what is it", nil)
	there("g.zip!m", "first of the name", nil)
	there("g.zip!m", "second of the name", nil)
	there("h", "new", nil)
	entries := []Entry{entry("a", "one"), entry("b", "two"), entry("c", "three"), entry("d", "four"), entry("e", "five"),
		{Path: "f", Status: "unknown"}, entry("g.zip!m", "second of the name"), entry("g.zip!m", "first of the name"), {Path: "-", Status: "loaded"}}
	checked := &Report{Logs: []Checked{{Path: "e", Verdict: Valid}, {Path: "b", Verdict: Changed}}}
	got := map[string]Standing{}
	problems := ""
	for _, h := range CompareLedger(entries, files, contents, faults, checked) {
		if old, ok := got[h.Path]; ok && old != h.Standing {
			t.Errorf("%s: %s and %s", h.Path, old, h.Standing)
		}
		got[h.Path] = h.Standing
		if h.Standing.Problem() {
			problems += h.Path
		}
		if (h.Standing == Same) != (h.Reason == "") {
			t.Errorf("%s: %s: reason %q", h.Path, h.Standing, h.Reason)
		}
	}
	want := map[string]Standing{"a": Same, "b": Differs, "c": Vanished, "d": NotRead, "e": Recompressed, "f": NotHashed,
		"g.zip!m": Same, "h": New, "-": Stream}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if problems != "bcde" {
		t.Errorf("problems %s", problems)
	}
}

func TestCompareCounts(t *testing.T) {
	good := Entry{Path: "good", Records: 10, Loaded: 7, Duplicates: 2, Rejected: 1, Rows: 7, Rejects: 1}
	bad := []Entry{good, good, good, good}
	bad[0].Rows, bad[1].Rejects, bad[2].Records, bad[3].Duplicates = 6, 0, 11, 1
	if got := CompareCounts([]Entry{good}); len(got) > 0 {
		t.Errorf("good: %v", got)
	}
	if got := CompareCounts(bad); len(got) != len(bad) {
		t.Errorf("bad: %v", got)
	}
}

func TestLocateAndWalk(t *testing.T) {
	dir := t.TempDir()
	put := func(p string) {
		t.Helper()
		p = filepath.Join(dir, p)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(p), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{"case/logs/x/1.json", "case/logs/x/2.json", "case/single.log", "case/other/1.json", "usb/logs/x/1.json", "usb/logs/x/2.json", "usb/logs/new.json", "usb/single.log"} {
		put(p)
	}
	t.Chdir(dir)
	for _, tt := range []struct {
		name     string
		names    []string
		paths    string
		folder   string
		caseDir  string
		want     string // files found
		nowhere  string
		skipping string
	}{
		{name: "where it was", names: []string{"case/logs"}, paths: "case/logs/x/1.json", caseDir: "case", want: "case/logs/x/1.json case/logs/x/2.json"},
		{name: "trailing separator", names: []string{"./case/logs/"}, paths: "case/logs/x/1.json", caseDir: "case", want: "case/logs/x/1.json case/logs/x/2.json"},
		{name: "beside the case", names: []string{"logs", "single.log"}, paths: "logs/x/1.json single.log", caseDir: "case", want: "logs/x/1.json logs/x/2.json single.log"},
		{name: "moved", names: []string{"/srv/evidence/logs", "/srv/single.log"}, paths: "/srv/evidence/logs/x/1.json /srv/evidence/logs/x/2.json /srv/single.log", folder: "usb",
			want: "/srv/evidence/logs/new.json /srv/evidence/logs/x/1.json /srv/evidence/logs/x/2.json /srv/single.log"},
		{name: "the folder itself", names: []string{"/srv/evidence"}, paths: "/srv/evidence/x/1.json", folder: "usb/logs",
			want: "/srv/evidence/new.json /srv/evidence/x/1.json /srv/evidence/x/2.json"},
		{name: "the working folder", names: []string{"."}, paths: "case/logs/x/1.json", caseDir: ".", want: "case/logs/x/1.json case/logs/x/2.json case/other/1.json case/single.log", skipping: "usb"},
		{name: "nowhere", names: []string{"gone", "-"}, paths: "gone/1.json -", caseDir: "case", nowhere: "gone"},
		{name: "twice", names: []string{"case/logs", "case/logs/x", "case/logs"}, paths: "case/logs/x/1.json", caseDir: "case", want: "case/logs/x/1.json case/logs/x/2.json"},
	} {
		roots := Locate(tt.names, strings.Fields(tt.paths), tt.folder, tt.caseDir)
		nowhere := ""
		for _, r := range roots {
			if r.Local == "" {
				nowhere += r.Name
			}
		}
		files, faults, err := Walk(context.Background(), roots, func(p string) bool { return tt.skipping != "" && p == tt.skipping })
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for i, f := range files {
			got = append(got, f.Path)
			if faults[i] != nil {
				t.Errorf("%s: %s: %v", tt.name, f.Path, faults[i])
			}
		}
		if strings.Join(got, " ") != tt.want || nowhere != tt.nowhere {
			t.Errorf("%s: %v, nowhere %q", tt.name, got, nowhere)
		}
	}
}

func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	text := []byte(`{"Records":[]}`)
	for name, tt := range map[string]struct {
		data   []byte
		want   string // of what it unpacks to
		behind bool
		fault  string
		opaque bool
	}{
		"plain":          {data: text, want: string(text)},
		"gzip":           {data: gzipped(t, text, 9), want: string(text)},
		"members":        {data: append(gzipped(t, text, 9), gzipped(t, text, 1)...), want: string(text) + string(text), behind: true},
		"an empty one":   {data: append(gzipped(t, text, 9), gzipped(t, nil, 1)...), want: string(text), behind: true},
		"cut":            {data: gzipped(t, text, 9)[:20], fault: "it is cut off"},
		"header cut":     {data: gzipped(t, text, 9)[:5], fault: "begins like a gzip file but is none: it is cut off"},
		"bad checksum":   {data: func() []byte { b := gzipped(t, text, 9); b[len(b)-8] ^= 1; return b }(), fault: "its checksum does not agree with its content"},
		"garbage behind": {data: append(gzipped(t, text, 9), "garbage"...), want: string(text), behind: true},
		"a broken one":   {data: append(gzipped(t, text, 9), 0x1f, 0x8b, 0), behind: true, fault: "behind its first gzip member: it is cut off"},
		"empty":          {data: nil, want: ""},
		"not looked at":  {data: gzipped(t, text, 9), opaque: true},
		"a bomb":         {data: gzipped(t, make([]byte, 300<<20), 9), fault: "a decompression bomb: more than 400 times its size"},
	} {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, tt.data, 0o600); err != nil {
			t.Fatal(err)
		}
		contents, faults, err := Measure(t.Context(), []File{{Path: p, Local: p, Opaque: tt.opaque}}, true, 1, nil)
		if err != nil || faults[0] != nil {
			t.Fatal(err, faults)
		}
		c := contents[0]
		if c.Raw != sha256.Sum256(tt.data) || c.Size != int64(len(tt.data)) {
			t.Errorf("%s: raw %v, %d bytes", name, c.Raw, c.Size)
		}
		if c.Unpacked == tt.opaque || c.Behind != tt.behind || c.Fault != tt.fault {
			t.Errorf("%s: %+v", name, c)
		}
		if !tt.opaque && tt.fault == "" && c.Plain != sha256.Sum256([]byte(tt.want)) {
			t.Errorf("%s: plain %v", name, c.Plain)
		}
	}
	_, faults, err := Measure(t.Context(), []File{{Local: filepath.Join(dir, "none")}}, true, 1, nil)
	if err != nil || !errors.Is(faults[0], os.ErrNotExist) {
		t.Errorf("a file that is not there: %v %v", faults, err)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("stopped"))
	if _, _, err := Measure(ctx, []File{{Local: filepath.Join(dir, "plain")}}, true, 1, nil); err == nil || err.Error() != "stopped" {
		t.Errorf("stopped: %v", err)
	}
}
