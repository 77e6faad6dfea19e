package triage

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"logquarry/engine/report"
	"logquarry/engine/value"
)

// mostAssumptions is how many pairs of who assumed what are looked at.
const mostAssumptions = 20_000

// chains are the principals in findings, those through whom credentials came to
// them, and those who got credentials from them.
func (t *triage) chains(ctx context.Context) error {
	condition, params := t.within("event_time")
	g := assumptions{at: map[string]int{}, edgeAt: map[[2]int]int{}}
	pairs := 0
	err := t.each(ctx, `
		SELECT coalesce(from_role_arn, from_principal), from_type, coalesce(to_role_arn, to_session_arn), count(*), min(event_time), max(event_time)
		FROM cloudtrail_role_assumptions
		WHERE coalesce(from_role_arn, from_principal) IS NOT NULL AND coalesce(to_role_arn, to_session_arn) IS NOT NULL AND `+condition+`
		GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 3, 2 LIMIT `+strconv.Itoa(mostAssumptions), params, func(v []any) {
		pairs++
		g.add(value.Text(v[0]), value.Text(v[1]), value.Text(v[2]), report.Assumption{Count: value.Int(v[3]), First: value.Time(v[4]), Last: value.Time(v[5])})
	})
	if err != nil {
		return err
	}
	alone := map[string]bool{}
	for name, weight := range t.weight["principal"] {
		p := actor(name, "")
		if i, ok := g.at[p.Key()]; ok {
			g.all[i].Weight += weight
			g.all[i].Findings = max(g.all[i].Findings, t.findings["principal"][name])
		} else if weight > 0 {
			alone[p.Key()] = true
		}
	}
	t.d.Chains = g.choose(report.MaxActors)
	t.d.Chains.Alone, t.d.Chains.Cut = len(alone), pairs == mostAssumptions
	return nil
}

// actor is who name is: sessions of one role are that role.
func actor(name, kind string) report.Actor {
	a := report.Actor{Name: name, Kind: "principal"}
	part := strings.SplitN(name, ":", 6)
	if len(part) < 6 || part[0] != "arn" {
		switch {
		case kind == "AWSService" || strings.HasSuffix(name, ".amazonaws.com"):
			a.Kind = "service"
		case kind == "SAMLUser" || kind == "WebIdentityUser":
			a.Kind = "federated"
		}
		return a
	}
	a.Account = part[4]
	kindOf, rest, _ := strings.Cut(part[5], "/")
	switch kindOf {
	case "assumed-role":
		a.Kind = "role"
		a.Role, _, _ = strings.Cut(rest, "/")
		a.Name = strings.Join(append(slices.Clone(part[:2]), "iam", "", part[4], "role/"+a.Role), ":")
	case "role":
		a.Kind, a.Role = "role", rest[strings.LastIndex(rest, "/")+1:]
	case "user":
		a.Kind = "user"
	case "root":
		a.Kind = "root"
	case "federated-user":
		a.Kind = "federated"
	}
	return a
}

// assumptions are who assumed what.
type assumptions struct {
	all    []report.Actor
	at     map[string]int // by key
	edges  []report.Assumption
	edgeAt map[[2]int]int
}

func (g *assumptions) place(a report.Actor) int {
	i, ok := g.at[a.Key()]
	if !ok {
		i = len(g.all)
		g.at[a.Key()], g.all = i, append(g.all, a)
	}
	// A role's path stands only where it was named by its own ARN.
	if strings.Contains(a.Name, ":role/") && len(a.Name) > len(g.all[i].Name) {
		g.all[i].Name = a.Name
	}
	return i
}

func (g *assumptions) add(from, kind, to string, e report.Assumption) {
	e.From, e.To = g.place(actor(from, kind)), g.place(actor(to, ""))
	pair := [2]int{e.From, e.To}
	if i, ok := g.edgeAt[pair]; ok {
		o := &g.edges[i]
		o.Count += e.Count
		if e.First.Before(o.First) {
			o.First = e.First
		}
		if e.Last.After(o.Last) {
			o.Last = e.Last
		}
		return
	}
	g.edgeAt[pair] = len(g.edges)
	g.edges = append(g.edges, e)
}

// choose takes at most so many actors: those in findings, the worst first; then
// by how few steps they are away, those from whom credentials came before those
// who got them. Where no finding names any, the busiest.
func (g *assumptions) choose(most int) report.Chains {
	order := make([]int, len(g.all))
	calls := make([]int64, len(g.all))
	before, after := make([][]int, len(g.all)), make([][]int, len(g.all))
	for _, e := range g.edges {
		calls[e.From] += e.Count
		calls[e.To] += e.Count
		before[e.To], after[e.From] = append(before[e.To], e.From), append(after[e.From], e.To)
	}
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(g.all[b].Weight, g.all[a].Weight), cmp.Compare(calls[b], calls[a]), strings.Compare(g.all[a].Name, g.all[b].Name))
	})
	rank := make([]int, len(order))
	for r, i := range order {
		rank[i] = r
	}
	byRank := func(list []int) []int {
		slices.SortFunc(list, func(a, b int) int { return cmp.Compare(rank[a], rank[b]) })
		return slices.Compact(list)
	}
	var out report.Chains
	var wanted []int
	known := map[int]bool{}
	want := func(list []int) (fresh []int) {
		for _, i := range byRank(list) {
			if !known[i] {
				known[i] = true
				wanted, fresh = append(wanted, i), append(fresh, i)
			}
		}
		return fresh
	}
	var named []int
	for _, i := range order {
		if g.all[i].Weight > 0 {
			named = append(named, i)
		}
	}
	switch front := want(named); {
	case len(named) == 0:
		wanted = order
	default:
		// All the way back to who began; one step on.
		for len(front) > 0 {
			var next []int
			for _, i := range front {
				next = append(next, before[i]...)
			}
			front = want(next)
		}
		var next []int
		for _, i := range named {
			next = append(next, after[i]...)
		}
		want(next)
	}
	out.Named = len(named) > 0
	out.Omitted = max(0, len(wanted)-most)
	out.Others = len(g.all) - len(wanted)
	wanted = wanted[:min(most, len(wanted))]
	place := map[int]int{}
	for n, i := range wanted {
		place[i] = n
		out.Actors = append(out.Actors, g.all[i])
	}
	for _, e := range g.edges {
		from, ok1 := place[e.From]
		to, ok2 := place[e.To]
		if ok1 && ok2 {
			e.From, e.To = from, to
			out.Assumptions = append(out.Assumptions, e)
		}
	}
	slices.SortStableFunc(out.Assumptions, func(a, b report.Assumption) int {
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return out
}
