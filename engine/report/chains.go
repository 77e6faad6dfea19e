package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"logquarry/engine/render"
)

// MaxActors is how many principals the picture of role chains has: more cannot
// be read.
const MaxActors = 48

// Chains are who took which role, as far as it concerns the findings.
type Chains struct {
	Actors      []Actor
	Assumptions []Assumption // between Actors, by first time
	Named       bool         // findings name some of them; else they are the busiest
	Omitted     int          // to be shown, and over MaxActors
	Others      int          // neither in findings nor next to one that is
	Alone       int          // in findings, and neither took a role nor was taken
	Cut         bool         // there were more pairs than are looked at
}

// Actor is a user, a role with all its sessions, a service or somebody from elsewhere.
type Actor struct {
	Name     string // an ARN, where it has one
	Kind     string // user, root, role, service, federated, principal
	Account  string
	Role     string // its name without path
	Findings int    // with a severity above info that name it
	Weight   int    // how bad these are; 0: none
}

// Key is the same for all that is one actor.
func (a Actor) Key() string {
	if a.Kind == "role" {
		return "role " + a.Account + " " + a.Role
	}
	return a.Name
}

// label is the short name.
func (a Actor) label() string {
	switch a.Kind {
	case "role":
		return a.Role
	case "root":
		return "root"
	case "user", "federated":
		return a.Name[strings.LastIndex(a.Name, "/")+1:]
	}
	return a.Name
}

// Assumption is how often one actor got credentials of another.
type Assumption struct {
	From, To    int // in Actors
	Count       int64
	First, Last time.Time
}

// Geometry of the graph, in SVG user units.
const (
	boxWidth   = 208.0
	boxHeight  = 38.0
	boxGap     = 12.0
	passHeight = 16.0 // of the room for an arrow
	layerGap   = 96.0
	boxLetters = 27
)

// graph is the chains laid out from left, who began, to right.
type graph struct {
	Width, Height float64
	Boxes         []box
	Arrows        []arrow
	Layers        int
}

type box struct {
	X, Y               float64
	Label, Below, Tip  string
	Kind               string
	Named, Self        bool
	LabelY, BelowY, TX float64
}

type arrow struct {
	Path, Head, Tip string
	Width           float64
	Back            bool
}

// layGraph is nil where there is nothing to draw.
func layGraph(c Chains) *graph {
	if len(c.Actors) == 0 {
		return nil
	}
	layer, back := layers(c)
	r := route(c, layer, back)
	columns := r.ordered()
	g := &graph{Layers: len(columns)}
	height := func(i int) float64 { // of an actor's box, or of the room for an arrow that passes
		if i < len(c.Actors) {
			return boxHeight + boxGap
		}
		return passHeight
	}
	tall := make([]float64, len(columns))
	for n, column := range columns {
		for _, i := range column {
			tall[n] += height(i)
		}
	}
	g.Height = slices.Max(tall) + 4
	g.Width = max(plotWidth, float64(len(columns))*(boxWidth+layerGap)-layerGap+4)
	accounts := map[string]bool{}
	for _, a := range c.Actors {
		accounts[a.Account] = true
	}
	g.Boxes = make([]box, len(c.Actors))
	middle := make([][2]float64, len(r.layer)) // left edge and middle of each
	for n, column := range columns {
		y := (g.Height - tall[n]) / 2
		for _, i := range column {
			x := 2 + float64(n)*(boxWidth+layerGap)
			middle[i] = [2]float64{x, y + (height(i)-boxGap)/2}
			if i < len(c.Actors) {
				g.Boxes[i] = makeBox(c.Actors[i], x, y, len(accounts) > 1)
			} else {
				middle[i][1] = y + height(i)/2
			}
			y += height(i)
		}
	}
	for n, e := range c.Assumptions {
		if e.From == e.To {
			g.Boxes[e.From].Self = true
			continue
		}
		x, y := middle[e.From][0]+boxWidth, middle[e.From][1]
		path := fmt.Sprintf("M%.1f %.1f", x, y)
		to := func(x2, y2 float64) {
			bend := max(40, math.Abs(x2-x)/2)
			path += fmt.Sprintf("C%.1f %.1f %.1f %.1f %.1f %.1f", x+bend, y, x2-bend, y2, x2, y2)
			x, y = x2, y2
		}
		for _, i := range r.via[n] {
			to(middle[i][0], middle[i][1])
			path += fmt.Sprintf("H%.1f", x+boxWidth)
			x += boxWidth
		}
		end := middle[e.To]
		to(end[0]-8, end[1])
		a := arrow{
			Path: path, Head: fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f", end[0]-9, end[1]-4, end[0], end[1], end[0]-9, end[1]+4),
			Width: min(4, 1+math.Log10(float64(max(1, e.Count)))), Back: back[n],
			Tip: fmt.Sprintf("%s to %s: %s, %s", c.Actors[e.From].Name, c.Actors[e.To].Name, times(e.Count), period(e.First, e.Last)),
		}
		g.Arrows = append(g.Arrows, a)
	}
	return g
}

// kinds are those of which a CSS class may be made.
var kinds = []string{"user", "root", "role", "service", "federated", "principal"}

