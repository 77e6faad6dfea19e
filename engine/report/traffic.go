package report

import (
	"fmt"
	"math"
	"time"

	"logquarry/engine/render"
)

// Traffic is what flow logs say passed between private addresses and the
// internet, in equal spans of time.
type Traffic struct {
	Start   time.Time
	Step    time.Duration
	Out, In []Flows
	Any     bool // there are flows at all
}

// Flows are those of one span; Bytes are of the accepted ones.
type Flows struct{ Bytes, Accepted, Rejected int64 }

// sum adds up spans.
func sum(list []Flows) (t Flows) {
	for _, f := range list {
		t.Bytes, t.Accepted, t.Rejected = t.Bytes+f.Bytes, t.Accepted+f.Accepted, t.Rejected+f.Rejected
	}
	return t
}

// merged joins neighbouring spans until there are at most maxBars.
func (t Traffic) merged() Traffic {
	join := (len(t.Out) + maxBars - 1) / maxBars
	if join <= 1 {
		return t
	}
	fold := func(list []Flows) (out []Flows) {
		for i := 0; i < len(list); i += join {
			out = append(out, sum(list[i:min(i+join, len(list))]))
		}
		return out
	}
	t.Out, t.In, t.Step = fold(t.Out), fold(t.In), t.Step*time.Duration(join)
	return t
}

// Geometry of the plot of traffic, in SVG user units.
const (
	trafficHeight = 110.0 // of the bars of one direction
	flowsHeight   = 44.0
)

// trafficPlot is the traffic laid out: bytes out above the middle, bytes in below
// it on the same scale, then flows.
type trafficPlot struct {
	Width, Height, Left, Right, Top, Bottom float64
	Middle, FlowsY, FlowsBase               float64
	Ticks                                   []tick
	Levels                                  []level
	Out, In, Accepted, Rejected             []bar
	Step                                    string
	MostFlows                               int64
	OutSum, InSum                           Flows
}

// level is a line of the scale.
type level struct {
	Y, TextY float64
	Label    string
}

// layTraffic is nil where there is none.
func layTraffic(t Traffic) *trafficPlot {
	if !t.Any || t.Step <= 0 || len(t.Out) == 0 || len(t.Out) != len(t.In) {
		return nil
	}
	t = t.merged()
	end := t.Start.Add(time.Duration(len(t.Out)) * t.Step)
	scale := (plotWidth - plotLeft - plotRight) / float64(end.Sub(t.Start))
	x := func(at time.Time) float64 { return plotLeft + float64(at.Sub(t.Start))*scale }
	p := &trafficPlot{Width: plotWidth, Left: plotLeft, Right: plotWidth - plotRight, Top: axisHeight, Step: duration(t.Step), OutSum: sum(t.Out), InSum: sum(t.In)}
	p.Middle = axisHeight + 8 + trafficHeight
	p.FlowsY = p.Middle + trafficHeight + 26
	p.FlowsBase = p.FlowsY + flowsHeight
	p.Bottom, p.Height = p.FlowsBase+2, p.FlowsBase+6
	p.Ticks = ticks(t.Start, end, maxTicks, x)
	var most int64 = 1
	for i := range t.Out {
		most = max(most, t.Out[i].Bytes, t.In[i].Bytes)
		p.MostFlows = max(p.MostFlows, t.Out[i].Accepted+t.In[i].Accepted+t.Out[i].Rejected+t.In[i].Rejected)
	}
	step := round125(float64(most) / 2)
	high := math.Max(float64(most), step)
	for v := step; v <= high*1.001; v += step {
		h := v / high * trafficHeight
		p.Levels = append(p.Levels, level{p.Middle - h, p.Middle - h + 4, render.Size(int64(v))}, level{p.Middle + h, p.Middle + h + 4, render.Size(int64(v))})
	}
	for i := range t.Out {
		from := t.Start.Add(time.Duration(i) * t.Step)
		left, width := x(from), max(0.8, t.Step.Seconds()*1e9*scale-0.6)
		put := func(list *[]bar, n int64, height, base float64, up bool, tip string) {
			if n <= 0 {
				return
			}
			b := bar{X: left, W: width, H: max(1, height), Y: base, Tip: tip + " from " + stamp(from)}
			if up {
				b.Y = base - b.H
			}
			*list = append(*list, b)
		}
		put(&p.Out, t.Out[i].Bytes, float64(t.Out[i].Bytes)/high*trafficHeight, p.Middle, true, fmt.Sprintf("out: %s, %s", render.Size(t.Out[i].Bytes), plural(t.Out[i].Accepted, "flow")))
		put(&p.In, t.In[i].Bytes, float64(t.In[i].Bytes)/high*trafficHeight, p.Middle, false, fmt.Sprintf("in: %s, %s", render.Size(t.In[i].Bytes), plural(t.In[i].Accepted, "flow")))
		accepted, rejected := t.Out[i].Accepted+t.In[i].Accepted, t.Out[i].Rejected+t.In[i].Rejected
		unit := flowsHeight / float64(max(1, p.MostFlows))
		put(&p.Accepted, accepted, float64(accepted)*unit, p.FlowsBase, true, plural(accepted, "flow")+" accepted")
		put(&p.Rejected, rejected, float64(rejected)*unit, p.FlowsBase-float64(accepted)*unit, true, plural(rejected, "flow")+" rejected")
	}
	return p
}

// round125 is the next 1, 2 or 5 times a power of ten at or below x, at least 1.
func round125(x float64) float64 {
	if x < 1 {
		return 1
	}
	p := math.Pow(10, math.Floor(math.Log10(x)))
	switch {
	case x >= 5*p:
		return 5 * p
	case x >= 2*p:
		return 2 * p
	}
	return p
}
