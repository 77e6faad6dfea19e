package manifest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func object(n int) Entry {
	return Entry{Status: Fetched, Path: fmt.Sprintf("AWSLogs/%d.gz", n), Size: int64(n), SHA256: strings.Repeat("a", 64), Bucket: "example-logs",
		Key: fmt.Sprintf("AWSLogs/%d.gz", n), ETag: fmt.Sprintf("%032x", n), LastModified: noon, Metadata: map[string]string{"signature": "<ff>"}}
}

func open(t *testing.T, dir string, o Options) *Log {
	t.Helper()
	l, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func appendAll(t *testing.T, l *Log, entries ...Entry) {
	t.Helper()
	if err := l.Append(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
}

// lines writes n objects and returns what the file holds.
func lines(t *testing.T, dir string, n int) []byte {
	t.Helper()
	l := open(t, dir, Options{Now: func() time.Time { return noon }})
	for i := range n {
		appendAll(t, l, object(i))
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return content(t, dir)
}

func content(t *testing.T, dir string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, Name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func put(t *testing.T, dir string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, Name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, text []byte) ([]Entry, Report, error) {
	t.Helper()
	var all []Entry
	rep, err := Read(bytes.NewReader(text), func(e *Entry, at int64) {
		if !bytes.HasPrefix(text[at:], []byte(`{`)) {
			t.Errorf("no line begins at %d", at)
		}
		all = append(all, *e)
	})
	return all, rep, err
}

func TestLinesComeBackAsTheyWentIn(t *testing.T) {
	yes := true
	want := []Entry{object(0), {Status: DeleteMarker, Bucket: "example-logs", Key: "a\x00\u202e/../b", VersionID: "v1", Latest: &yes},
		{Status: Failed, Bucket: "example-logs", Key: "c", ETag: "e", Problem: "access denied", Hint: "ask"},
		{Status: Fetched, Path: "api/1.json", API: &Call{Service: "cloudtrail", Operation: "LookupEvents", Region: "eu-west-1", Account: "111122223333",
			Parameters: json.RawMessage(`{"StartTime":"2026-03-10T00:00:00Z"}`), Pages: 3, RequestIDs: []string{"r1", "r2"}}}}
	dir := filepath.Join(t.TempDir(), "new", "folder")
	l := open(t, dir, Options{Now: func() time.Time { return noon }})
	appendAll(t, l, want...)
	appendAll(t, l)
	if l.Len() != 4 || l.Torn() != 0 {
		t.Errorf("%d lines, %d torn", l.Len(), l.Torn())
	}
	text := content(t, dir)
	got, rep, err := read(t, text)
	if err != nil || rep.Broken != nil || !rep.Chained || rep.Lines != 4 {
		t.Fatalf("%+v, %v", rep, err)
	}
	for i := range got {
		if got[i].Seq != int64(i+1) || (got[i].Prev == "") != (i == 0) || !got[i].Fetched.Equal(noon) {
			t.Errorf("line %d: %+v", i+1, got[i])
		}
		want[i].Seq, want[i].Prev, want[i].Fetched = got[i].Seq, got[i].Prev, got[i].Fetched
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if bytes.Contains(text, []byte{0}) || !bytes.Contains(text, []byte("<ff>")) {
		t.Errorf("written: %s", text)
	}
	for _, r := range []io.Reader{iotest.OneByteReader(bytes.NewReader(text)), iotest.DataErrReader(bytes.NewReader(text))} {
		if again, err := Read(r, nil); err != nil || again != rep {
			t.Errorf("read otherwise: %+v, %v", again, err)
		}
	}
	if _, err := Read(iotest.ErrReader(errors.New("the disk")), nil); err == nil || err.Error() != "the disk" {
		t.Errorf("a reader that fails: %v", err)
	}
}

func TestHave(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	version := object(1)
	version.VersionID = "v1"
	null := object(2)
	null.VersionID = "null"
	failed := object(3)
	failed.Status = Failed
	call := Entry{Status: Fetched, Path: "a.json", API: &Call{Service: "config", Operation: "Get", Region: "eu-west-1", Parameters: json.RawMessage(`{"a": 1}`)}}
	bare := object(4) // of a server that has no hash of it
	bare.ETag = ""
	appendAll(t, l, version, null, failed, bare, call)
	check := func(l *Log) {
		t.Helper()
		for what, c := range map[string]struct {
			e    Entry
			path string // empty: not there
		}{
			"by version":        {Entry{Bucket: "example-logs", Key: version.Key, VersionID: "v1"}, version.Path},
			"by ETag":           {Entry{Bucket: "example-logs", Key: version.Key, ETag: version.ETag, LastModified: noon.Add(300 * time.Millisecond)}, version.Path},
			"another version":   {Entry{Bucket: "example-logs", Key: version.Key, VersionID: "v2"}, ""},
			"another time":      {Entry{Bucket: "example-logs", Key: version.Key, ETag: version.ETag, LastModified: noon.Add(time.Second)}, ""},
			"another bucket":    {Entry{Bucket: "other-logs", Key: version.Key, VersionID: "v1"}, ""},
			"another endpoint":  {Entry{Endpoint: "http://127.0.0.1:1", Bucket: "example-logs", Key: version.Key, VersionID: "v1"}, ""},
			"the null version":  {Entry{Bucket: "example-logs", Key: null.Key, VersionID: "null", ETag: null.ETag, LastModified: noon}, null.Path},
			"null was replaced": {Entry{Bucket: "example-logs", Key: null.Key, VersionID: "null", ETag: "other", LastModified: noon}, ""},
			"what failed":       {failed, ""},
			"without an ETag":   {Entry{Bucket: "example-logs", Key: bare.Key, Size: bare.Size, LastModified: bare.LastModified}, bare.Path},
			"another length":    {Entry{Bucket: "example-logs", Key: bare.Key, Size: bare.Size + 1, LastModified: bare.LastModified}, ""},
			"a call":            {Entry{API: &Call{Service: "config", Operation: "Get", Region: "eu-west-1", Parameters: json.RawMessage(`{"a":1}`)}}, "a.json"},
			"another call":      {Entry{API: &Call{Service: "config", Operation: "Get", Region: "eu-west-1", Parameters: json.RawMessage(`{"a":2}`)}}, ""},
		} {
			e, ok, err := l.Have(c.e)
			if err != nil || ok != (c.path != "") || e.Path != c.path {
				t.Errorf("%s: %v %q, %v", what, ok, e.Path, err)
			}
		}
	}
	check(l)
	l.Close()
	seen := 0
	l = open(t, dir, Options{Each: func(*Entry) { seen++ }})
	check(l)
	if seen != 5 {
		t.Errorf("told of %d lines", seen)
	}
	// What failed and was had later is there, at its newest.
	failed.Status, failed.Path = Fetched, "later"
	appendAll(t, l, failed)
	if e, ok, err := l.Have(object(3)); !ok || e.Path != "later" || err != nil {
		t.Errorf("had later: %v %+v %v", ok, e, err)
	}
}

// A run may be killed at any byte: what stood before stands, and the rest is cut.
func TestTornLine(t *testing.T) {
	whole := lines(t, t.TempDir(), 3)
	second := bytes.IndexByte(whole, '\n') + 1
	third := second + bytes.IndexByte(whole[second:], '\n') + 1
	dir := t.TempDir()
	for cut := 0; cut <= len(whole); cut++ {
		want, torn := int64(0), cut
		for n, begin := range []int{second, third, len(whole)} {
			if cut >= begin {
				want, torn = int64(n+1), cut-begin
			}
		}
		put(t, dir, whole[:cut])
		if _, rep, err := read(t, whole[:cut]); err != nil || rep.Lines != want || rep.Torn != int64(torn) || rep.Broken != nil {
			t.Fatalf("cut at %d: %+v, %v", cut, rep, err)
		}
		if torn > 1 && cut%16 != 0 && whole[min(cut, len(whole)-1)] != '\n' {
			continue // each costs the disk's time
		}
		l, err := Open(dir, Options{Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		if l.Len() != want || l.Torn() != int64(torn) {
			t.Fatalf("cut at %d: %d lines, %d torn", cut, l.Len(), l.Torn())
		}
		for i := int(want); i < 3; i++ {
			appendAll(t, l, object(i))
		}
		l.Close()
		if got := content(t, dir); !bytes.Equal(got, whole) {
			t.Fatalf("cut at %d and gone on:\n%s", cut, got)
		}
	}
	// A machine that went down may leave room that was not filled.
	put(t, dir, append(bytes.Clone(whole[:third+7]), make([]byte, 100)...))
	if l := open(t, dir, Options{}); l.Len() != 2 || l.Torn() != 107 {
		t.Errorf("not filled: %d lines, %d torn", l.Len(), l.Torn())
	}
}

// Any change but one to the end of the list shows.
func TestBrokenChain(t *testing.T) {
	whole := lines(t, t.TempDir(), 4)
	split := bytes.SplitAfter(whole, []byte{'\n'})[:4]
	join := func(order ...int) []byte {
		var out []byte
		for _, i := range order {
			out = append(out, split[i]...)
		}
		return out
	}
	dir := t.TempDir()
	for what, c := range map[string]struct {
		text []byte
		line int64
		why  string
	}{
		"a line taken out":        {join(0, 2, 3), 2, "taken out"},
		"the first taken out":     {join(1, 2, 3), 1, "taken out"},
		"two in another order":    {join(0, 2, 1, 3), 2, "taken out"},
		"a line twice":            {join(0, 1, 1, 2, 3), 3, "put in"},
		"a value changed":         {bytes.Replace(whole, []byte(`"size_bytes":1,`), []byte(`"size_bytes":7,`), 1), 3, "hash of the line before"},
		"an empty line":           {append(append(join(0), '\n'), join(1, 2)...), 2, "empty line"},
		"no JSON":                 {append(append(join(0), "{\n"...), join(1)...), 2, "no JSON object"},
		"somebody else's tail":    {append(join(0, 1), "notes"...), 3, "no JSON object"},
		"somebody else's list":    {[]byte(`{"bucket":"b","key":"k","path":"p"}` + "\n"), 1, "another program"},
		"a number in another's":   {append([]byte(`{"bucket":"b","key":"k"}`+"\n"), join(1)...), 2, "no chain"},
		"another's in the middle": {append(join(0), `{"bucket":"b"}`+"\n"...), 2, "number 0"},
	} {
		put(t, dir, c.text)
		_, err := Open(dir, Options{})
		var b *Break
		if !errors.As(err, &b) || b.Line != c.line || !strings.Contains(b.Reason, c.why) || !strings.Contains(err.Error(), Name) {
			t.Errorf("%s: %v", what, err)
		}
		if got := content(t, dir); !bytes.Equal(got, c.text) {
			t.Errorf("%s: the list was changed", what)
		}
	}
	// Every byte of a line that another follows.
	for at := range len(whole) - len(split[3]) {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1
		if _, rep, err := read(t, flipped); err == nil && rep.Broken == nil {
			t.Fatalf("byte %d changed and not seen: %s", at, flipped[max(0, at-40):at+10])
		}
	}
	// Lines behind a break are read all the same; another's list is no break.
	if all, rep, err := read(t, join(0, 2, 3)); len(all) != 3 || rep.Broken == nil || err != nil {
		t.Errorf("behind a break: %d lines, %+v, %v", len(all), rep, err)
	}
	if all, rep, err := read(t, []byte("{\"key\":\"k\"}\n\n{\"key\":\"l\"}")); len(all) != 2 || rep.Chained || rep.Broken != nil || rep.Torn != 0 || err != nil {
		t.Errorf("another's list: %d lines, %+v, %v", len(all), rep, err)
	}
}

func TestConcurrentAppends(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	g, ctx := errgroup.WithContext(t.Context())
	const workers, each = 16, 40
	for w := range workers {
		g.Go(func() error {
			for i := range each {
				n := 2 * (w*each + i)
				if err := l.Append(ctx, object(n), object(n+1)); err != nil {
					return err
				}
				// It is on the disk now, whoever synced it.
				if e, ok, err := l.Have(object(n + 1)); !ok || err != nil || e.Size != int64(n+1) {
					return fmt.Errorf("%d: %v %v", n, ok, err)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	all, rep, err := read(t, content(t, dir))
	if err != nil || rep.Broken != nil || rep.Lines != 2*workers*each {
		t.Fatalf("%+v, %v", rep, err)
	}
	seen := map[int64]bool{}
	for i, e := range all {
		seen[e.Size] = true
		if i%2 == 1 && e.Size != all[i-1].Size+1 {
			t.Errorf("line %d came between two that were added at once", i+1)
		}
	}
	if len(seen) != 2*workers*each {
		t.Errorf("%d of %d there", len(seen), 2*workers*each)
	}
}

func TestPeek(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	empty, err := Peek(dir)
	if err != nil || empty.Len() != 0 {
		t.Fatalf("%v", err)
	}
	if _, ok, err := empty.Have(object(1)); ok || err != nil {
		t.Errorf("nothing has something: %v", err)
	}
	if _, err := os.Stat(dir); err == nil || empty.Close() != nil {
		t.Error("the folder was made")
	}
	if Is(filepath.Join(dir, Name)) {
		t.Error("what is not there is a manifest")
	}
	whole := append(lines(t, dir, 2), `{"seq":3,"pr`...)
	put(t, dir, whole)
	open(t, t.TempDir(), Options{})
	l, err := Peek(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if e, ok, err := l.Have(object(1)); !ok || err != nil || e.Size != 1 || l.Len() != 2 || l.Torn() != 12 {
		t.Errorf("%v %+v %v", ok, e, err)
	}
	if err := l.Append(t.Context(), object(2)); err == nil {
		t.Error("it was written to")
	}
	if !bytes.Equal(content(t, dir), whole) {
		t.Error("it was changed")
	}
	if !Is(filepath.Join(dir, Name)) || Is(dir) {
		t.Error("a manifest is not told")
	}
	put(t, dir, []byte("no list\n"))
	if Is(filepath.Join(dir, Name)) {
		t.Error("no list is a manifest")
	}
	if _, err := Peek(dir); err == nil || !strings.Contains(err.Error(), Name) {
		t.Errorf("no list: %v", err)
	}
}

func TestLock(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	if _, err := Open(dir, Options{}); !errors.Is(err, ErrBusy) || !strings.Contains(err.Error(), dir) {
		t.Errorf("opened twice: %v", err)
	}
	l.Close()
	open(t, dir, Options{})
}

func TestWhatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir, Options{})
	appendAll(t, l, object(0))
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if err := l.Append(ctx, object(1)); err == nil || err.Error() != "enough" {
		t.Errorf("ended: %v", err)
	}
	if err := l.Append(t.Context(), object(1), Entry{API: &Call{Parameters: json.RawMessage("{")}}); err == nil {
		t.Error("no JSON was written")
	}
	appendAll(t, l, object(1))
	l.Close()
	for range 2 {
		if err := l.Append(t.Context(), object(2)); err == nil || !strings.Contains(err.Error(), Name) {
			t.Errorf("closed: %v", err)
		}
	}
	if all, rep, err := read(t, content(t, dir)); len(all) != 2 || rep.Broken != nil || rep.Torn != 0 || err != nil {
		t.Errorf("left: %d lines, %+v, %v", len(all), rep, err)
	}
	if _, err := Open(filepath.Join(dir, Name), Options{}); err == nil {
		t.Error("a file was taken for a folder")
	}
}

// TestMain is the process that TestKilled kills where it is told a folder.
func TestMain(m *testing.M) {
	dir := os.Getenv("MANIFEST_TEST_FOLDER")
	if dir == "" {
		os.Exit(m.Run())
	}
	l, err := Open(dir, Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	for n := int(l.Len()); ; n += 3 {
		if err := l.Append(context.Background(), object(n), object(n+1), object(n+2)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(n + 3)
	}
}

func TestKilled(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	promised := int64(0)
	for range 10 {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), "MANIFEST_TEST_FOLDER="+dir)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		said := int64(-1)
		for lines := 1 + random.IntN(40); lines > 0; lines-- {
			if _, err := fmt.Fscanln(out, &said); err != nil {
				t.Fatalf("the process: %v", err)
			}
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for {
			var n int64
			if _, err := fmt.Fscanln(out, &n); err != nil {
				break
			}
			said = n
		}
		_ = c.Wait() // it was killed
		promised = said
		_, rep, err := read(t, content(t, dir))
		if err != nil || rep.Broken != nil || rep.Lines < promised {
			t.Fatalf("%d lines promised: %+v, %v", promised, rep, err)
		}
	}
	l := open(t, dir, Options{})
	if l.Len() < promised || promised == 0 {
		t.Errorf("%d lines, %d promised", l.Len(), promised)
	}
}
