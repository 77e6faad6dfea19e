package coverage

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"logquarry/engine/render"
)

// Mark is what a cell of the picture says. Of a bucket with several it is the
// worst, which is the greatest.
type Mark int

const (
	Outside   Mark = iota // before the first record of the row or after its last
	Quiet                 // no records, and none to be expected
	NoData                // flow logs say that there was no traffic
	Some                  // records, less than half of what the row has mostly
	Usual                 // up to twice that
	More                  // up to eight times
	Most                  // above
	Changed               // records, and a call changed the logging
	SkipData              // flow logs say that records were lost
	Little                // far fewer records than expected
	Hole                  // no records where some were to be expected
	Explained             // no records or few, and a call that explains it
)

// marks are how each is drawn: its letter, without block letters, its name and colour.
var marks = [...]struct {
	letter, ascii rune
	words, colour string
}{
	Outside:   {' ', ' ', "", ""},
	Quiet:     {'·', '.', "no records, none expected", "2"},
	NoData:    {'o', 'o', "NODATA: no traffic, the log worked", "2"},
	Some:      {'░', ':', "records: under half of the row's median", "38;5;65"},
	Usual:     {'▒', '+', "up to twice the median", "38;5;71"},
	More:      {'▓', '#', "up to 8 times", "38;5;77"},
	Most:      {'█', '@', "above 8 times", "38;5;83"},
	Changed:   {'*', '*', "logging changed in this time", "1;36"},
	SkipData:  {'S', 'S', "SKIPDATA: records lost", "1;30;43"},
	Little:    {'-', '-', "far too few", "1;33"},
	Hole:      {'X', 'X', "no records where they were to be expected", "1;97;41"},
	Explained: {'!', '!', "none or few, with a logging change as the cause", "1;97;45"},
}

// Legend are the marks in the order a legend has them: what is wrong, then
// records from few to many, then none.
func Legend() []Mark {
	return []Mark{Explained, Hole, Little, SkipData, Changed, Some, Usual, More, Most, NoData, Quiet}
}

// Letter is how the mark is drawn, Words what it says; both empty for Outside.
func (m Mark) Letter() string {
	if m == Outside {
		return ""
	}
	return string(marks[m].letter)
}

func (m Mark) Words() string { return marks[m].words }

// Of is the mark of a cell in a row whose cells with records have this median
// of records an hour.
func (c Cell) Of(median float64) Mark {
	switch rate := c.Rate(); {
	case c.Hours == 0:
		return Outside
	case c.Explained > 0:
		return Explained
	case c.Gap > 0:
		return Hole
	case c.Little > 0:
		return Little
	case c.SkipData > 0:
		return SkipData
	case c.Changed:
		return Changed
	case c.Records == 0 && c.NoData > 0:
		return NoData
	case c.Records == 0:
		return Quiet
	case rate < median/2:
		return Some
	case rate <= median*2:
		return Usual
	case rate <= median*8:
		return More
	}
	return Most
}

// Rate is records an hour.
func (c Cell) Rate() float64 {
	if c.Hours == 0 {
		return 0
	}
	return float64(c.Records) / float64(c.Hours)
}

// Median is of the records an hour of those cells that have any.
func (r Row) Median() float64 {
	var rates []float64
	for _, c := range r.Cells {
		if c.Records > 0 {
			rates = append(rates, c.Rate())
		}
	}
	if len(rates) == 0 {
		return 0
	}
	slices.Sort(rates)
	return rates[(len(rates)-1)/2]
}

// Narrow joins neighbouring buckets until there are at most n, each as long as
// a step that people count in, where one will do.
func (m Map) Narrow(n int) Map {
	if m.N <= n || n < 1 {
		return m
	}
	for _, h := range append(slices.Clone(steps), 48, 7*24, 14*24, 28*24) {
		step := time.Duration(h) * time.Hour
		if step <= m.Step || step%m.Step != 0 {
			continue
		}
		out := m
		out.Step, out.Start = step, m.Start.Truncate(step)
		per, shift := int(step/m.Step), int(m.Start.Sub(out.Start)/m.Step)
		if out.N = (m.N + shift + per - 1) / per; out.N <= n {
			return m.fold(out, per, shift)
		}
	}
	per := (m.N + n - 1) / n
	out := m
	out.Step, out.N = m.Step*time.Duration(per), (m.N+per-1)/per
	return m.fold(out, per, 0)
}

