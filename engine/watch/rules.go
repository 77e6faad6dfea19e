package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"logquarry/engine/hunt"
	"logquarry/engine/pattern"
	"logquarry/engine/schema"
	"logquarry/engine/sigma"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

// mostFindings bounds what one rule may find in one round. What is more is told
// as a problem: a rule that finds so much tells nobody anything.
const mostFindings = 10_000

// rules are Rules by which rows they see.
type rules struct {
	o *Options
	// On new rows alone.
	events   []hunt.Hunt
	sigma    *sigma.Collection
	patterns []pattern.Rule
	// On the whole case: hunts, and correlations, which are made into hunts anew
	// for each round, for what they ask depends on what the case has.
	over       []hunt.Hunt
	correlated *sigma.Collection
	// failing says of which rules a failure was told, and with which words.
	failing map[string]string
	report  func(text, hint string)
}

func newRules(o *Options, report func(text, hint string)) (*rules, error) {
	r := &rules{o: o, patterns: o.Rules.Patterns, failing: map[string]string{}, report: report}
	if err := hunt.Check(o.Rules.Hunts, o.Rules.Params); err != nil {
		return nil, err
	}
	for _, h := range o.Rules.Hunts {
		if EventWise(&h, o.Sources) {
			r.events = append(r.events, h)
		} else {
			r.over = append(r.over, h)
		}
	}
	c := o.Rules.Sigma
	if c == nil {
		return r, nil
	}
	env := &sigma.Env{Sources: o.Sources}
	_, inner, _ := env.Correlations(c, true, func(*schema.Source) bool { return true })
	single, correlated := &sigma.Collection{Filters: c.Filters}, &sigma.Collection{Filters: c.Filters, Correlations: c.Correlations}
	for _, rule := range c.Rules {
		if inner[rule] {
			correlated.Rules = append(correlated.Rules, rule)
			continue
		}
		single.Rules = append(single.Rules, rule)
		// A correlation may speak of it too.
		correlated.Rules = append(correlated.Rules, rule)
	}
	if single.Rules != nil {
		r.sigma = single
	}
	if c.Correlations != nil {
		r.correlated = correlated
	}
	return r, nil
}

// Seen is how many rules see what.
type Seen struct{ NewRows, WholeCase int }

// Split says how many of the rules see new rows alone, and how many the case.
func (o *Options) Split() (Seen, error) {
	r, err := newRules(o, nil)
	if err != nil {
		return Seen{}, err
	}
	s := Seen{NewRows: len(r.events) + len(r.patterns), WholeCase: len(r.over)}
	if r.sigma != nil {
		s.NewRows += len(r.sigma.Rules)
	}
	if r.correlated != nil {
		s.WholeCase += len(r.correlated.Correlations)
	}
	return s, nil
}

// limited counts the findings of rules and says where one has too many.
type limited struct {
	r     *rules
	count map[string]int
}

func (l *limited) more(rule string) bool {
	l.count[rule]++
	if l.count[rule] == mostFindings+1 {
		l.r.report(fmt.Sprintf("rule %s finds more than %d things in one round: only those are sent", rule, mostFindings),
			"quarry hunt shows all; make the rule narrower")
	}
	return l.count[rule] <= mostFindings
}

// failed tells of a rule that failed, once as long as it fails in the same way.
func (r *rules) failed(id string, err error) {
	if err == nil {
		delete(r.failing, id)
		return
	}
	if r.failing[id] == err.Error() {
		return
	}
	r.failing[id] = err.Error()
	hint := ""
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		hint = h.Hint()
	}
	r.report(fmt.Sprintf("rule %s: %v", id, err), hint)
}

// seeNew reports whether there are rules that see new rows alone.
func (r *rules) seeNew() bool { return r.events != nil || r.sigma != nil || r.patterns != nil }

// onNew runs the rules that see new rows alone, on the side case.
func (r *rules) onNew(ctx context.Context, c *store.Case, files map[int64]evidence, at time.Time) ([]found, error) {
	var out []found
	most := limited{r, map[string]int{}}
	// gather hands each row, with its shape, to f.
	gather := func(k kind, params func(*hunt.Hunt) string, f func(s *shape, cells []any)) func(*hunt.Hunt, []value.Column, []any) error {
		var s *shape
		return func(h *hunt.Hunt, columns []value.Column, cells []any) error {
			if s == nil || s.h.ID != h.ID {
				s = newShape(k, h, true, params(h), columns)
			}
			if most.more(h.ID) {
				f(s, cells)
			}
			return nil
		}
	}
	if r.events != nil {
		var rows []row
		err := runHunts(ctx, c, r.events, hunt.Options{Params: r.o.Rules.Params},
			gather(ofHunt, r.params, func(s *shape, cells []any) { rows = append(rows, row{s, slices.Clone(cells)}) }),
			func(h *hunt.Hunt, err error) { r.failed(h.ID, err) })
		if err != nil {
			return nil, err
		}
		where, err := locate(ctx, c, rows, files)
		if err != nil {
			return nil, fmt.Errorf("look for where the events lie: %w", err)
		}
		for _, x := range rows {
			lies := x.place(x.cells, files)
			if key, ok := x.event(); ok && lies == nil {
				lies = where[key]
			}
			out = append(out, x.finding(x.cells, lies, at))
		}
	}
	if r.sigma != nil {
		plan, err := sigma.NewPlan(ctx, c, r.o.Sources, r.sigma, false)
		if err != nil {
			return nil, err
		}
		for _, p := range plan.Problems {
			r.failed(p.Rule, p)
		}
		many := plan.Querier(c)
		err = runHunts(ctx, many, plan.Hunts, hunt.Options{}, gather(ofSigma, func(*hunt.Hunt) string { return "" },
			func(s *shape, cells []any) { out = append(out, s.finding(cells, s.place(cells, files), at)) }), func(h *hunt.Hunt, err error) { r.failed(h.ID, err) })
		if err = errors.Join(err, many.Close()); err != nil {
			return nil, err
		}
	}
	if r.patterns != nil {
		list, err := r.matched(ctx, c, files, at, &most)
		if err != nil {
			return nil, err
		}
		out = append(out, list...)
	}
	return out, nil
}

