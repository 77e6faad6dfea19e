package report

import (
	"fmt"
	"strings"
	"time"

	"logquarry/engine/coverage"
	"logquarry/engine/render"
)

// Geometry of the picture of coverage, in SVG user units.
const (
	heatLeft     = 292.0
	heatRight    = 40.0
	heatRow      = 18.0
	heatColumns  = 96 // most columns: a cell then has room for its letter
	heatRows     = 60 // most rows; those with gaps come first
	heatWidest   = 30.0
	heatLetters  = 44 // of a row's label
	heatTickRoom = 92.0
)

// heat is the picture of coverage laid out; the template only writes it down.
type heat struct {
	Width, Height, Top, Bottom float64
	Ticks                      []tick
	Rows                       []heatLine
	Key                        []heatKey
	Step                       string
	More                       int64 // rows not drawn
	Outside                    int64
}

// heatLine is a row, or with no cells the name of a source of several.
type heatLine struct {
	Y, TextY, LabelX float64
	Label            string
	Source           bool
	Cells            []heatCell
}

type heatCell struct {
	X, Y, W, H, MidX, TextY float64
	Class, Letter, Tip      string
}

type heatKey struct{ Class, Letter, Words string }

// heatClass is the CSS class of a mark; of those in lettered the letter is drawn, too.
var heatClass = map[coverage.Mark]string{
	coverage.Quiet: "quiet", coverage.NoData: "nodata", coverage.Some: "some", coverage.Usual: "usual", coverage.More: "more", coverage.Most: "most",
	coverage.Changed: "changed", coverage.SkipData: "skipdata", coverage.Little: "little", coverage.Hole: "hole", coverage.Explained: "explained",
}

func lettered(m coverage.Mark) bool { return m == coverage.NoData || m >= coverage.Changed }

// layHeat places the rows of m. It is nil where there is no time to show.
func layHeat(m coverage.Map) *heat {
	shown := m.Worst(heatRows, false)
	if m.N == 0 || m.Step <= 0 || len(shown.Rows) == 0 {
		return nil
	}
	omitted := len(m.Rows) - len(shown.Rows)
	m = shown.Narrow(heatColumns)
	wide := min(heatWidest, (plotWidth-heatLeft-heatRight)/float64(m.N))
	h := &heat{Width: plotWidth, Top: axisHeight, Step: duration(m.Step), More: int64(omitted), Outside: m.Outside}
	of := map[string]int{}
	for _, r := range m.Rows {
		of[r.Source]++
	}
	var used [coverage.Explained + 1]bool
	y, source := axisHeight+4, ""
	for _, r := range m.Rows {
		label := strings.TrimSpace(r.Account + " " + r.Region)
		x := 14.0
		switch {
		case of[r.Source] == 1:
			label, x = strings.TrimSpace(r.Source+" "+label), 0
		case r.Source != source:
			h.Rows = append(h.Rows, heatLine{Y: y, TextY: y + 13, Label: render.Cut(r.Source, heatLetters), Source: true})
			y += heatRow
		}
		if label == "" {
			label = "account not told"
		}
		source = r.Source
		line := heatLine{Y: y, TextY: y + 13, LabelX: x, Label: render.Cut(label, heatLetters)}
		median := r.Median()
		for i, c := range r.Cells {
			mark := c.Of(median)
			used[mark] = true
			if mark == coverage.Outside {
				continue
			}
			cell := heatCell{X: heatLeft + float64(i)*wide, Y: y + 1, W: max(1, wide-1), H: heatRow - 2, TextY: y + 13, Class: heatClass[mark]}
			if mark == coverage.Quiet {
				// A thin line is enough, and neighbours are one.
				if n := len(line.Cells); n > 0 && line.Cells[n-1].Class == "quiet" && line.Cells[n-1].X+line.Cells[n-1].W > cell.X-2 {
					line.Cells[n-1].W = cell.X + cell.W - line.Cells[n-1].X
					continue
				}
				cell.Y, cell.H = y+heatRow/2, 1
				line.Cells = append(line.Cells, cell)
				continue
			}
			if lettered(mark) {
				cell.Letter, cell.MidX = mark.Letter(), cell.X+cell.W/2
			}
			cell.Tip = fmt.Sprintf("%s: %s from %s", mark.Words(), plural(c.Records, "record"), stamp(m.Start.Add(time.Duration(i)*m.Step)))
			line.Cells = append(line.Cells, cell)
		}
		h.Rows = append(h.Rows, line)
		y += heatRow
	}
	h.Bottom, h.Height = y+2, y+6
	end := m.Start.Add(time.Duration(m.N) * m.Step)
	scale := wide * float64(m.N) / float64(end.Sub(m.Start))
	h.Ticks = ticks(m.Start, end, int(max(1, wide*float64(m.N)/heatTickRoom)), func(at time.Time) float64 { return heatLeft + float64(at.Sub(m.Start))*scale })
	for _, mark := range coverage.Legend() {
		if used[mark] {
			key := heatKey{Class: heatClass[mark], Words: mark.Words()}
			if lettered(mark) {
				key.Letter = mark.Letter()
			}
			h.Key = append(h.Key, key)
		}
	}
	return h
}
