package timeline

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// Options say how a chart looks. The zero value is 80 cells wide and plain.
type Options struct {
	Width  int // cells; 0: 80
	Height int // lines of the columns; 0: 8
	Colour bool
	ASCII  bool // no block letters
}

// palette are colours told apart on dark and on light grounds, of the 256 of
// xterm: blue, orange, green, magenta, cyan, red, yellow, grey.
var palette = []int{33, 208, 70, 170, 37, 160, 178, 245}

var (
	eighths = []rune(" ▁▂▃▄▅▆▇█")
	ramp    = []rune(" .:-=+*#%@")
)

// Draw writes the chart: columns of all sources together, one row a source
// below them, each to its own scale, and the time in UTC under all.
func Draw(w io.Writer, c *Chart, opts Options) error {
	b := bufio.NewWriter(w)
	d := drawing{Chart: c, Options: opts, w: b}
	if d.Width <= 0 {
		d.Width = 80
	}
	if d.Height <= 0 {
		d.Height = 8
	}
	if c.Total == 0 || len(c.Sources) == 0 {
		fmt.Fprintln(b, "no events match")
		return b.Flush()
	}
	d.layout()
	d.columns()
	d.axis()
	d.rows()
	d.legend()
	return b.Flush()
}

type drawing struct {
	*Chart
	Options
	w *bufio.Writer

	n      int     // buckets
	cells  int     // cells a bucket takes
	per    int     // buckets a cell takes where there are more than cells
	left   int     // cells left of the chart
	names  int     // of those, for names
	sums   []int64 // of all sources, by cell column
	slots  int     // cell columns, before they are widened
	peak   int64
	peakAt time.Time
}

func (d *drawing) layout() {
	d.n = len(d.Sources[0].Counts)
	for _, s := range d.Sources {
		d.names = max(d.names, runewidth.StringWidth(label(s.Name)))
	}
	d.left = d.names + 1 + len(thousands(d.Sources[0].Total)) + 1
	room := max(1, d.Width-d.left-1)
	d.per = (d.n + room - 1) / room
	d.slots = (d.n + d.per - 1) / d.per
	d.cells = max(1, min(room/d.slots, 8))
	d.sums = make([]int64, d.slots)
	for i := range d.n {
		var sum int64
		for _, s := range d.Sources {
			sum += s.Counts[i]
		}
		d.sums[i/d.per] += sum
	}
	for i, n := range d.sums {
		if n > d.peak {
			d.peak, d.peakAt = n, d.Start.Add(time.Duration(i*d.per)*d.Step)
		}
	}
}

// label is the name of a source as it is shown.
func label(name string) string {
	if name == "" {
		name = "(none)"
	}
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
	return runewidth.Truncate(name, 18, "~")
}

// slot is the count of source s in cell column i.
func (d *drawing) slot(s Source, i int) int64 {
	var sum int64
	for j := i * d.per; j < min((i+1)*d.per, d.n); j++ {
		sum += s.Counts[j]
	}
	return sum
}

func (d *drawing) columns() {
	for row := d.Height - 1; row >= 0; row-- {
		mark := ""
		switch row {
		case d.Height - 1:
			mark = thousands(d.peak)
		case d.Height / 2:
			if d.peak >= 4 {
				mark = thousands(d.peak * int64(2*row+1) / int64(2*d.Height))
			}
		}
		edge := "│"
		if mark != "" {
			edge = "┤"
		}
		if d.ASCII {
			edge = "|"
		}
		fmt.Fprintf(d.w, "%*s%s", d.left, mark, edge)
		line := newLine(d)
		for i, n := range d.sums {
			letter, source := ' ', -1
			// The height in eighths of a cell; a bucket with any event shows.
			tall := n * int64(d.Height) * 8 / d.peak
			if n > 0 {
				tall = max(tall, 1)
			}
			full := min(8, max(0, tall-int64(row)*8))
			switch {
			case full == 0:
			case d.ASCII && (full >= 4 || row == 0):
				letter = '#'
			case !d.ASCII:
				letter = eighths[full]
			}
			if letter != ' ' {
				source = d.sourceAt(i, n, (int64(row)*8+full/2)*d.peak/int64(d.Height*8))
			}
			line.add(letter, source, d.cells)
		}
		line.end()
	}
}

// sourceAt is whose count stands at height at in the stack of column i.
func (d *drawing) sourceAt(i int, n, at int64) int {
	at = min(at, n-1)
	for j, s := range d.Sources {
		if at -= d.slot(s, i); at < 0 {
			return j
		}
	}
	return len(d.Sources) - 1
}

