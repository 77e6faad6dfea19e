package timeline

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mattn/go-runewidth"

	"logquarry/engine/value"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return t
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

// answers gives the answers one after the other and keeps the questions.
type answers struct {
	rows   [][][]any
	sql    []string
	params []map[string]any
}

func (a *answers) Query(_ context.Context, sql string, params map[string]any) (value.Rows, error) {
	a.sql = append(a.sql, sql)
	own := map[string]any{}
	for k, v := range params {
		own[k] = v
	}
	a.params = append(a.params, own)
	rows := a.rows[0]
	a.rows = a.rows[1:]
	return &sheet{cells: rows}, nil
}

func TestBuckets(t *testing.T) {
	a := &answers{rows: [][][]any{
		{{at("2026-05-01 10:07"), at("2026-05-01 13:02"), int64(9)}},
		{{"waf", int64(0), int64(2)}, {"cloudtrail", int64(35), value.Number("6")}, {nil, int64(1), int64(1)}, {"waf", int64(99), int64(5)}},
	}}
	c, err := Buckets(t.Context(), a, Filter{Source: "x", Value: "192.0.2.1", Since: at("2026-05-01 00:00")}, 80)
	if err != nil {
		t.Fatal(err)
	}
	if c.Step != 5*time.Minute || !c.Start.Equal(at("2026-05-01 10:05")) || c.Total != 9 || len(c.Sources) != 3 {
		t.Errorf("%+v", c)
	}
	if s := c.Sources[0]; s.Name != "cloudtrail" || s.Total != 6 || s.Counts[35] != 6 || len(s.Counts) != 36 {
		t.Errorf("%+v", s)
	}
	for i, sql := range a.sql {
		if strings.Contains(sql, "192.0.2.1") || !strings.Contains(sql, "source = $filter_source") || !strings.Contains(sql, "src_ip = $filter_value") {
			t.Errorf("query %d: %s", i, sql)
		}
	}
	want := map[string]any{"filter_source": "x", "filter_value": "192.0.2.1", "filter_since": at("2026-05-01 00:00"),
		"bucket_start": at("2026-05-01 10:05").Unix(), "bucket_seconds": int64(300)}
	if d := cmp.Diff(want, a.params[1]); d != "" {
		t.Error(d)
	}
	delete(want, "bucket_start")
	delete(want, "bucket_seconds")
	if d := cmp.Diff(want, a.params[0]); d != "" {
		t.Error(d)
	}
}

