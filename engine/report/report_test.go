package report

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"logquarry/engine/coverage"
	"logquarry/engine/render"
	"logquarry/engine/value"
)

var (
	update = flag.Bool("update", false, "rewrite the golden files")
	keep   = flag.String("keep", "", "write the sample report to this file, to look at")
)

func terminal(t *testing.T, d Data, opts Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Terminal(&b, d, opts); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func page1(t *testing.T, d Data) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, d); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTerminalGolden(t *testing.T) {
	clean := sample()
	clean.Findings, clean.Aside, clean.Missing, clean.Notes, clean.Kept = nil, nil, nil, nil, nil
	clean.Hunts = clean.Hunts[9:31]
	clean.Case = "/cases/2026 march/it's.duckdb"
	for name, got := range map[string]string{
		"sample_100":    terminal(t, sample(), Options{}),
		"sample_80":     terminal(t, sample(), Options{Width: 80}),
		"sample_160":    terminal(t, sample(), Options{Width: 160}),
		"sample_colour": terminal(t, sample(), Options{Width: 120, Colour: true}),
		"clean":         terminal(t, clean, Options{}),
		"empty":         terminal(t, Data{}, Options{}),
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
}

// The summary fits two screens, however much was found.
func TestTerminalStaysShort(t *testing.T) {
	d := sample()
	for range 5 {
		d.Findings, d.Aside, d.Missing = append(d.Findings, d.Findings...), append(d.Aside, d.Aside...), append(d.Missing, d.Missing...)
		d.Principals, d.Addresses = append(d.Principals, d.Principals...), append(d.Addresses, d.Addresses...)
		d.Hunts, d.Kept = append(d.Hunts, d.Hunts...), append(d.Kept, d.Kept...)
	}
	out := terminal(t, d, Options{Width: 120})
	if n := strings.Count(out, "\n"); n > 104 {
		t.Errorf("%d lines:\n%s", n, out)
	}
	if !strings.Contains(out, "… 273 more; the report has all") {
		t.Errorf("does not say how many findings were left out:\n%s", out)
	}
}

func TestTerminalKeepsToWidth(t *testing.T) {
	for _, width := range []int{80, 90, 100, 120, 200} {
		for line := range strings.Lines(terminal(t, sample(), Options{Width: width})) {
			if w := render.Width(strings.TrimSuffix(line, "\n")); w > width && !strings.Contains(line, "quarry pivot") {
				t.Errorf("width %d: %d columns: %s", width, w, line)
			}
		}
	}
}

// The picture of coverage has each row, the letters of what is wrong, and what they mean.
func TestCoverage(t *testing.T) {
	p := page1(t, sample())
	for want, n := range map[string]int{
		`<rect class="cov hole"`: 24 + 1, `<rect class="cov explained"`: 5 + 1, `<rect class="cov little"`: 1 + 1, `<rect class="cov skipdata"`: 1 + 1,
		`>X</text>`: 24 + 1, `>!</text>`: 5 + 1, `>111122223333 ap-south-1</text>`: 1, `>vpc_flow 111122223333</text>`: 1, `>waf</text>`: 2,
		`no records where they were to be expected: 0 records from 2026-03-03 00:00:00`: 1, "3 records more than a year from these are not drawn": 1,
	} {
		if got := strings.Count(p, want); got != n {
			t.Errorf("%s: %d times, not %d", want, got, n)
		}
	}
	d := sample()
	d.Coverage = coverage.Map{}
	if p := page1(t, d); strings.Contains(p, `id="coverage"`) {
		t.Error("a picture of nothing is drawn")
	}
	// However long the span and however many the rows, it stays readable.
	d = sample()
	d.Coverage.N, d.Coverage.Step = 400, 24*time.Hour
	for i := range 200 {
		d.Coverage.Rows = append(d.Coverage.Rows, coverage.Row{Source: "waf", Account: fmt.Sprint(i), Cells: make([]coverage.Cell, 400)})
	}
	h := layHeat(d.Coverage)
	if len(h.Rows) > heatRows+3 || h.More != int64(len(d.Coverage.Rows)-heatRows) || len(h.Ticks) > maxTicks {
		t.Errorf("%d lines, %d left out, %d ticks", len(h.Rows), h.More, len(h.Ticks))
	}
	for _, r := range h.Rows {
		for _, c := range r.Cells {
			if c.X+c.W > plotWidth || c.W < 5 {
				t.Fatalf("%s: a cell at %.1f of width %.1f", r.Label, c.X, c.W)
			}
		}
	}
}

// fill sets every string in v to s, with one element in each slice.
func fill(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Int64, reflect.Int:
		v.SetInt(3)
	case reflect.Interface:
		v.Set(reflect.ValueOf(s))
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), s)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(at(1)))
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), s)
		}
	}
}

