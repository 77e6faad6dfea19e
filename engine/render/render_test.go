package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/value"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// memory is rows held in memory; err is how they end.
type memory struct {
	columns []value.Column
	rows    [][]any
	err     error
	next    int
}

func (m *memory) Columns() []value.Column { return m.columns }
func (m *memory) Next() bool              { m.next++; return m.next <= len(m.rows) }
func (m *memory) Values() []any           { return m.rows[m.next-1] }
func (m *memory) Err() error              { return m.err }
func (m *memory) Close() error            { return nil }

func columns(spec ...string) []value.Column {
	var out []value.Column
	for i := 0; i < len(spec); i += 2 {
		out = append(out, value.Column{Name: spec[i], Type: spec[i+1]})
	}
	return out
}

func text(t *testing.T, rows value.Rows, opts Options) string {
	t.Helper()
	var b bytes.Buffer
	if _, err := Write(&b, rows, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// hostile is one result with everything in it that a renderer may trip over.
func hostile() *memory {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	return &memory{
		columns: columns("event_time", "TIMESTAMP", "user_agent", "VARCHAR", "bytes", "BIGINT", "bytes", "DOUBLE", "tags", "VARCHAR[]", "raw", "BLOB"),
		rows: [][]any{
			{at, "aws-cli/2.15 md/Botocore#1.34", int64(1234567), 0.5, []any{"a", nil, int64(-1)}, []byte("{\"Records\":\x00\x1b")},
			{at.Add(120 * time.Millisecond), "=HYPERLINK(\"http://example.com\",\"x\")", int64(-5), -1e30, value.Struct{{Name: "k", Value: "v|`<b>"}}, []byte{}},
			{at.Add(time.Nanosecond), "\x1b[2J\x1b]0;owned\a\u202etxt.exe\u0085", nil, math.NaN(), []any{}, nil},
			{nil, "", uint64(math.MaxUint64), math.Inf(-1), nil, []byte("ok")},
			{at.In(time.FixedZone("", 3600)), nil, value.Number("170141183460469231731687303715884105727"), math.Inf(1), []any{value.Struct{{Name: "n", Value: value.Number("0.10")}}}, []byte("-1")},
			{at, "@cmd\tx\r\ny", int64(0), 1e21, nil, nil},
			{at, "日本語 e\u0301 <script>alert(1)</script> | `code` [a](http://example.com) _x_ a_b", int64(1), 100.0, nil, nil},
			{at, "bad\xff\xc3 utf8 \\x1b C:\\temp\\done", int64(2), 1e-7, nil, nil},
			{at, "∅", int64(3), 3.25, nil, nil},
		},
	}
}

func TestGolden(t *testing.T) {
	type sample struct {
		name string
		opts Options
	}
	var samples []sample
	for _, f := range Formats() {
		samples = append(samples, sample{string(f), Options{Format: f}})
	}
	samples = append(samples,
		sample{"table_80", Options{Width: 80, Footer: true}},
		sample{"table_120", Options{Width: 120, Footer: true}},
		sample{"table_colour", Options{Width: 100, Footer: true, Colour: true}},
		sample{"line_colour", Options{Format: Line, Width: 40, Footer: true, Colour: true}},
		sample{"csv_terminal", Options{Format: CSV, Terminal: true}},
	)
	for _, s := range samples {
		t.Run(s.name, func(t *testing.T) {
			got := text(t, hostile(), s.opts)
			path := filepath.Join("testdata", s.name+".golden")
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
				t.Error(d)
			}
		})
	}
}

// Every golden table keeps to its width.
func TestTableKeepsToWidth(t *testing.T) {
	for width := 20; width <= 200; width += 7 {
		out := text(t, hostile(), Options{Width: width})
		for _, line := range strings.Split(out, "\n") {
			// The widest number here has 39 digits, a time 30: these are never cut.
			if w := Width(line); w > max(width, 50) && !strings.Contains(line, "not shown") {
				t.Errorf("width %d: line of %d columns: %s", width, w, line)
			}
		}
	}
}

func TestTableStreamsPastTheSample(t *testing.T) {
	rows := &memory{columns: columns("n", "BIGINT", "s", "VARCHAR", "t", "VARCHAR")}
	for i := range 5 {
		rows.rows = append(rows.rows, []any{int64(i), "short", "end"})
	}
	rows.rows = append(rows.rows, []any{int64(123456), "much longer than any before", "end"})
	got := text(t, rows, Options{Width: 30, Sample: 3})
	want := `n  s      t
─  ─────  ───
0  short  end
1  short  end
2  short  end
3  short  end
4  short  end
123456  much…  end
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTableLeavesOutColumns(t *testing.T) {
	const long = "0123456789abcdefg"
	rows := &memory{columns: columns("a", "VARCHAR", "b", "VARCHAR", "c", "VARCHAR"), rows: [][]any{{long, long, long}}}
	got := text(t, rows, Options{Width: 34, Footer: true})
	want := `a                 b
────────────────  ────────────────
0123456789abcde…  0123456789abcde…
1 column not shown for want of width (format line shows all): c
1 row
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestEmptyResults(t *testing.T) {
	for format, want := range map[Format]string{
		Table: "a\n─\n", CSV: "a\n", TSV: "a\n", JSON: "[]\n", NDJSON: "", Markdown: "| a |\n| --- |\n", Line: "",
	} {
		if got := text(t, &memory{columns: columns("a", "VARCHAR")}, Options{Format: format}); got != want {
			t.Errorf("%s: got %q, want %q", format, got, want)
		}
	}
	for _, format := range []Format{Table, CSV, TSV, NDJSON, Markdown, Line} {
		if got := text(t, &memory{}, Options{Format: format}); got != "" {
			t.Errorf("%s without columns: got %q", format, got)
		}
	}
}

// A plan is drawn in lines, with what it quotes of the query made safe.
func TestPlan(t *testing.T) {
	plan := func() value.Rows {
		return &memory{columns: columns("explain_key", "VARCHAR", "explain_value", "VARCHAR"),
			rows: [][]any{{"physical_plan", "┌──────┐\n│ a\x1b[2J│   \n└──────┘\n"}}}
	}
	for _, f := range []Format{"", Table, Line} {
		if got, want := text(t, plan(), Options{Format: f, Width: 40, Footer: true}), "┌──────┐\n│ a\\x1b[2J│\n└──────┘\n"; got != want {
			t.Errorf("%s: %q", f, got)
		}
	}
	if got := text(t, plan(), Options{Format: NDJSON}); !strings.HasPrefix(got, `{"explain_key":"physical_plan",`) {
		t.Errorf("ndjson: %s", got)
	}
}

func TestRowsError(t *testing.T) {
	broken := errors.New("interrupted")
	for format, want := range map[Format]string{
		Table: "a\n─\nx\n", CSV: "a\nx\n", TSV: "a\nx\n", JSON: "[\n{\"a\":\"x\"}\n", NDJSON: "{\"a\":\"x\"}\n",
		Markdown: "| a |\n| --- |\n| x |\n", Line: "─[ 1 ]" + strings.Repeat("─", 54) + "\na │ x\n",
	} {
		var b bytes.Buffer
		n, err := Write(&b, &memory{columns: columns("a", "VARCHAR"), rows: [][]any{{"x"}}, err: broken}, Options{Format: format, Footer: true})
		if err != broken || n != 1 {
			t.Errorf("%s: n %d, err %v", format, n, err)
		}
		if b.String() != want {
			t.Errorf("%s: got %q, want %q", format, b.String(), want)
		}
		if format == JSON && json.Valid(b.Bytes()) {
			t.Error("part of a JSON array reads as a whole one")
		}
	}
	var b bytes.Buffer
	if _, err := Write(&b, &memory{columns: columns("a", "VARCHAR"), err: broken}, Options{}); err != broken || b.Len() > 0 {
		t.Errorf("a table that failed before its first row: %q, %v", b.String(), err)
	}
}

type failing struct{ left int }

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

// A reader that has gone ends the writing soon, not after the last row.
func TestWriteError(t *testing.T) {
	for _, format := range Formats() {
		rows := &memory{columns: columns("a", "VARCHAR")}
		for range 30_000 {
			rows.rows = append(rows.rows, []any{"some text of a row"})
		}
		n, err := Write(&failing{left: 70_000}, rows, Options{Format: format})
		if !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("%s: err %v", format, err)
		}
		if n > 20_000 {
			t.Errorf("%s: went on for %d rows", format, n)
		}
	}
	rows := &memory{columns: columns("a", "VARCHAR"), rows: [][]any{{"x"}}}
	if _, err := Write(&failing{}, rows, Options{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("error of the last flush: %v", err)
	}
}

func TestParseFormat(t *testing.T) {
	for _, f := range Formats() {
		if got, err := ParseFormat(strings.ToUpper(string(f))); got != f || err != nil {
			t.Errorf("%s: %q, %v", f, got, err)
		}
	}
	for name, nearest := range map[string]Format{
		"jsn": JSON, "cvs": CSV, "md": Markdown, "jsonl": NDJSON, "mark": Markdown, "tabel": Table, "parquet": "", "": "", "nd-json": NDJSON,
	} {
		_, err := ParseFormat(name)
		var unknown *UnknownFormatError
		if !errors.As(err, &unknown) || unknown.Nearest != nearest {
			t.Errorf("%q: %v, want nearest %q", name, err, nearest)
		}
	}
	_, err := Write(io.Discard, &memory{}, Options{Format: "jsn"})
	if err == nil || err.Error() != `unknown format "jsn": did you mean json?` {
		t.Errorf("Write with an unknown format: %v", err)
	}
	if hint := err.(*UnknownFormatError).Hint(); hint != "formats: table, csv, tsv, json, ndjson, markdown, line" {
		t.Error(hint)
	}
}

func TestEscape(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		"plain text, ~ ü 日本":              "plain text, ~ ü 日本",
		"\x1b[31mred\x1b[0m":              `\x1b[31mred\x1b[0m`,
		`\x1b[31m`:                        `\\x1b[31m`,
		"a\nb\tc\rd\x00e\x7f":             `a\nb\tc\rd\x00e\x7f`,
		"\u009b31m \u0085":                `\u009b31m \u0085`,
		"\x9b":                            `\x9b`,
		"\u202eexe.txt\u2069":             `\u202eexe.txt\u2069`,
		"\u200b\ufeff\u00a0\u00ad":        `\u200b\ufeff\u00a0\u00ad`,
		"\u2028\u2029":                    `\u2028\u2029`,
		"tag \U000e0041":                  `tag \U000e0041`,
		"C:\\dir\\temp\\":                 `C:\dir\\temp\`,
		`{"a":"say \"hi\""}`:              `{"a":"say \"hi\""}`,
		"\\\x1b":                          `\\\x1b`,
		"\\\xff":                          `\\\xff`,
		"e\u0301":                         "e\u0301",
		"\u0301e":                         `\u0301e`,
		" \u0301":                         ` \u0301`,
		"e\u0301\u0301\u0301\u0301\u0301": "e\u0301\u0301\u0301\u0301" + `\u0301`,
		"x\ufe0f\u3164":                   `x\ufe0f\u3164`,
	} {
		if got := Escape(in); got != want {
			t.Errorf("Escape(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"abcdef", 6, "abcdef"}, {"abcdef", 5, "abcd…"}, {"abcdef", 1, "…"}, {"", 3, ""}, {"abcdef", 0, "abcdef"},
		{"日本語", 6, "日本語"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"},
		{"ab\x1bcd", 6, `ab…`}, {"ab\x1bcd", 7, `ab\x1b…`}, {"ab\x1bcd", 8, `ab\x1bcd`},
		{strings.Repeat("x", 1<<20), 3, "xx…"},
	} {
		got := Cut(c.in, c.width)
		if got != c.want {
			t.Errorf("Cut(%.20q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
		if c.width > 0 && Width(got) > c.width {
			t.Errorf("Cut(%.20q, %d) is %d wide", c.in, c.width, Width(got))
		}
	}
}

func TestText(t *testing.T) {
	for want, v := range map[string]any{
		"∅": nil, `\u2205`: "∅", "true": true, "-7": int64(-7), "1.5": 1.5, "NaN": math.NaN(), "2026-01-02T03:04:05.06Z": time.Date(2026, 1, 2, 3, 4, 5, 60e6, time.UTC),
		`a\x00\x5C`: []byte("a\x00\\"), `[1,"\\u001b"]`: []any{int64(1), "\x1b"}, "100000000000000000000": 1e20, "1e+21": 1e21, "{7}": struct{ N int }{7},
	} {
		if got := Text(v); got != want {
			t.Errorf("Text(%#v) = %q, want %q", v, got, want)
		}
	}
}

func TestUniqueNames(t *testing.T) {
	for in, want := range map[string]string{"a,a,a": "a,a_2,a_3", "a,a_2,a": "a,a_2,a_3", "a,a,a_2": "a,a_3,a_2", "a,b": "a,b"} {
		var cols []value.Column
		for _, name := range strings.Split(in, ",") {
			cols = append(cols, value.Column{Name: name})
		}
		if got := strings.Join(uniqueNames(cols), ","); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func TestCSVNullAndEmpty(t *testing.T) {
	rows := &memory{columns: columns("a", "VARCHAR", "b", "VARCHAR", "n", "INTEGER"), rows: [][]any{{nil, "", int64(-1)}, {"'=x", "-1", 1.5}, {"a\"b", " c", nil}}}
	if d := cmp.Diff("a,b,n\n,\"\",-1\n''=x,'-1,1.5\n\"a\"\"b\",\" c\",\n", text(t, rows, Options{Format: CSV})); d != "" {
		t.Error(d)
	}
}

// undefuse takes back what defused put before a text.
func undefuse(s string) string {
	if rest := strings.TrimPrefix(s, "'"); rest != s && defused(rest) {
		return rest
	}
	return s
}

// nasty are texts with which a log may try to act on what shows it.
var nasty = []string{
	"\x1b]52;c;Y2FsYw==\x07", "\x1bP+q544e\x1b\\", "\x1b[6n\x9b31m\u009d0;t\u009c", "a\rb\bc\x7fd\ve\ff", "\u202ecod.exe\u202c \u2066x\u2069 \u200e\u200f\u061c",
	"a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg", "tag\U000e0001\U000e0041", "v\ufe0f\U000e0100", "line\u2028para\u2029nel\u0085", "e" + strings.Repeat("\u0301", 60),
	"\xc0\xafover\xed\xa0\x80long\xf8\x88\x80\x80\x80", strings.Repeat("=1+1|cmd", 20000), "=1+1", "+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", "''=1", "\"\n=1",
	"</script><img src=x onerror=alert(1)>", "![x](javascript:alert(1))", "|a|\n|-|", "`x` <!-- ]]> &amp;", "\\N", "\\", "\\x1b", "null",
}

// TestFormulas: no cell that a reader of CSV or TSV gets begins a formula.
func TestFormulas(t *testing.T) {
	for _, s := range nasty {
		rows := func() *memory {
			return &memory{columns: columns(s, "VARCHAR"), rows: [][]any{{s}, {[]byte(s)}, {[]any{s}}}}
		}
		records, err := csv.NewReader(strings.NewReader(text(t, rows(), Options{Format: CSV}))).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(text(t, rows(), Options{Format: TSV}), "\n") {
			records = append(records, []string{line})
		}
		for _, r := range records {
			if strings.HasPrefix(r[0], "'") || r[0] == "" {
				continue
			}
			if first := []rune(r[0])[0]; strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
				t.Errorf("%.40q begins a formula", r[0])
			}
		}
	}
}

func FuzzText(f *testing.F) {
	for _, row := range hostile().rows {
		if s, ok := row[1].(string); ok {
			f.Add(s, "x", int64(9), 10)
		}
	}
	f.Add("\\\u202e\\x", "'+1", int64(-1), 1)
	f.Add("a\xf0\x9f", "\xff", int64(0), 3)
	for _, s := range nasty {
		f.Add(s, "'"+s, int64(0), 12)
	}
	f.Fuzz(func(t *testing.T, a, b string, n int64, width int) {
		make := func() *memory {
			return &memory{columns: columns("a", "VARCHAR", "b", "VARCHAR", "n", "BIGINT"), rows: [][]any{{a, b, n}, {[]byte(a), []any{b}, n}}}
		}
		width %= 200
		for _, opts := range []Options{{}, {Width: width}, {Format: Line}, {Format: Markdown}, {Format: TSV}, {Format: CSV, Terminal: true}, {Format: JSON}, {Format: NDJSON}} {
			for _, r := range text(t, make(), opts) {
				if !shown(r) && r != '\n' && (r != '\t' || opts.Format != TSV) {
					t.Fatalf("%+v: %q reached the output", opts, r)
				}
			}
		}
		if got := unescape(t, Escape(a)); got != a {
			t.Fatalf("Escape(%q) = %q reads as %q", a, Escape(a), got)
		}
		if width > 0 {
			if w := Width(Cut(a, width)); w > width {
				t.Fatalf("Cut(%q, %d) is %d wide", a, width, w)
			}
		}
		var whole, bits bytes.Buffer
		for w, chunk := range map[*bytes.Buffer]int{&whole: len(a) + 1, &bits: 1} {
			e := EscapeTo(w)
			for s := a; s != ""; s = s[min(chunk, len(s)):] {
				if _, err := e.Write([]byte(s[:min(chunk, len(s))])); err != nil {
					t.Fatal(err)
				}
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if whole.String() != bits.String() || !strings.Contains(a, "\n") && whole.String() != Escape(a) {
			t.Fatalf("EscapeTo of %q: whole %q, by bytes %q, Escape %q", a, whole.String(), bits.String(), Escape(a))
		}

		valid := func(s string) string { return strings.ToValidUTF8(s, "�") }
		var objects []map[string]any
		if err := json.Unmarshal([]byte(text(t, make(), Options{Format: JSON})), &objects); err != nil {
			t.Fatal(err)
		}
		// encoding/json gives one U+FFFD for each bad byte, as we do.
		quoted, _ := json.Marshal(a)
		var want string
		if err := json.Unmarshal(quoted, &want); err != nil {
			t.Fatal(err)
		}
		if objects[0]["a"] != want {
			t.Fatalf("JSON of %q reads as %q", a, objects[0]["a"])
		}
		if a != valid(a) || b != valid(b) {
			return
		}
		reader := csv.NewReader(strings.NewReader(text(t, make(), Options{Format: CSV})))
		records, err := reader.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		// encoding/csv turns CRLF within quotes into LF.
		lf := func(s string) string { return strings.ReplaceAll(s, "\r\n", "\n") }
		if got, want := records[1], []string{lf(a), lf(b), fmt.Sprint(n)}; undefuse(got[0]) != want[0] || undefuse(got[1]) != want[1] || got[2] != want[2] {
			t.Fatalf("CSV of %q reads as %q", want, got)
		}
	})
}

// unescape is Escape backwards, by its documented rules alone.
func unescape(t *testing.T, s string) string {
	t.Helper()
	var out []byte
	number := func(digits string) rune {
		var r rune
		if _, err := fmt.Sscanf(digits, "%x", &r); err != nil {
			t.Fatalf("escape with digits %q in %q", digits, s)
		}
		return r
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			out = append(out, s[i])
			continue
		}
		switch s[i+1] {
		case '\\':
			out, i = append(out, '\\'), i+1
		case 'n':
			out, i = append(out, '\n'), i+1
		case 't':
			out, i = append(out, '\t'), i+1
		case 'r':
			out, i = append(out, '\r'), i+1
		case 'x':
			out, i = append(out, byte(number(s[i+2:i+4]))), i+3
		case 'u':
			out, i = append(out, string(number(s[i+2:i+6]))...), i+5
		case 'U':
			out, i = append(out, string(number(s[i+2:i+10]))...), i+9
		default:
			out = append(out, '\\')
		}
	}
	return string(out)
}

type endless struct {
	memory
	left int
	row  []any
}

func (e *endless) Next() bool    { e.left--; return e.left >= 0 }
func (e *endless) Values() []any { return e.row }

// However many the rows, no more of them is held than one buffer.
func TestConstantMemory(t *testing.T) {
	for _, format := range Formats() {
		rows := func(n int) *endless {
			return &endless{memory{columns: columns("t", "TIMESTAMP", "s", "VARCHAR", "n", "BIGINT")}, n, []any{time.Unix(0, 0), "arn:aws:iam::111122223333:user/alice", int64(1)}}
		}
		counter := &peak{}
		if n, err := Write(counter, rows(50_000), Options{Format: format, Width: 80}); n != 50_000 || err != nil {
			t.Fatal(n, err)
		}
		if counter.largest > 64<<10 {
			t.Errorf("%s: %d bytes written at once", format, counter.largest)
		}
	}
}

type peak struct{ largest int }

func (p *peak) Write(b []byte) (int, error) { p.largest = max(p.largest, len(b)); return len(b), nil }

func BenchmarkWrite(b *testing.B) {
	for _, format := range Formats() {
		b.Run(string(format), func(b *testing.B) {
			rows := &endless{memory{columns: columns("t", "TIMESTAMP", "s", "VARCHAR", "n", "BIGINT")}, b.N, []any{time.Unix(1, 5e8), "arn:aws:iam::111122223333:user/alice", int64(12345)}}
			b.ReportAllocs()
			if _, err := Write(io.Discard, rows, Options{Format: format, Width: 80}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
