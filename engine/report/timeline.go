package report

import (
	"fmt"
	"math"
	"time"

	"logquarry/engine/render"
)

// Geometry of the timeline plot, in SVG user units.
const (
	plotWidth   = 1120.0
	plotLeft    = 262.0 // room for labels
	plotRight   = 40.0  // room for half the last tick's label
	markHeight  = 20.0
	laneHeight  = 54.0
	laneLow     = 26.0 // of each, where there are more than fewLanes
	fewLanes    = 6
	laneGap     = 14.0
	axisHeight  = 34.0
	maxBars     = 240 // more are merged: a bar is then some 3.5 units wide
	maxMarks    = 20  // findings drawn; the worst come first
	markLetters = 36  // of a finding's title
	maxTicks    = 9   // one in some 92 units
)

// plot is the timeline laid out; the template only writes it down.
type plot struct {
	Width, Height, Left, Right, Top, Bottom float64
	Ticks                                   []tick
	Marks                                   []mark
	Lanes                                   []lane
	Omitted                                 int // findings not drawn
	Span                                    string
	Step                                    string
}

type tick struct {
	X            float64
	Label, Below string
	Major        bool
}

// mark is a finding: a bar from its first to its last hit.
type mark struct {
	Y, TextY, X, W, MidY float64
	Severity             Severity
	Title, Href, Tip     string
}

// lane is the events of one source.
type lane struct {
	Y, Base, LabelY, PeakY float64
	Source, Peak           string
	Colour                 int
	Bars                   []bar
}

type bar struct {
	X, Y, W, H float64
	Tip        string
}

// layout places findings and events on one axis. It is nil where there is no time to show.
func layout(t Timeline, findings []findingView) *plot {
	t = merged(t)
	start, end := t.Start, t.end()
	if t.Step <= 0 {
		start, end = time.Time{}, time.Time{}
	}
	for _, f := range findings {
		start, end = span(start, end, f.First, f.Last)
	}
	if start.IsZero() || end.IsZero() {
		return nil
	}
	if !end.After(start) {
		end = start.Add(time.Minute)
	}
	scale := (plotWidth - plotLeft - plotRight) / float64(end.Sub(start))
	x := func(at time.Time) float64 { return plotLeft + float64(at.Sub(start))*scale }

	p := &plot{Width: plotWidth, Left: plotLeft, Right: plotWidth - plotRight, Top: axisHeight, Span: period(start, end)}
	y := axisHeight + 6
	for _, f := range findings {
		if f.First.IsZero() {
			continue
		}
		if len(p.Marks) == maxMarks {
			p.Omitted++
			continue
		}
		last := f.Last
		if last.Before(f.First) {
			last = f.First
		}
		// A hit of one instant is still to be seen: 4 units at least.
		left, right := x(f.First), x(last)
		if right-left < 4 {
			left = min(max(plotLeft, left-2), p.Right-4)
			right = left + 4
		}
		p.Marks = append(p.Marks, mark{
			Y: y + 5, TextY: y + 14, MidY: y + markHeight/2, X: left, W: right - left, Severity: f.Severity.known(),
			Title: render.Cut(f.Title, markLetters), Href: "#" + f.Anchor,
			Tip: fmt.Sprintf("%s: %s, %s", f.Title, plural(f.Count, "hit"), period(f.First, f.Last)),
		})
		y += markHeight
	}
	if len(p.Marks) > 0 {
		y += laneGap
	}
	if t.Step > 0 {
		p.Step = duration(t.Step)
		height := laneHeight
		if len(t.Series) > fewLanes {
			height = laneLow
		}
		for i, s := range t.Series {
			p.Lanes = append(p.Lanes, makeLane(i, s, t, y, height, x))
			y += height + laneGap
		}
	}
	p.Bottom, p.Height = y-laneGap+4, y+2
	p.Ticks = ticks(start, end, maxTicks, x)
	return p
}

func makeLane(i int, s Series, t Timeline, y, height float64, x func(time.Time) float64) lane {
	l := lane{Y: y, Base: y + height, LabelY: y + height/2 - 1, PeakY: y + height/2 + 12, Source: s.Source, Colour: i % 6}
	var peak int64
	for _, n := range s.Counts {
		peak = max(peak, n)
	}
	l.Peak = "peak " + render.Thousands(peak)
	for j, n := range s.Counts {
		if n <= 0 {
			continue
		}
		from := t.Start.Add(time.Duration(j) * t.Step)
		// The square root keeps single events visible beside a flood.
		h := max(1.5, height*math.Sqrt(float64(n)/float64(peak)))
		left, right := x(from), x(from.Add(t.Step))
		l.Bars = append(l.Bars, bar{
			X: left, W: max(0.8, right-left-0.6), Y: l.Base - h, H: h,
			Tip: fmt.Sprintf("%s: %s from %s", s.Source, plural(n, "event"), stamp(from)),
		})
	}
	return l
}

// merged joins neighbouring spans until there are at most maxBars.
func merged(t Timeline) Timeline {
	n := 0
	for _, s := range t.Series {
		n = max(n, len(s.Counts))
	}
	if n <= maxBars {
		return t
	}
	join := (n + maxBars - 1) / maxBars
	out := Timeline{Start: t.Start, Step: t.Step * time.Duration(join)}
	for _, s := range t.Series {
		counts := make([]int64, (len(s.Counts)+join-1)/join)
		for i, c := range s.Counts {
			counts[i/join] += c
		}
		out.Series = append(out.Series, Series{s.Source, counts})
	}
	return out
}

// tickSteps are the distances between ticks that people count in.
var tickSteps = []time.Duration{
	time.Second, 5 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	24 * time.Hour, 2 * 24 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 28 * 24 * time.Hour,
}

// ticks are whole UTC times between start and end, at most some most of them.
func ticks(start, end time.Time, most int, x func(time.Time) float64) []tick {
	step := tickSteps[len(tickSteps)-1]
	for _, s := range tickSteps {
		if end.Sub(start)/s <= time.Duration(most) {
			step = s
			break
		}
	}
	for end.Sub(start)/step > time.Duration(most) {
		step *= 2
	}
	var out []tick
	day := ""
	for at := start.UTC().Truncate(step); !at.After(end); at = at.Add(step) {
		if at.Before(start) {
			continue
		}
		t := tick{X: x(at), Label: at.Format("15:04")}
		switch {
		case step >= 24*time.Hour:
			t.Label = at.Format("2 Jan")
			if year := at.Format("2006"); year != day {
				t.Below, t.Major, day = year, true, year
			}
		default:
			if step < time.Minute {
				t.Label = at.Format("15:04:05")
			}
			if d := at.Format("2 Jan 2006"); d != day {
				t.Below, t.Major, day = d, true, d
			}
		}
		out = append(out, t)
	}
	return out
}

// known is s, or info for a word that is no severity: it names a CSS class.
func (s Severity) known() Severity {
	if s.rank() == len(Severities()) {
		return Info
	}
	return s
}