// makeBox is an actor at a place; with accounts, that of the actor is told.
func makeBox(a Actor, x, y float64, accounts bool) box {
	b := box{X: x, Y: y, LabelY: y + 16, BelowY: y + 30, TX: x + 12, Named: a.Weight > 0, Label: render.Cut(a.label(), boxLetters), Tip: a.Name, Kind: "principal"}
	if slices.Contains(kinds, a.Kind) {
		b.Kind = a.Kind
	}
	below := a.Kind
	if a.Account != "" && accounts {
		below += ", " + a.Account
	}
	if a.Findings > 0 {
		below += ", " + plural(int64(a.Findings), "finding")
		b.Tip += ", in " + plural(int64(a.Findings), "finding")
	}
	b.Below = render.Cut(below, 34)
	return b
}

// chainRow is an assumption with the names of both.
type chainRow struct {
	From, To string
	Assumption
}

// Rows are the assumptions by name.
func (c Chains) Rows() (out []chainRow) {
	for _, e := range c.Assumptions {
		out = append(out, chainRow{c.Actors[e.From].Name, c.Actors[e.To].Name, e})
	}
	return out
}

// times is "once", "3 times".
func times(n int64) string {
	if n == 1 {
		return "once"
	}
	return render.Thousands(n) + " times"
}

// layers gives each actor the column behind all from whom credentials came to
// it, and says which assumptions lead back, as circles must.
func layers(c Chains) (layer []int, back []bool) {
	layer, back = make([]int, len(c.Actors)), make([]bool, len(c.Assumptions))
	out := make([][]int, len(c.Actors)) // assumptions by who takes
	for n, e := range c.Assumptions {
		out[e.From] = append(out[e.From], n)
	}
	// Of a circle the assumption that closes it leads back.
	const fresh, open, done = 0, 1, 2
	state := make([]int, len(c.Actors))
	var order []int
	var visit func(int)
	visit = func(i int) { // at most MaxActors deep
		state[i] = open
		for _, n := range out[i] {
			switch to := c.Assumptions[n].To; {
			case state[to] == open:
				back[n] = true
			case state[to] == fresh:
				visit(to)
			}
		}
		state[i] = done
		order = append(order, i)
	}
	incoming := make([]int, len(c.Actors))
	for _, e := range c.Assumptions {
		if e.From != e.To {
			incoming[e.To]++
		}
	}
	for _, first := range []bool{true, false} {
		for i := range c.Actors {
			if state[i] == fresh && (incoming[i] == 0) == first {
				visit(i)
			}
		}
	}
	slices.Reverse(order)
	for _, i := range order {
		for _, n := range out[i] {
			if e := c.Assumptions[n]; !back[n] {
				layer[e.To] = max(layer[e.To], layer[i]+1)
			}
		}
	}
	return layer, back
}

// routes are the layers with room in them for the arrows that pass: places from
// the number of actors on are such rooms.
type routes struct {
	layer []int
	near  [][]int // places that a place is drawn next to
	via   [][]int // by assumption: the rooms it passes
}

// route makes room for arrows over more than one layer.
func route(c Chains, layer []int, back []bool) routes {
	r := routes{layer: slices.Clone(layer), near: make([][]int, len(c.Actors)), via: make([][]int, len(c.Assumptions))}
	join := func(a, b int) { r.near[a], r.near[b] = append(r.near[a], b), append(r.near[b], a) }
	for n, e := range c.Assumptions {
		if e.From == e.To {
			continue
		}
		at := e.From
		if !back[n] {
			for l := layer[e.From] + 1; l < layer[e.To]; l++ {
				room := len(r.layer)
				r.layer, r.near, r.via[n] = append(r.layer, l), append(r.near, nil), append(r.via[n], room)
				join(at, room)
				at = room
			}
		}
		join(at, e.To)
	}
	return r
}

// ordered are the places by layer, each near those it has to do with.
func (r routes) ordered() [][]int {
	columns := make([][]int, slices.Max(r.layer)+1)
	for i, l := range r.layer {
		columns[l] = append(columns[l], i)
	}
	place := make([]float64, len(r.layer))
	settle := func(column []int) {
		for row, i := range column {
			place[i] = (float64(row) + 0.5) / float64(len(column))
		}
	}
	for _, column := range columns {
		settle(column)
	}
	for sweep := range 8 {
		for n := range columns {
			column := columns[n]
			if sweep%2 == 1 {
				column = columns[len(columns)-1-n]
			}
			mean := map[int]float64{}
			for _, i := range column {
				mean[i] = place[i]
				if len(r.near[i]) > 0 {
					total := 0.0
					for _, o := range r.near[i] {
						total += place[o]
					}
					mean[i] = total / float64(len(r.near[i]))
				}
			}
			slices.SortStableFunc(column, func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
			settle(column)
		}
	}
	return columns
}

// statement says what of the chains is not drawn.
func (c Chains) statement() string {
	var parts []string
	if !c.Named && len(c.Actors) > 0 {
		parts = append(parts, "no finding names one of these; the busiest are shown")
	}
	if c.Omitted > 0 {
		parts = append(parts, plural(int64(c.Omitted), "more principal")+" that belong here are left out, the picture has "+fmt.Sprint(MaxActors)+" at most")
	}
	if c.Others > 0 {
		parts = append(parts, plural(int64(c.Others), "other principal")+" took roles or were taken, without part in a finding")
	}
	if c.Alone > 0 {
		parts = append(parts, plural(int64(c.Alone), "principal")+" in findings took no role and were not taken")
	}
	if c.Cut {
		parts = append(parts, "the rarest assumptions were not looked at")
	}
	if parts == nil {
		return ""
	}
	text := strings.Join(parts, "; ")
	return strings.ToUpper(text[:1]) + text[1:] + ". The view cloudtrail_role_assumptions has all."
}