func (d *drawing) rows() {
	letters := eighths
	if d.ASCII {
		letters = ramp
	}
	for j, s := range d.Sources {
		var most int64
		for i := range d.slots {
			most = max(most, d.slot(s, i))
		}
		name := label(s.Name)
		pad := strings.Repeat(" ", d.names-runewidth.StringWidth(name))
		total := thousands(s.Total)
		if d.Colour {
			name = fmt.Sprintf("\x1b[38;5;%dm%s\x1b[0m", palette[j%len(palette)], name)
		}
		fmt.Fprintf(d.w, "%s%s %*s  ", name, pad, d.left-d.names-2, total)
		line := newLine(d)
		for i := range d.slots {
			n := d.slot(s, i)
			level := 0
			if n > 0 {
				level = max(1, int(n*int64(len(letters)-1)/most))
			}
			source := j
			if level == 0 {
				source = -1
			}
			line.add(letters[level], source, d.cells)
		}
		line.end()
	}
}

// axis draws the line under the columns with its marks, and the times.
func (d *drawing) axis() {
	corner, bar, tick := "└", "─", "┬"
	if d.ASCII {
		corner, bar, tick = "+", "-", "+"
	}
	width := d.slots * d.cells
	marks := make([]string, width)
	for i := range marks {
		marks[i] = bar
	}
	times := make([]byte, 0, width+20)
	slot := d.Step * time.Duration(d.per)
	every := d.tickEvery(slot)
	day := ""
	for i := range d.slots {
		t := d.Start.Add(time.Duration(i) * slot)
		// The first bucket at or past a round time carries the mark.
		if i > 0 && t.Truncate(every).Equal(t.Add(-slot).Truncate(every)) {
			continue
		}
		at := i * d.cells
		text := t.Format("15:04")
		if today := t.Format("2006-01-02"); every >= 24*time.Hour {
			text = today
		} else if today != day {
			text = t.Format("01-02 15:04") // the year stands below
			day = today
		}
		if i > 0 && at < len(times)+1 || at+len(text) > max(width, len(text))+min(12, max(0, d.Width-d.left-1-width)) {
			if every < 24*time.Hour && at >= len(times)+1 {
				day = "" // the date was not shown
			}
			continue
		}
		marks[at] = tick
		times = append(times, strings.Repeat(" ", at-len(times))...)
		times = append(times, text...)
	}
	fmt.Fprintf(d.w, "%*s%s%s\n", d.left, "0", corner, strings.Join(marks, ""))
	fmt.Fprintf(d.w, "%*s %s\n", d.left, "UTC", times)
}

// tickEvery is how far marks of the axis are apart: room for a time between them.
func (d *drawing) tickEvery(slot time.Duration) time.Duration {
	const room = 12 // cells: a date with a time and a blank
	for _, e := range []time.Duration{5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, day, 2 * day, 7 * day, 14 * day, 28 * day} {
		if e >= slot && int64(e/slot)*int64(d.cells) >= room {
			return e
		}
	}
	return slot * time.Duration(room/d.cells+1)
}

func (d *drawing) legend() {
	slot := d.Step * time.Duration(d.per)
	events := "events"
	if d.Total == 1 {
		events = "event"
	}
	dot, dash := "·", "–"
	if d.ASCII {
		dot, dash = "|", "-"
	}
	const layout = "2006-01-02 15:04:05"
	fmt.Fprintf(d.w, "%s %s %s one column is %s %s peak %s at %s\n%s %s %s UTC\n",
		thousands(d.Total), events, dot, span(slot), dot, thousands(d.peak), d.peakAt.Format("2006-01-02 15:04"),
		d.First.Format(layout), dash, d.Last.Format(layout))
}

func span(d time.Duration) string {
	n, unit := int64(d/time.Minute), "minute"
	switch {
	case d >= day && d%day == 0:
		n, unit = int64(d/day), "day"
	case d >= time.Hour && d%time.Hour == 0:
		n, unit = int64(d/time.Hour), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}

// line writes cells and changes the colour only where it has to.
type line struct {
	d      *drawing
	colour int
	blanks int
}

func newLine(d *drawing) *line { return &line{d: d, colour: -1} }

func (l *line) add(letter rune, source, times int) {
	if letter == ' ' { // blanks at the end are not written
		l.blanks += times
		return
	}
	l.d.w.WriteString(strings.Repeat(" ", l.blanks))
	l.blanks = 0
	if l.d.Colour && source != l.colour {
		fmt.Fprintf(l.d.w, "\x1b[38;5;%dm", palette[source%len(palette)])
		l.colour = source
	}
	l.d.w.WriteString(strings.Repeat(string(letter), times))
}

func (l *line) end() {
	if l.colour >= 0 {
		l.d.w.WriteString("\x1b[0m")
	}
	l.d.w.WriteByte('\n')
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
