package hunt

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/value"
)

const (
	firstHunt = `/*---
id: first
title: First
severity: high
sources: [cloudtrail]
next:
  - {id: second, with: {key: access_key_id, n: 5, word: =as it stands}}
  - id: third
means: x
---*/
SELECT 1`
	secondHunt = `/*---
id: second
title: Second
severity: low
sources: [cloudtrail]
params:
  - {name: key, type: varchar, default: "", doc: x}
  - {name: n, type: bigint, default: 1, doc: x}
  - {name: word, type: varchar, default: "", doc: x}
---*/
SELECT $key, $n, $word`
)

func nextLibrary(t *testing.T, first string) (*Library, error) {
	t.Helper()
	return Load(fstest.MapFS{
		"a/first.sql": {Data: []byte(first)}, "a/second.sql": {Data: []byte(secondHunt)},
		"a/third.sql": {Data: []byte(strings.NewReplacer("second", "third", "Second", "Third").Replace(secondHunt))},
	})
}

func TestNext(t *testing.T) {
	lib, err := nextLibrary(t, firstHunt)
	if err != nil {
		t.Fatal(err)
	}
	h, _ := lib.Hunt("first")
	want := []Next{
		{"second", []Given{{Param: "key", Column: "access_key_id"}, {Param: "n", Value: "5"}, {Param: "word", Value: "as it stands"}}},
		{ID: "third"},
	}
	if d := cmp.Diff(want, h.Next); d != "" {
		t.Error(d)
	}
	if s := h.Next[0].String(); s != "second (key=access_key_id, n='5', word='as it stands')" {
		t.Error(s)
	}
	columns := []value.Column{{Name: "time"}, {Name: "access_key_id"}}
	if err := h.CheckColumns(columns); err != nil {
		t.Error(err)
	}
	if err := h.CheckColumns(columns[:1]); err == nil || !strings.Contains(err.Error(), "have no column access_key_id") {
		t.Errorf("a column that is not there: %v", err)
	}

	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	rows := [][]any{{at, nil}, {at, ""}, {at, "bad"}, {at, "AKIA"}, {at, "later"}}
	steps := h.Steps(columns, rows, func(s string) bool { return s != "bad" })
	var got [][]string
	for _, s := range steps {
		got = append(got, s.Args())
	}
	if d := cmp.Diff([][]string{{"hunt", "second", "-p", "key=AKIA", "-p", "n=5", "-p", "word=as it stands"}, {"hunt", "third"}}, got); d != "" {
		t.Error(d)
	}
	if steps := h.Steps(columns, rows[:2], nil); len(steps) != 1 || steps[0].ID != "third" {
		t.Errorf("without a value: %v", steps)
	}
	if steps := h.Steps(columns, nil, nil); steps != nil {
		t.Errorf("without findings: %v", steps)
	}
	for cell, want := range map[any]string{int64(-7): "-7", uint64(7): "7", 1.5: "1.5", true: "true", value.Number("9"): "9", at: "2026-01-02T03:04:05Z"} {
		if got, ok := paramText(cell); !ok || got != want {
			t.Errorf("%v is %q, %v", cell, got, ok)
		}
	}
	if _, ok := paramText([]any{"a"}); ok {
		t.Error("a list is handed on")
	}
}

func TestNextRefuses(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want, hint string }{
		{"no hunt", "id: second,", "id: secnod,", "a/first.sql:6: next secnod: there is no such hunt", "did you mean second?"},
		{"itself", "id: second, with: {key: access_key_id, n: 5, word: =as it stands}", "id: first", "next first: that is the hunt itself", ""},
		{"no parameter", "{key:", "{kye:", "next second: it has no parameter kye", "did you mean key?"},
		{"wrong type", "n: 5", "n: =five", `next second: parameter n: "five" is not a whole number`, ""},
		{"no column", "access_key_id", "Access Key", `next second: parameter key: "Access Key" is no column`, ""},
		{"a list", "access_key_id", "[a]", "next second: parameter key: []interface {} is not a scalar", ""},
		{"unknown key", "with:", "whit:", `a/first.sql:7: unknown key "whit"`, "the keys are id, with"},
		{"unknown key on a line", "id: third", "idd: third", `a/first.sql:8: unknown key "idd"`, "did you mean id?"},
		{"no id", "id: third", "with: {}", `next "": want the id of a hunt`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(firstHunt, tc.old, tc.new, 1)
			if text == firstHunt {
				t.Fatal("the edit changes nothing")
			}
			_, err := nextLibrary(t, text)
			var e *Error
			if !errors.As(err, &e) || !strings.Contains(e.Error(), tc.want) {
				t.Fatalf("got %v, want %s", err, tc.want)
			}
			if tc.hint != "" && e.Hint != tc.hint {
				t.Errorf("hint %q, want %q", e.Hint, tc.hint)
			}
		})
	}
}

// TestNextOfAFile: a hunt from disk may name those of the library, and no others.
func TestNextOfAFile(t *testing.T) {
	lib, err := nextLibrary(t, firstHunt)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "mine.sql")
	for text, want := range map[string]string{
		strings.Replace(firstHunt, "id: first", "id: mine", 1):                                           "",
		strings.NewReplacer("id: first", "id: mine", "id: third", "id: fourth-thing").Replace(firstHunt): "next fourth-thing: there is no such hunt",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := lib.Select([]string{name})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