func TestBucketsOfNothing(t *testing.T) {
	c, err := Buckets(t.Context(), &answers{rows: [][][]any{{{nil, nil, int64(0)}}}}, Filter{}, 80)
	if err != nil || c.Total != 0 || len(c.Sources) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
	var out strings.Builder
	if err := Draw(&out, c, Options{}); err != nil || out.String() != "no events match\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

func TestStep(t *testing.T) {
	start := at("2026-05-01 00:00")
	for _, tt := range []struct {
		last time.Time
		want time.Duration
	}{
		{start, time.Minute},
		{start.Add(49 * time.Minute), time.Minute},
		{start.Add(50 * time.Minute), 2 * time.Minute},
		{start.Add(24 * time.Hour), 30 * time.Minute},
		{start.Add(30 * day), day},
		{start.Add(90 * day), 2 * day},
		{start.AddDate(50, 0, 0), 512 * day},
		{start.AddDate(5000, 0, 0), 65536 * day},
	} {
		if got := step(start, tt.last, 50); got != tt.want {
			t.Errorf("to %v: %v, want %v", tt.last, got, tt.want)
		}
	}
}

func TestParseFilter(t *testing.T) {
	for text, want := range map[string]Filter{
		"":                                     {},
		"203.0.113.7":                          {Value: "203.0.113.7"},
		"2001:db8::1":                          {Value: "2001:db8::1"},
		"arn:aws:iam::111122223333:user/alice": {Value: "arn:aws:iam::111122223333:user/alice"},
		"aws-cli/2.0 (linux)":                  {Value: "aws-cli/2.0 (linux)"},
		"abcd==":                               {Value: "abcd=="},
		"'a = b'":                              {Value: "a = b"},
		"outcome = 'failure'":                  {Expr: "outcome = 'failure'"},
		"src_ip in ('192.0.2.1')":              {Expr: "src_ip in ('192.0.2.1')"},
		"not error is null":                    {Expr: "not error is null"},
		"regexp_like(target, 'x')":             {Expr: "regexp_like(target, 'x')"},
		"--source waf --since 2026-05-01 --until=2026-05-02T01:02:03Z bytes > 5": {
			Source: "waf", Since: at("2026-05-01 00:00"), Until: at("2026-05-02 01:02").Add(3 * time.Second), Expr: "bytes > 5"},
		"--since '2026-05-01 10:00'": {Since: at("2026-05-01 10:00")},
	} {
		got, err := ParseFilter(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", text, d)
		}
	}
	for _, text := range []string{"--since", "--since soon", "--sauce x", "a = 1) or (1 = 1", "a = 1; drop table b", "a = 'x", "a = (1", "a = $x"} {
		if f, err := ParseFilter(text); err == nil {
			t.Errorf("%q is taken for %+v", text, f)
		}
	}
	if _, _, err := (Filter{Expr: "1 = 1) --"}).where(); err == nil {
		t.Error("a condition leaves its brackets")
	}
}

func example() *Chart {
	c := &Chart{Start: at("2026-05-01 22:00"), Step: 10 * time.Minute, First: at("2026-05-01 22:03"), Last: at("2026-05-02 05:59")}
	for i, name := range []string{"vpc_flow", "cloudtrail", "waf\x1b[2J"} {
		s := Source{Name: name, Counts: make([]int64, 48)}
		for j := range s.Counts {
			n := int64((j*j*7 + i*31) % (400 >> (2 * i)))
			if i == 2 && j != 20 {
				n = 0
			}
			s.Counts[j] = n
			s.Total += n
		}
		c.Sources = append(c.Sources, s)
		c.Total += s.Total
	}
	return c
}

func TestDraw(t *testing.T) {
	for name, opts := range map[string]Options{
		"plain":  {},
		"ascii":  {ASCII: true, Height: 5},
		"narrow": {Width: 45, Height: 4},
		"colour": {Width: 130, Colour: true},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := Draw(&out, example(), opts); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(out.String()), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), out.String()); d != "" {
				t.Error(d)
			}
			if opts.ASCII && strings.ContainsFunc(out.String(), func(r rune) bool { return r > 0x7e }) {
				t.Error("letters past ASCII")
			}
			if strings.Contains(out.String(), "\x1b[2J") {
				t.Error("a name drives the terminal")
			}
			width := opts.Width
			if width == 0 {
				width = 80
			}
			lines := strings.Split(out.String(), "\n")
			for _, line := range lines[:len(lines)-3] { // the two below are prose
				if !opts.Colour && runewidth.StringWidth(line) > width {
					t.Errorf("line of %d cells: %q", runewidth.StringWidth(line), line)
				}
			}
		})
	}
}

// Any number of buckets in any width draws.
func TestDrawSizes(t *testing.T) {
	for width := 1; width < 120; width += 7 {
		for n := 1; n < 300; n += 13 {
			c := &Chart{Start: at("2026-05-01 00:00"), Step: time.Minute, Total: int64(n), Sources: []Source{{Name: "a", Counts: make([]int64, n), Total: int64(n)}}}
			for i := range c.Sources[0].Counts {
				c.Sources[0].Counts[i] = 1
			}
			if err := Draw(&strings.Builder{}, c, Options{Width: width}); err != nil {
				t.Fatal(err)
			}
		}
	}
}
