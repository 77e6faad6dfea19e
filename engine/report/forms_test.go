package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
)

func written(t *testing.T, write func(*bytes.Buffer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func asMarkdown(t *testing.T, d Data) string {
	return written(t, func(b *bytes.Buffer) error { return Markdown(b, d) })
}

func asJSON(t *testing.T, d Data) string {
	return written(t, func(b *bytes.Buffer) error { return JSON(b, d) })
}

func TestFormsGolden(t *testing.T) {
	for name, got := range map[string]string{
		"sample.md": asMarkdown(t, sample()), "sample.json": asJSON(t, sample()), "empty.md": asMarkdown(t, Data{}), "empty.json": asJSON(t, Data{}),
	} {
		path := filepath.Join("testdata", name)
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

// Whatever comes in a log, it is text in the other forms, too, and JSON gives it
// back as it was.
func TestHostileForms(t *testing.T) {
	text := asMarkdown(t, hostileData())
	fenced := false
	for i, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		// Within code, and only there, it stands as it is.
		if strings.Contains(line, "<script>") && !fenced && !strings.Contains(line, "`") {
			t.Errorf("markdown, line %d: %s", i+1, line)
		}
	}
	if fenced {
		t.Error("markdown: a block of code does not end")
	}
	object := asJSON(t, hostileData())
	for name, out := range map[string]string{"markdown": text, "json": object} {
		for _, r := range out {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s: %U reached the output", name, r)
			}
		}
	}
	var got struct {
		Findings []struct {
			Title string
			Rows  []struct{ Cells []string }
		}
	}
	if err := json.Unmarshal([]byte(object), &got); err != nil {
		t.Fatal(err)
	}
	want := strings.ToValidUTF8(hostile, "\ufffd")
	if got.Findings[0].Title != want || got.Findings[0].Rows[0].Cells[0] != want {
		t.Errorf("%q", got.Findings)
	}
}

// The lists of the object are never null, so that a program need not ask.
func TestJSONListsAreNotNull(t *testing.T) {
	var o map[string]any
	if err := json.Unmarshal([]byte(asJSON(t, Data{})), &o); err != nil {
		t.Fatal(err)
	}
	may := []string{"generated", "since", "until", "traffic", "coverage", "start", "first_time", "last_time"}
	var look func(path string, v any)
	look = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				if x == nil && !strings.Contains(strings.Join(may, " ")+" ", k+" ") {
					t.Errorf("%s.%s is null", path, k)
				}
				look(path+"."+k, x)
			}
		case []any:
			for i, x := range v {
				look(fmt.Sprintf("%s[%d]", path, i), x)
			}
		}
	}
	look("", o)
	if o["type"] != Type {
		t.Errorf("type %v", o["type"])
	}
}

func TestHugeCellsAreCut(t *testing.T) {
	huge := strings.Repeat("é\u202e", 1_000_000)
	got := cellText(huge)
	if len(got) > 8*longestCell || !strings.HasSuffix(got, " bytes more)") {
		t.Errorf("%d bytes, ending %q", len(got), got[len(got)-40:])
	}
	if got := cellText("short"); got != "short" {
		t.Error(got)
	}
}

func TestMatrix(t *testing.T) {
	m := layMatrix(sorted(sample().Findings))
	byTactic := map[string][]string{}
	var order []string
	for _, c := range m.Columns {
		order = append(order, c.Short)
		for _, x := range c.Cells {
			byTactic[c.Short] = append(byTactic[c.Short], fmt.Sprintf("%s %s %d/%d", x.ID, x.Severity, x.Findings, x.Hits))
		}
	}
	if order[0] != "reconnaissance" || order[len(order)-1] != "impact" {
		t.Errorf("tactics: %v", order)
	}
	if d := cmp.Diff([]string{"T1530 high 1/1240"}, byTactic["collection"]); d != "" {
		t.Error(d)
	}
	// The worst finding of a technique gives its severity.
	if d := cmp.Diff([]string{"T1078.004 high 2/4", "T1190 high 1/3"}, byTactic["initial-access"]); d != "" {
		t.Error(d)
	}
	if m := layMatrix([]Finding{{Attack: []string{"T9999", "x"}}}); !m.empty() || len(m.Unknown) != 2 {
		t.Errorf("unknown ids: %+v", m)
	}
}

// crossing reports whether two boxes have common ground.
func crossing(a, b box) bool {
	return a.X < b.X+boxWidth && b.X < a.X+boxWidth && a.Y < b.Y+boxHeight && b.Y < a.Y+boxHeight
}