// fold joins per buckets, the first of which lacks shift.
func (m Map) fold(out Map, per, shift int) Map {
	out.Rows = make([]Row, len(m.Rows))
	for i, r := range m.Rows {
		cells := make([]Cell, out.N)
		for j, c := range r.Cells {
			o := &cells[(j+shift)/per]
			o.Hours, o.Records, o.Gap, o.Explained = o.Hours+c.Hours, o.Records+c.Records, o.Gap+c.Gap, o.Explained+c.Explained
			o.Little, o.NoData, o.SkipData, o.Changed = o.Little+c.Little, o.NoData+c.NoData, o.SkipData+c.SkipData, o.Changed || c.Changed
		}
		r.Cells = cells
		out.Rows[i] = r
	}
	return out
}

// Worst is the map with n of its rows alone, in the order they have: those that
// have gaps or changes of their logging, the busiest first, then the busiest of the
// rest. With flawed, the rest is left out.
func (m Map) Worst(n int, flawed bool) Map {
	type ranked struct {
		at      int
		bad     bool
		records int64
	}
	var list []ranked
	for i, r := range m.Rows {
		x := ranked{at: i}
		for _, c := range r.Cells {
			x.records += c.Records
			x.bad = x.bad || c.Gap+c.Little+c.SkipData > 0 || c.Changed
		}
		if x.bad || !flawed {
			list = append(list, x)
		}
	}
	slices.SortStableFunc(list, func(a, b ranked) int {
		if a.bad != b.bad {
			if a.bad {
				return -1
			}
			return 1
		}
		return cmp.Compare(b.records, a.records)
	})
	list = list[:min(n, len(list))]
	slices.SortFunc(list, func(a, b ranked) int { return cmp.Compare(a.at, b.at) })
	out := m
	out.Rows = nil
	for _, x := range list {
		out.Rows = append(out.Rows, m.Rows[x.at])
	}
	return out
}

// Options say how the picture looks. The zero value is 80 cells wide and plain.
type Options struct {
	Width  int // cells; 0: 80
	Rows   int // most rows drawn; 0: 60
	Gaps   int // most gaps listed below; 0: none
	Flawed bool
	Colour bool
	ASCII  bool // no block letters
	Indent string
}

// Draw writes the picture: a row a source, account and region, a column a span
// of time, a legend of the letters in it, and the gaps. With Flawed, rows
// without a gap are left out.
func Draw(w io.Writer, m Map, opts Options) error {
	d := &drawing{w: bufio.NewWriter(w), Options: opts}
	if d.Width <= 0 {
		d.Width = 80
	}
	if d.Rows <= 0 {
		d.Rows = 60
	}
	if m.N == 0 || len(m.Rows) == 0 {
		d.line("no records with a time")
		return d.w.Flush()
	}
	shown := m.Worst(d.Rows, d.Flawed)
	if len(shown.Rows) > 0 {
		d.picture(shown)
	}
	if left := len(m.Rows) - len(shown.Rows); left > 0 && !d.Flawed {
		d.line(d.paint("2", fmt.Sprintf("… and %d more, whole or of fewer records; the view coverage has all", left)))
	}
	if m.Outside > 0 {
		d.line(fmt.Sprintf("not drawn, more than %d days away: %s records", apart, render.Thousands(m.Outside)))
	}
	d.list(m.Gaps)
	return d.w.Flush()
}

type drawing struct {
	Options
	w    *bufio.Writer
	used [len(marks)]bool
}

func (d *drawing) line(text string) { fmt.Fprintln(d.w, strings.TrimRight(d.Indent+text, " ")) }

