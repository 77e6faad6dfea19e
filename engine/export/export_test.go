package export

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"logquarry/engine/hunt"
	"logquarry/engine/value"
)

var noon = time.Date(2026, 3, 10, 12, 0, 0, 123456000, time.UTC)

func TestFindingOf(t *testing.T) {
	columns := []value.Column{{Name: "time"}, {Name: "source"}, {Name: "summary"}, {Name: "target"}, {Name: "target"}, {Name: "n"}}
	got := FindingOf(columns, []any{noon, "waf", nil, "a", "b", int64(3)})
	want := Finding{Time: noon, Source: "waf", Target: "a",
		Details: value.Struct{{Name: "target", Value: "b"}, {Name: "n", Value: int64(3)}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// all reads rows as maps by column, nil left out.
func all(t *testing.T, rows value.Rows) []map[string]any {
	t.Helper()
	var out []map[string]any
	for rows.Next() {
		row := map[string]any{}
		for i, c := range rows.Columns() {
			if _, twice := row[c.Name]; twice {
				t.Errorf("two columns %s", c.Name)
			}
			row[c.Name] = rows.Values()[i]
		}
		out = append(out, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestTimeline(t *testing.T) {
	rows := func() *value.List {
		l := value.ListOf([]value.Column{{Name: "time", Type: "TIMESTAMP"}, {Name: "source"}, {Name: "principal"}, {Name: "src_ip"},
			{Name: "target"}, {Name: "summary"}, {Name: "message"}, {Name: "n"}, {Name: "file"}})
		l.Add(noon, "alb", "alice", "192.0.2.1", "t", "GET /", "own", int64(3), "a.gz")
		l.Add(nil, "alb", nil, nil, nil, "no time", nil, nil, nil)
		l.Add(noon.Add(time.Second), "waf", nil, nil, nil, nil, nil, nil, nil)
		return l
	}
	sketch, err := NewTimeline(Timesketch, rows())
	if err != nil {
		t.Fatal(err)
	}
	got := all(t, sketch)
	if len(got) != 2 || sketch.Timeless != 1 {
		t.Fatalf("%d rows, %d without a time", len(got), sketch.Timeless)
	}
	want := map[string]any{"message": "GET /, by alice, from 192.0.2.1", "datetime": noon, "timestamp": noon.UnixMicro(), "timestamp_desc": "Event Time",
		"data_type": "aws:alb:event", "source": "alb", "principal": "alice", "src_ip": "192.0.2.1", "target": "t", "summary": "GET /", "n": int64(3), "file": "a.gz"}
	if d := cmp.Diff(want, got[0]); d != "" {
		t.Error(d)
	}
	if got[1]["message"] != "(waf)" {
		t.Errorf("message %q of a row that says nothing", got[1]["message"])
	}
	plaso, err := NewTimeline(L2TCSV, rows())
	if err != nil {
		t.Fatal(err)
	}
	line := all(t, plaso)[0]
	for name, want := range map[string]any{"date": "03/10/2026", "time": "12:00:00", "timezone": "UTC", "user": "alice", "host": "t",
		"filename": "a.gz", "extra": "src_ip: 192.0.2.1; target: t; message: own; n: 3; time: 2026-03-10T12:00:00.123456Z"} {
		if line[name] != want {
			t.Errorf("%s is %q, want %q", name, line[name], want)
		}
	}
	if _, err := NewTimeline(Timesketch, value.NewList("a")); err == nil {
		t.Error("a timeline was made of rows without a time")
	}
}

func some() []Found {
	return []Found{
		{Hunt: hunt.Hunt{ID: "a", Title: "A", Severity: hunt.High, Attack: []string{"T1078"}, SQL: "SELECT 1", Means: "it means"},
			Findings: []Finding{{Time: noon, Source: "cloudtrail", Principal: "alice", SrcIP: "192.0.2.1", Summary: "s"}, {SrcIP: "AWS Internal"}}},
		{Hunt: hunt.Hunt{ID: "b", Severity: hunt.Critical, Attack: []string{"T1078", "T1530"}, SQL: "SELECT 2"}},
		{Hunt: hunt.Hunt{ID: "c", Severity: hunt.Low, Attack: []string{"T1110"}, SQL: "SELECT 3"}, Missing: []string{"waf"}},
		{Hunt: hunt.Hunt{ID: "d", Severity: hunt.Low, Attack: []string{"T1110"}, SQL: "SELECT 4"}, Failed: errors.New("broken")},
	}
}

func TestNavigator(t *testing.T) {
	var out bytes.Buffer
	if err := Navigator(&out, "case", some()); err != nil {
		t.Fatal(err)
	}
	var l layer
	if err := json.Unmarshal(out.Bytes(), &l); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, x := range l.Techniques {
		score := "none"
		if x.Score != nil {
			score = fmt.Sprint(*x.Score)
		}
		got[x.ID] = score + ", " + x.Comment
	}
	want := map[string]string{"T1078": "4, 2 findings", "T1530": "0, 0 findings", "T1110": "none, not looked for: c: no waf; d: failed"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSTIX(t *testing.T) {
	make := func(now time.Time) map[string][]map[string]any {
		var out bytes.Buffer
		if err := STIX(&out, now, some()); err != nil {
			t.Fatal(err)
		}
		var b struct{ Objects []map[string]any }
		if err := json.Unmarshal(out.Bytes(), &b); err != nil {
			t.Fatalf("%v: %s", err, &out)
		}
		by := map[string][]map[string]any{}
		for _, o := range b.Objects {
			by[o["type"].(string)] = append(by[o["type"].(string)], o)
		}
		return by
	}
	by := make(noon.Add(time.Hour))
	counts := map[string]int{}
	for kind, all := range by {
		counts[kind] = len(all)
	}
	// One finding has neither an address nor a time: a sighting, and no more.
	want := map[string]int{"identity": 1, "indicator": 1, "attack-pattern": 1, "relationship": 1, "ipv4-addr": 1, "user-account": 1, "observed-data": 1, "sighting": 2}
	if d := cmp.Diff(want, counts); d != "" {
		t.Error(d)
	}
	// As OASIS's own library makes it: a version 5 UUID of {"value":"192.0.2.1"}.
	if id := by["ipv4-addr"][0]["id"]; id != "ipv4-addr--8dded90c-40c0-545a-8027-5b212bb37e8e" {
		t.Errorf("id %v", id)
	}
	if by["attack-pattern"][0]["name"] != "Valid Accounts" || by["indicator"][0]["valid_from"] != "2026-03-10T12:00:00.123Z" {
		t.Errorf("%v %v", by["attack-pattern"][0], by["indicator"][0])
	}
	again := make(noon.Add(48 * time.Hour))
	for kind := range by {
		for i := range by[kind] {
			if by[kind][i]["id"] != again[kind][i]["id"] {
				t.Errorf("%s %d has another id a day later", kind, i)
			}
		}
	}
}

func TestWorkbook(t *testing.T) {
	b, err := NewWorkbook()
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.rowsEach = 3 // two rows and the heading
	long := strings.Repeat("x", cellRunes+1)
	l := value.ListOf([]value.Column{{Name: "a"}, {Name: "A"}, {Name: ""}})
	l.Add("=1+1", int64(1)<<60, long)
	l.Add(noon, 1.5, "\x00")
	l.Add(nil, true, value.Number("12345678901234567890"))
	s, err := b.Add("waf/a:b", "what", l)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(Sheet{Names: []string{"waf_a_b", "waf_a_b (2)"}, Rows: 3, Cut: 1}, s); d != "" {
		t.Error(d)
	}
	name := strings.Repeat("n", 40)
	for range 2 {
		if s, err = b.Add(name, "", value.NewList("a")); err != nil {
			t.Fatal(err)
		}
	}
	if s.Names[0] != name[:27]+" (2)" {
		t.Errorf("the second sheet of a long name is %s", s.Names[0])
	}
	var out bytes.Buffer
	if err := b.WriteTo(&out, "about"); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("waf_a_b", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a", "A_2", "_2"}, rows[0]); d != "" {
		t.Error(d)
	}
	if got := rows[1]; got[0] != "'=1+1" || got[1] != "1152921504606846976" || len(got[2]) > cellRunes+2 || !strings.HasSuffix(got[2], " … (cut)") {
		t.Errorf("%.100v", got)
	}
	if rows[2][1] != "1.5" || rows[2][2] != `\x00` {
		t.Errorf("%v", rows[2])
	}
}

func TestCutTo(t *testing.T) {
	for _, text := range []string{"", "short", strings.Repeat("y", 40), strings.Repeat("ä", 40), strings.Repeat("😀", 40), strings.Repeat("x", 31) + "😀"} {
		got, cut := cutTo(text, 32)
		units := len(utf16.Encode([]rune(got)))
		if units > 32 {
			t.Errorf("%q has %d units", got, units)
		}
		if want := len(utf16.Encode([]rune(text))) > 32; cut != want || (!cut && got != text) {
			t.Errorf("%q: cut %v, want %v", text, cut, want)
		}
	}
}
