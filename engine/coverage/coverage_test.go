package coverage

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/render"
	"logquarry/engine/value"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func hour(n int) time.Time { return start.Add(time.Duration(n) * time.Hour) }

// sample has a row of every mark.
func sample(hours int) Map {
	m := Map{Start: start, Step: time.Hour, N: hours, Outside: 12}
	row := func(source, account, region string, cell func(h int) Cell) {
		r := Row{Source: source, Account: account, Region: region}
		for h := range hours {
			r.Cells = append(r.Cells, cell(h))
		}
		m.Rows = append(m.Rows, r)
	}
	row("cloudtrail", "111122223333", "eu-west-1", func(h int) Cell { return Cell{Hours: 1, Records: []int64{0, 0, 1}[h%3]} })
	row("cloudtrail", "111122223333", "us-east-1", func(h int) Cell {
		switch {
		case h == 18:
			return Cell{Hours: 1, Records: 50, Changed: true}
		case h > 18 && h < 24:
			return Cell{Hours: 1, Gap: 1, Explained: 1}
		case h == 30 || h == 31:
			return Cell{Hours: 1, Gap: 1}
		case h == 35:
			return Cell{Hours: 1, Records: 2, Little: 1}
		case h == 40:
			return Cell{Hours: 1, Records: 2000}
		case h == 41:
			return Cell{Hours: 1, Records: 300}
		}
		return Cell{Hours: 1, Records: int64(60 + h*29%90)}
	})
	row("route53\x1b[2Jpublic", "", "", func(h int) Cell {
		if h < 10 || h > 20 {
			return Cell{}
		}
		return Cell{Hours: 1, Records: 7}
	})
	row("vpc_flow", "", "", func(h int) Cell {
		switch h {
		case 5:
			return Cell{Hours: 1, NoData: 1}
		case 6:
			return Cell{Hours: 1, Records: 90, SkipData: 1}
		}
		return Cell{Hours: 1, Records: 100}
	})
	row("vpc_flow", "444455556666", "us-east-1", func(int) Cell { return Cell{Hours: 1, Records: 9} })
	m.Gaps = []Gap{
		{Source: "vpc_flow", Status: "skipdata", Regions: []string{""}, From: hour(6), To: hour(7), SkipData: 1},
		{Source: "cloudtrail", Account: "111122223333", Regions: []string{"us-east-1"}, Status: "none", From: hour(19), To: hour(24), Expected: 500.4, Cause: "StopLogging main", Principal: "mallory\x1b[31m", CauseTime: hour(18).Add(5 * time.Minute)},
		{Source: "cloudtrail", Account: "111122223333", Regions: []string{"us-east-1"}, Status: "none", From: hour(30), To: hour(32), Expected: 200},
		{Source: "cloudtrail", Account: "111122223333", Regions: []string{"us-east-1"}, Status: "little", From: hour(35), To: hour(36), Expected: 100, Records: 2},
	}
	return m
}