const hostile = "\x1b]0;x\a\u202e\x9b\u0085\x00\"'><script>alert(1)</script><img src=http://192.0.2.1/x onerror=alert(1)>{{.}} javascript:alert(1) \n"

func hostileData() Data {
	var d Data
	fill(reflect.ValueOf(&d).Elem(), hostile)
	d.Chains.Assumptions[0].From, d.Chains.Assumptions[0].To = 0, 0 // its places are in a list of one
	return d
}

// Whatever field a hostile text comes in, it reaches nothing.
func TestHostileTexts(t *testing.T) {
	d := hostileData()
	for name, out := range map[string]string{"terminal": terminal(t, d, Options{}), "html": page1(t, d)} {
		for _, r := range out {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s: %U reached the output", name, r)
			}
		}
		if !strings.Contains(out, `\x1b]0;x\x07\u202e\x9b\u0085\x00`) {
			t.Errorf("%s: the text is not shown", name)
		}
	}
	checkPage(t, page1(t, d))
}

// checkPage parses a page and fails where it is not self-contained or holds
// anything active but its own style and script.
func checkPage(t *testing.T, text string) *html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	ids, scripts, styles, policy := map[string]bool{}, 0, 0, ""
	var links []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "script":
			scripts++
			if n.FirstChild == nil || n.FirstChild.Data != script {
				t.Error("a script that is not ours, or not as its hash was taken")
			}
		case "style":
			styles++
			if n.FirstChild == nil || n.FirstChild.Data != style {
				t.Error("a style that is not ours, or not as its hash was taken")
			}
		case "img", "iframe", "object", "embed", "link", "base", "form", "image", "use", "audio", "video", "foreignobject":
			t.Errorf("element <%s>", n.Data)
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "srcset":
				t.Errorf("attribute %s of <%s>", a.Key, n.Data)
			case a.Key == "href":
				links = append(links, a.Val)
			case a.Key == "id":
				if ids[a.Val] {
					t.Errorf("id %s twice", a.Val)
				}
				ids[a.Val] = true
			case a.Key == "content" && strings.Contains(a.Val, "default-src"):
				policy = a.Val
			}
		}
	}
	for _, l := range links {
		if !strings.HasPrefix(l, "#") || !ids[l[1:]] {
			t.Errorf("link %q leads nowhere in the page", l)
		}
	}
	if scripts != 1 || styles != 1 {
		t.Errorf("%d scripts, %d styles", scripts, styles)
	}
	want := "default-src 'none'; style-src '" + hash(style) + "'; script-src '" + hash(script) + "'; base-uri 'none'; form-action 'none'"
	if policy != want {
		t.Errorf("policy %q, want %q", policy, want)
	}
	if regexp.MustCompile(`url\(|@import`).MatchString(style) {
		t.Error("the style refers to something outside")
	}
	return root
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode && c.Parent.Data != "script" && c.Parent.Data != "style" {
			b.WriteString(c.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func TestHTML(t *testing.T) {
	out := page1(t, sample())
	if *keep != "" {
		if err := os.WriteFile(*keep, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text := textOf(checkPage(t, out))
	for _, want := range []string{
		"<script>alert(document.domain)</script>", `sqlmap/1.7 \x1b[2J\u202egpj.exe`, `{"userName":"backup-svc"}`, "∅",
		"1 critical 3 high 3 medium 1 low 1 info", "269,596 records", "1,228 more hits not shown: quarry hunt s3_mass_read",
		"31 hunts ran: 9 hit, 22 clean; 1 skipped, 1 failed", "out of memory at 1.2 GiB", "no known source",
		"2 rejects: gzip stream ends early at decompressed byte 131,072", "2026-03-03 05:18:36 to 2026-03-03 10:30:00 (5 h 11 min)",
		"since 2026-03-04 22:45:00", "AND event_time < $until", "until = 2026-03-05T00:00:00Z", "T1562.008", "4 Mar 2026",
		`the key's <b>first</b> use \u202egpj.exe`, "Rows SHA-256 " + strings.Repeat("0a", 32), "kept 2026-03-05 08:00:00 by ada on lab-3", "42 more rows not shown",
		"since = 2026-03-01T00:00:00Z", "3. SELECT count(*) FROM waf", "Not to be relied on: its stored rows were changed.",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(out, "ZgotmplZ") {
		t.Error("html/template refused a value")
	}
	checkPage(t, page1(t, Data{}))
}

func TestHTMLCutsRows(t *testing.T) {
	d := Data{Findings: []Finding{{Hunt: "h", Count: 80, Columns: []value.Column{{Name: "n", Type: "BIGINT"}}}}}
	for i := range int64(80) {
		d.Findings[0].Rows = append(d.Findings[0].Rows, []any{1000 + i})
	}
	text := textOf(checkPage(t, page1(t, d)))
	if !strings.Contains(text, "1049") || strings.Contains(text, "1050") || !strings.Contains(text, "30 more hits not shown") {
		t.Error("the rows are not cut at MaxRows, or this is not said")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, os.ErrClosed }

func TestWriteErrors(t *testing.T) {
	if err := HTML(broken{}, sample()); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
	if err := Terminal(broken{}, sample(), Options{}); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestTicks(t *testing.T) {
	x := func(at time.Time) float64 { return at.Sub(epoch).Hours() }
	for hours, want := range map[float64]string{
		0.001: "00:00:00 00:00:01 00:00:02 00:00:03", 0.5: "00:00 00:05 00:10 00:15 00:20 00:25 00:30", 20: "00:00 03:00 06:00 09:00 12:00 15:00 18:00",
		72: "00:00 12:00 00:00 12:00 00:00 12:00 00:00", 24 * 60: "2 Mar 9 Mar 16 Mar 23 Mar 30 Mar 6 Apr 13 Apr 20 Apr 27 Apr", 24 * 3650: "",
	} {
		var labels []string
		list := ticks(epoch, at(hours), maxTicks, x)
		for _, tick := range list {
			labels = append(labels, tick.Label)
		}
		if len(list) == 0 || len(list) > 10 {
			t.Errorf("%v hours: %d ticks", hours, len(list))
		}
		if got := strings.Join(labels, " "); want != "" && got != want {
			t.Errorf("%v hours: %s, want %s", hours, got, want)
		}
	}
}

func TestLayoutStaysInside(t *testing.T) {
	d := sample()
	d.Timeline = Timeline{Start: epoch, Step: time.Minute, Series: []Series{{"a", make([]int64, 5000)}, {"b", nil}}}
	var sum int64
	for i := range d.Timeline.Series[0].Counts {
		d.Timeline.Series[0].Counts[i] = int64(i % 7)
		sum += int64(i % 7)
	}
	m := merged(d.Timeline)
	if n := len(m.Series[0].Counts); n > maxBars {
		t.Errorf("%d bars", n)
	}
	for _, c := range m.Series[0].Counts {
		sum -= c
	}
	if sum != 0 {
		t.Errorf("merging lost %d events", sum)
	}
	p := layout(d.Timeline, view(d).Findings)
	for _, m := range p.Marks {
		if m.X < p.Left || m.X+m.W > p.Right+0.01 || m.W < 4 {
			t.Errorf("mark %q from %v, %v wide", m.Title, m.X, m.W)
		}
	}
	for _, l := range p.Lanes {
		for _, b := range l.Bars {
			if b.X < p.Left || b.X+b.W > p.Right+1 || b.Y < l.Y-0.01 || b.Y+b.H > p.Bottom {
				t.Errorf("bar %+v", b)
			}
		}
	}
	if layout(Timeline{}, nil) != nil {
		t.Error("a plot of nothing")
	}
	one := []findingView{{Finding: Finding{First: at(1), Last: at(1)}}}
	if p := layout(Timeline{}, one); p == nil || len(p.Marks) != 1 {
		t.Error("a single instant is not drawn")
	}
}

func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		render.Size(999): "999 B", render.Size(1000): "1.0 kB", render.Size(13_200_000): "13.2 MB", render.Size(999_999): "1.0 MB",
		plural(1, "hit"): "1 hit", plural(1234, "file"): "1,234 files",
		duration(90 * time.Second): "1 min", duration(26 * time.Hour): "1 d 2 h", duration(5 * time.Second): "5 s", duration(49*time.Hour + time.Minute): "2 d 1 h",
		Data{Case: "case.duckdb"}.command("hunt", "x"): "quarry hunt x",
		Data{Case: "/a b"}.command("pivot", "it's"):    `quarry pivot 'it'\''s' --case '/a b'`,
		stamp(time.Time{}):                             "–",
		Gap{To: at(1)}.period(period):                  "until 2026-03-02 01:00:00", Gap{}.period(period): "–",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSortedFindings(t *testing.T) {
	in := []Finding{{Hunt: "odd", Severity: "weird"}, {Hunt: "late", Severity: High, First: at(2)}, {Hunt: "never", Severity: High}, {Hunt: "early", Severity: High, First: at(1)}, {Hunt: "worst", Severity: Critical, First: at(9)}}
	var got []string
	for _, f := range sorted(in) {
		got = append(got, f.Hunt)
	}
	if d := cmp.Diff([]string{"worst", "early", "late", "never", "odd"}, got); d != "" {
		t.Error(d)
	}
	if in[0].Hunt != "odd" {
		t.Error("the caller's slice was changed")
	}
}
