package custody

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/value"
)

func sum(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

func TestLedger(t *testing.T) {
	lines := []string{Line("b1", "z"), Line("", "a\nb"), Line("a1", `c\`)}
	if got, want := Ledger(lines), sum("-  a\\nb\na1  c\\\\\nb1  z\n"); got != want {
		t.Errorf("%s, want %s of %q", got, want, lines)
	}
	if got := Ledger(nil); got != sum("") {
		t.Errorf("of nothing: %s", got)
	}
	// Neither a line end nor a backslash moves text from one field to the next.
	seen := map[string][]string{}
	for _, f := range [][]string{{"a", "b"}, {"a\nb"}, {`a\nb`}, {"a\\\nb"}, {"a", "b", ""}, {"", "a", "b"}} {
		h := Fields(f...)
		if seen[h] != nil {
			t.Errorf("%q and %q have one hash", f, seen[h])
		}
		seen[h] = f
	}
}

func TestParameters(t *testing.T) {
	values := map[string]any{
		"s": "x\n'", "i": int64(math.MinInt64), "f": 0.1, "inf": math.Inf(1), "b": true, "n": nil, "empty": "",
		"t": time.Date(2026, 3, 10, 1, 2, 3, 4000, time.UTC), "first": time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	list := Parameters(values)
	text, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	var back []Parameter
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	got, err := Values(back)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(values, got); d != "" {
		t.Errorf("(-bound +bound again):\n%s", d)
	}
	for _, bad := range []Parameter{{"a", "bigint", "x"}, {"a", "timestamp", ""}, {"a", "blob", ""}} {
		if _, err := Values([]Parameter{bad}); err == nil {
			t.Errorf("%v was bound", bad)
		}
	}
}

func TestCells(t *testing.T) {
	got, err := Cells(`["a\u001b",null,true,12345678901234567890,-0.5,["x"],{"b":1,"a":2}]`)
	want := []any{"a\x1b", nil, true, value.Number("12345678901234567890"), value.Number("-0.5"), `["x"]`, `{"b":1,"a":2}`}
	if d := cmp.Diff(want, got); err != nil || d != "" {
		t.Error(err, d)
	}
	if _, err := Cells(`{"a":1}`); err == nil {
		t.Error("an object was taken for cells")
	}
}

// files are the names in a folder.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func put(t *testing.T, path, text string, force bool) (Record, error) {
	t.Helper()
	o, err := Create(path, force)
	if err != nil {
		return Record{}, err
	}
	if _, err := o.WriteString(text); err != nil {
		t.Fatal(err)
	}
	var r Record
	r.Command = "test"
	r.Add(Query{SQL: "SELECT 1 < 2", Rows: 3})
	return o.Finish(r)
}

func TestOutput(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	r, err := put(t, path, "a\n1\n", false)
	if err != nil || r.File.SHA256 != sum("a\n1\n") || r.File.Bytes != 4 || r.File.Rows != 3 || r.OSUser == "" {
		t.Fatalf("%+v, %v", r, err)
	}
	read, err := Check(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(&r, read); d != "" {
		t.Errorf("(-written +read):\n%s", d)
	}
	if text, _ := os.ReadFile(path + Suffix); !strings.Contains(string(text), "SELECT 1 < 2") {
		t.Errorf("%s", text)
	}
	if _, err := put(t, path, "b", false); !errors.Is(err, ErrExists) {
		t.Errorf("written over: %v", err)
	}
	if _, err := put(t, path, "b", true); err != nil {
		t.Error(err)
	}
	if read, err = Check(path); err != nil || read.File.SHA256 != sum("b") {
		t.Errorf("after --force: %+v, %v", read, err)
	}
	if err := os.WriteFile(path, []byte("c"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(path); err == nil || !strings.Contains(err.Error(), "is not the file its record is of") {
		t.Errorf("a changed file: %v", err)
	}
	// A record that is left over is replaced, what is no record is not.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := put(t, path, "d", false); err != nil {
		t.Error(err)
	}
	other := filepath.Join(dir, "other.csv")
	if err := os.WriteFile(other+Suffix, []byte(`{"type":"mine"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := put(t, other, "e", false); !errors.Is(err, ErrExists) {
		t.Errorf("a file that is no record was replaced: %v", err)
	}
	o, err := Create(filepath.Join(dir, "dropped"), false)
	if err != nil {
		t.Fatal(err)
	}
	o.Drop()
	if d := cmp.Diff([]string{"other.csv" + Suffix, "out.csv", "out.csv" + Suffix}, files(t, dir)); d != "" {
		t.Error(d)
	}
}

// Whatever fails at the end, neither file nor record is left.
func TestOutputLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	for name, spoil := range map[string]func(*Output) error{
		"the file came into being":   func(*Output) error { return os.WriteFile(path, []byte("mine"), 0o600) },
		"the record is a folder":     func(*Output) error { return os.Mkdir(path+Suffix, 0o700) },
		"the temporary file is gone": func(o *Output) error { return os.Remove(o.Name()) },
	} {
		o, err := Create(path, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := spoil(o); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Finish(Record{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		for _, f := range files(t, dir) {
			if f != "x" && f != "x"+Suffix {
				t.Errorf("%s: %s is left", name, f)
			}
			if err := os.RemoveAll(filepath.Join(dir, f)); err != nil {
				t.Fatal(err)
			}
		}
	}
	// The second of files that belong together cannot be written: no first one.
	if err := os.Mkdir(filepath.Join(dir, "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := WriteAll(true, Text{path, []byte("a")}, Text{filepath.Join(dir, "b"), []byte("b")}); err == nil {
		t.Error("a folder was replaced")
	}
	if d := cmp.Diff([]string{"b"}, files(t, dir)); d != "" {
		t.Error(d)
	}
}