// matched are the findings of EventBridge patterns.
func (r *rules) matched(ctx context.Context, c *store.Case, files map[int64]evidence, at time.Time, most *limited) ([]found, error) {
	got, err := pattern.Search(ctx, c, r.o.Sources, r.patterns, pattern.Options{})
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		r.failed("EventBridge patterns", err)
		return nil, nil
	}
	if got.Undecided > 0 {
		r.report(fmt.Sprintf("%d events were not matched against all patterns: %v", got.Undecided, pattern.ErrTooComplex), "")
	}
	shapes := make([]*shape, len(r.patterns))
	for i, p := range r.patterns {
		shapes[i] = newShape(ofPattern, &hunt.Hunt{ID: p.Name, Title: "EventBridge pattern " + p.Name}, true, "", pattern.Columns())
	}
	var out []found
	err = got.Each(ctx, c, -1, 0, func(rule int, cells []any) error {
		if most.more(r.patterns[rule].Name) {
			out = append(out, shapes[rule].finding(cells, shapes[rule].place(cells, files), at))
		}
		return nil
	})
	return out, err
}

// params are a hunt's parameters that were given, as ids and fingerprints cover them.
func (r *rules) params(h *hunt.Hunt) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(r.o.Rules.Params)) {
		if _, ok := h.Param(name); ok {
			list = append(list, name+"="+r.o.Rules.Params[name])
		}
	}
	return strings.Join(list, "\n")
}

// job is a rule that looks at the whole case.
type job struct {
	kind kind
	hunt hunt.Hunt
	key  string
	// print changes where the rule finds other things in the same case.
	print string
}

// jobs are the rules that look at the whole case, as they are for it now.
func (r *rules) jobs(ctx context.Context, c *store.Case) ([]job, error) {
	var out []job
	since := "since " + r.o.Since.UTC().Format(time.RFC3339Nano)
	for _, h := range r.over {
		out = append(out, job{ofHunt, h, "hunt " + h.ID + "\n" + r.params(&h), sum(h.SQL, since)})
	}
	if r.correlated == nil {
		return out, nil
	}
	plan, err := sigma.NewPlan(ctx, c, r.o.Sources, r.correlated, !r.o.Since.IsZero())
	if err != nil {
		return nil, err
	}
	for _, p := range plan.Problems {
		r.failed(p.Rule, p)
	}
	for _, h := range plan.Hunts[len(plan.Compiled):] {
		// Its SQL is another one as soon as the case has another source.
		out = append(out, job{ofSigma, h, "sigma " + h.ID, sum(h.ID, h.File, since)})
	}
	return out, nil
}

func sum(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(h[:])
}

// overCase runs one of them. told says that its findings are to be sent.
func (r *rules) overCase(ctx context.Context, c *store.Case, j *job, at time.Time, told bool) ([]found, error) {
	var out []found
	var s *shape
	most := limited{r, map[string]int{}}
	o := hunt.Options{Since: r.o.Since}
	if j.kind == ofHunt {
		o.Params = own(&j.hunt, r.o.Rules.Params)
	}
	var failed error
	err := runHunts(ctx, c, []hunt.Hunt{j.hunt}, o, func(h *hunt.Hunt, columns []value.Column, cells []any) error {
		if s == nil {
			s = newShape(j.kind, h, false, r.params(h), columns)
		}
		f := s.finding(cells, nil, at)
		if !told {
			f.body = nil
		} else if !most.more(h.ID) {
			return nil
		}
		out = append(out, f)
		return nil
	}, func(_ *hunt.Hunt, err error) { failed = err })
	if err == nil {
		r.failed(j.hunt.ID, failed)
		err = failed
	}
	return out, err
}

// own are the values meant for h.
func own(h *hunt.Hunt, values map[string]string) map[string]string {
	out := map[string]string{}
	for name, v := range values {
		if _, ok := h.Param(name); ok {
			out[name] = v
		}
	}
	return out
}