func TestGraph(t *testing.T) {
	if layGraph(Chains{}) != nil {
		t.Error("a picture of nothing")
	}
	// However many and however entangled, boxes stand inside and apart, and
	// credentials go to the right but for what closes a circle.
	c := Chains{}
	for i := range MaxActors {
		c.Actors = append(c.Actors, Actor{Name: fmt.Sprintf("arn:aws:iam::111122223333:role/r%d", i), Kind: "role", Role: fmt.Sprintf("r%d", i), Account: "111122223333"})
		for j := range 3 {
			c.Assumptions = append(c.Assumptions, Assumption{From: i, To: (i*7 + j*11 + 1) % MaxActors, Count: int64(i + 1)})
		}
	}
	g := layGraph(c)
	for i, b := range g.Boxes {
		if b.X < 0 || b.Y < 0 || b.X+boxWidth > g.Width || b.Y+boxHeight > g.Height {
			t.Errorf("box %d at %.0f, %.0f of %.0f x %.0f", i, b.X, b.Y, g.Width, g.Height)
		}
		for j := range i {
			if crossing(b, g.Boxes[j]) {
				t.Errorf("boxes %d and %d lie over one another", i, j)
			}
		}
	}
	layer, back := layers(c)
	for n, e := range c.Assumptions {
		if e.From != e.To && !back[n] && layer[e.From] >= layer[e.To] {
			t.Errorf("%d in layer %d to %d in %d does not lead on", e.From, layer[e.From], e.To, layer[e.To])
		}
	}
	// A chain stands in one line after the other, and an arrow over it has room.
	c = Chains{Actors: c.Actors[:3], Assumptions: []Assumption{{From: 0, To: 1, Count: 1}, {From: 1, To: 2, Count: 1}, {From: 0, To: 2, Count: 1}}}
	g = layGraph(c)
	if g.Layers != 3 || !(g.Boxes[0].X < g.Boxes[1].X && g.Boxes[1].X < g.Boxes[2].X) {
		t.Errorf("layers %d, boxes %+v", g.Layers, g.Boxes)
	}
	layer, back = layers(c)
	r := route(c, layer, back)
	if len(r.via[2]) != 1 || len(r.via[0]) != 0 {
		t.Errorf("rooms: %v", r.via)
	}
}

func TestTraffic(t *testing.T) {
	if layTraffic(Traffic{}) != nil {
		t.Error("a picture of nothing")
	}
	tr := sample().Traffic
	for range 3 {
		tr.Out, tr.In = append(tr.Out, tr.Out...), append(tr.In, tr.In...)
	}
	p := layTraffic(tr)
	if p.OutSum != sum(tr.Out) || p.InSum != sum(tr.In) {
		t.Error("merging lost flows")
	}
	if len(p.Out) > maxBars || len(p.Levels) < 2 {
		t.Errorf("%d bars, %d levels", len(p.Out), len(p.Levels))
	}
	for _, list := range [][]bar{p.Out, p.In, p.Accepted, p.Rejected} {
		for _, b := range list {
			if b.X < p.Left-0.1 || b.X+b.W > p.Right+1 || b.Y < p.Top || b.Y+b.H > p.Bottom {
				t.Errorf("a bar outside: %+v", b)
			}
		}
	}
	for x, want := range map[float64]float64{0.2: 1, 7: 5, 4999: 2000, 1e9: 1e9} {
		if got := round125(x); got != want {
			t.Errorf("round125(%v) = %v", x, got)
		}
	}
}

func TestSaid(t *testing.T) {
	valid := []Trail{{Digests: []Tally{{"valid", 2}}}}
	for got, want := range map[string]string{
		word(Verification{Why: "x"}):                               "not verified",
		word(Verification{Done: true, Trails: valid}):              "does not hold",
		word(Verification{Done: true, Sound: true}):                "unchanged, not proven",
		word(Verification{Done: true, Sound: true, Trails: valid}): "unchanged",
		took(0): "–", took(3100 * time.Microsecond): "3.1 ms", took(250 * time.Millisecond): "250 ms", took(3 * time.Second): "3.0 s",
		Data{}.window(): "", Data{Since: at(0)}.window(): "since 2026-03-02 00:00:00", Data{Until: at(1)}.window(): "before 2026-03-02 01:00:00",
		Record{}.origin(): "", Record{FileID: 2, RecordNo: 3, Exact: true}.origin(): "record 3 of file 2",
		code("a`b"): "``a`b``", code("`"): "`` ` ``",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if s := (Chains{Omitted: 2, Actors: make([]Actor, 1)}).statement(); !strings.Contains(s, "2 more principals") || !strings.HasPrefix(s, "No finding names") {
		t.Error(s)
	}
}

func word(v Verification) string {
	w, _ := v.verdict()
	return w
}