func draw(t *testing.T, m Map, opts Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Draw(&b, m, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestDrawGolden(t *testing.T) {
	for name, got := range map[string]string{
		"plain":  draw(t, sample(48), Options{Width: 100, Gaps: 3}),
		"ascii":  draw(t, sample(48), Options{Width: 80, Gaps: 9, ASCII: true}),
		"colour": draw(t, sample(48), Options{Width: 100, Gaps: 3, Colour: true}),
		"narrow": draw(t, sample(48), Options{Width: 50}),
		"long":   draw(t, sample(400), Options{Width: 80}),
		"flawed": draw(t, sample(48), Options{Width: 100, Flawed: true, Indent: "  "}),
		"few":    draw(t, sample(48), Options{Width: 100, Rows: 2}),
	} {
		path := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	if got := draw(t, Map{}, Options{}); got != "no records with a time\n" {
		t.Errorf("an empty map: %q", got)
	}
}

// No line is wider than it may be, and joining buckets loses no hour.
func TestNarrow(t *testing.T) {
	for _, hours := range []int{1, 2, 23, 48, 100, 399} {
		m := sample(hours)
		for width := 50; width < 200; width += 7 {
			for line := range strings.Lines(draw(t, m, Options{Width: width})) {
				if w := render.Width(strings.TrimSuffix(line, "\n")); w > width {
					t.Errorf("%d hours, width %d: %d cells: %s", hours, width, w, line)
				}
			}
			n := m.Narrow(width)
			if n.N > width || len(n.Rows[1].Cells) != n.N {
				t.Fatalf("%d hours in %d columns: %d", hours, width, n.N)
			}
			var had, have Cell
			for _, c := range m.Rows[1].Cells {
				had.Hours, had.Records, had.Gap = had.Hours+c.Hours, had.Records+c.Records, had.Gap+c.Gap
			}
			for _, c := range n.Rows[1].Cells {
				have.Hours, have.Records, have.Gap = have.Hours+c.Hours, have.Records+c.Records, have.Gap+c.Gap
			}
			if had != have {
				t.Errorf("%d hours in %d columns: %+v became %+v", hours, width, had, have)
			}
		}
	}
}

// sheet is rows that are already here.
type sheet struct {
	cells [][]any
	at    int
}

func (s *sheet) Columns() []value.Column { return nil }
func (s *sheet) Next() bool              { s.at++; return s.at <= len(s.cells) }
func (s *sheet) Values() []any           { return s.cells[s.at-1] }
func (s *sheet) Err() error              { return nil }
func (s *sheet) Close() error            { return nil }

// answers gives the answers one after the other.
type answers struct{ rows [][][]any }

func (a *answers) Query(context.Context, string, map[string]any) (value.Rows, error) {
	rows := a.rows[0]
	a.rows = a.rows[1:]
	return &sheet{cells: rows}, nil
}

func TestCollect(t *testing.T) {
	old := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	m, err := Collect(t.Context(), &answers{[][][]any{
		{{old, old, old, int64(2)}, {start, hour(3), hour(20), int64(90)}, {hour(24), hour(24), hour(30), int64(10)}},
		{
			{"cloudtrail", "111122223333", "eu-west-1", int64(0), int64(1), int64(5), int64(0), int64(0), int64(0), int64(0), int64(0), false},
			{"cloudtrail", "111122223333", "eu-west-1", int64(27), int64(1), int64(0), int64(1), int64(1), int64(0), int64(0), int64(0), true},
			{"vpc_flow", nil, nil, int64(2), int64(1), int64(7), int64(0), int64(0), int64(0), int64(0), int64(1), false},
			{"vpc_flow", nil, nil, int64(99), int64(1), int64(7), int64(0), int64(0), int64(0), int64(0), int64(1), false},
		},
		{
			{"cloudtrail", "111122223333", "eu-west-1", "none", hour(5), hour(7), int64(0), 40.0, int64(0), "StopLogging main", "mallory", hour(5)},
			{"cloudtrail", "111122223333", "us-east-1", "none", hour(5), hour(7), int64(0), 2.0, int64(0), "StopLogging main", "mallory", hour(5)},
			{"cloudtrail", "444455556666", "us-east-1", "none", hour(5), hour(7), int64(0), 2.0, int64(0), nil, nil, nil},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if !m.Start.Equal(hour(3)) || m.Step != time.Hour || m.N != 28 || m.Outside != 2 || len(m.Rows) != 2 {
		t.Errorf("map: start %v, step %v, %d buckets, %d outside, %d rows", m.Start, m.Step, m.N, m.Outside, len(m.Rows))
	}
	if c := m.Rows[0].Cells; c[0].Records != 5 || c[27].Of(5) != Explained || c[1].Of(5) != Outside {
		t.Errorf("cells: %+v", c)
	}
	want := []Gap{
		{Source: "cloudtrail", Account: "111122223333", Regions: []string{"eu-west-1", "us-east-1"}, Status: "none", From: hour(5), To: hour(7), Expected: 42, Cause: "StopLogging main", Principal: "mallory", CauseTime: hour(5)},
		{Source: "cloudtrail", Account: "444455556666", Regions: []string{"us-east-1"}, Status: "none", From: hour(5), To: hour(7), Expected: 2},
	}
	if d := cmp.Diff(want, m.Gaps); d != "" {
		t.Error(d)
	}
	if got := m.Gaps[0].Where() + ": " + m.Gaps[0].Kind() + ", " + m.Gaps[0].Detail(); got != "111122223333 eu-west-1, us-east-1: no records, about 42 expected; StopLogging main by mallory" {
		t.Error(got)
	}
	if m, err := Collect(t.Context(), &answers{[][][]any{{}}}); err != nil || m.N != 0 {
		t.Errorf("a case without records: %+v, %v", m, err)
	}
	for days, want := range map[int]time.Duration{1: time.Hour, 16: time.Hour, 30: 2 * time.Hour, 365: 24 * time.Hour, 3000: 8 * 24 * time.Hour} {
		if got := step(start, start.AddDate(0, 0, days)); got != want {
			t.Errorf("%d days: %v", days, got)
		}
	}
}