func (d *drawing) paint(code, text string) string {
	if !d.Colour || code == "" || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// picture draws rows under the name of their source; a source of one row is one line.
func (d *drawing) picture(m Map) {
	of := map[string]int{}
	for _, r := range m.Rows {
		of[r.Source]++
	}
	width := d.Width - len(d.Indent)
	left := 0
	for _, r := range m.Rows {
		left = max(left, render.Width(render.Escape(label(r, of[r.Source] == 1))), render.Width(render.Escape(r.Source)))
	}
	left = min(left, max(12, width/2))
	m = m.Narrow(max(1, width-left-2))
	wide := min(max(1, (width-left-2)/m.N), 3)
	d.axis(m, left, wide)
	source := ""
	for _, r := range m.Rows {
		alone := of[r.Source] == 1
		if r.Source != source && !alone {
			d.line(d.paint("1", render.Cut(r.Source, left)))
		}
		source = r.Source
		name := render.Cut(label(r, alone), left)
		d.line(name + strings.Repeat(" ", left-render.Width(name)) + " " + d.edge() + d.cells(r, wide))
	}
	d.legend(m.Step)
}

func label(r Row, whole bool) string {
	name := strings.TrimSpace(r.Account + " " + r.Region)
	switch {
	case whole:
		name = strings.TrimSpace(r.Source + " " + name)
	case name == "":
		name = "  account not told"
	default:
		name = "  " + name
	}
	return name
}

func (d *drawing) edge() string {
	if d.ASCII {
		return "|"
	}
	return "│"
}

// cells draws runs of one mark under one colour.
func (d *drawing) cells(r Row, wide int) string {
	var out, run strings.Builder
	median := r.Median()
	colour := ""
	end := func() {
		out.WriteString(d.paint(colour, run.String()))
		run.Reset()
	}
	for _, c := range r.Cells {
		mark := c.Of(median)
		d.used[mark] = true
		if marks[mark].colour != colour {
			end()
			colour = marks[mark].colour
		}
		letter := marks[mark].letter
		if d.ASCII {
			letter = marks[mark].ascii
		}
		run.WriteString(strings.Repeat(string(letter), wide))
	}
	end()
	return out.String()
}

// axis writes the days, or the months, over the column in which they begin.
func (d *drawing) axis(m Map, left, wide int) {
	row := []byte(strings.Repeat(" ", m.N*wide+12))
	free := 0
	format, same := "01-02", func(a, b time.Time) bool { return a.YearDay() == b.YearDay() && a.Year() == b.Year() }
	if m.Step*time.Duration(m.N) > 60*24*time.Hour {
		format, same = "2006-01", func(a, b time.Time) bool { return a.Month() == b.Month() && a.Year() == b.Year() }
	}
	var before time.Time
	for i := range m.N {
		at := m.Start.Add(time.Duration(i) * m.Step).UTC()
		if i > 0 && same(at, before) {
			continue
		}
		before = at
		if text := at.Format(format); i*wide >= free && i*wide+len(text) <= max(m.N*wide, len(text)) {
			copy(row[i*wide:], text)
			free = i*wide + len(text) + 1
		}
	}
	head := render.Cut(m.Start.UTC().Format("2006")+" UTC", left)
	d.line(d.paint("2", head+strings.Repeat(" ", left-render.Width(head))+"  "+string(row)))
}

// legend says what the letters mean that were drawn, and how long a column is.
func (d *drawing) legend(step time.Duration) {
	span := "one hour"
	switch {
	case step%(24*time.Hour) == 0 && step > 24*time.Hour:
		span = fmt.Sprintf("%d days", step/(24*time.Hour))
	case step == 24*time.Hour:
		span = "one day"
	case step > time.Hour:
		span = fmt.Sprintf("%d hours", step/time.Hour)
	}
	text := "a column is " + span
	for _, mark := range Legend() {
		if !d.used[mark] {
			continue
		}
		letter := marks[mark].letter
		if d.ASCII {
			letter = marks[mark].ascii
		}
		item := string(letter) + " " + marks[mark].words
		if render.Width(text)+3+render.Width(item) > d.Width-len(d.Indent) {
			d.line(d.paint("2", text))
			text = item
		} else {
			text += "   " + item
		}
	}
	d.line(d.paint("2", text))
}

// list writes the gaps, those with the most missing first.
func (d *drawing) list(gaps []Gap) {
	if d.Gaps <= 0 || len(gaps) == 0 {
		return
	}
	list := slices.Clone(gaps)
	slices.SortStableFunc(list, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(b.weight(), a.weight()), a.From.Compare(b.From))
	})
	d.line("")
	for _, g := range list[:min(d.Gaps, len(list))] {
		what := fmt.Sprintf("%s to %s  %s %s", g.From.UTC().Format("2006-01-02 15:04"), g.To.UTC().Format("01-02 15:04"), render.Escape(strings.TrimSpace(g.Source+" "+g.Where())), d.paint("33", g.Kind()))
		detail := g.Detail()
		plain := render.Width(what)
		if d.Colour {
			plain -= len(d.paint("33", "x")) - 1
		}
		switch room := d.Width - len(d.Indent); {
		case detail == "":
			d.line(what)
		case plain+2+render.Width(render.Escape(detail)) <= room:
			d.line(what + "  " + render.Escape(detail))
		default:
			d.line(what)
			d.line("    " + render.Cut(detail, room-4))
		}
	}
	if left := len(list) - d.Gaps; left > 0 {
		d.line(d.paint("2", fmt.Sprintf("… and %d more; SELECT * FROM coverage WHERE is_gap", left)))
	}
}

// weight orders gaps by what is missing, those with a cause before all.
func (g Gap) weight() float64 {
	w := max(0, g.Expected-float64(g.Records)) + g.To.Sub(g.From).Hours()/1000
	if g.Cause != "" {
		w += 1e15
	}
	return w
}
