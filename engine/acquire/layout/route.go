package layout

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// route is one way in which the keys of a kind are made: levels, which end with
// a slash each, then a date.
type route struct {
	levels []level
	date   dateForm
	// joined says that Want.Prefix is joined with a slash; else what follows
	// stands directly behind it.
	joined bool
	// rare is a way that most buckets do not have: where somebody can be asked,
	// its first level is looked for even if everything in it is known.
	rare bool
	// given says that the first level that varies is not looked for: the route is
	// left out where its values are not given.
	given bool
	// flat says that the last level is the beginning of a name: it ends with a dot.
	flat bool
}

// levelKind is what stands on a level.
type levelKind string

// The kinds of levels. An organization's level may be missing.
const (
	fixed     levelKind = ""
	org       levelKind = "organization"
	account   levelKind = "account"
	region    levelKind = "region"
	named     levelKind = "name"
	oneOf     levelKind = "folder"
	version   levelKind = "version"
	task      levelKind = "export task"
	delimiter           = "/"
)

// level is one folder of a key: text before what varies, and what that is.
type level struct {
	before string
	kind   levelKind
	these  []string // of oneOf
}

var (
	versionName = regexp.MustCompile(`^\d+(\.\d+)*$`)
	year        = regexp.MustCompile(`^20\d\d/$`)
	taskID      = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

var variable = regexp.MustCompile(`^([^{]*)\{([^}]+)\}$`)

// path reads a route's levels: AWSLogs/{org}/{account}/WAFLogs/{region}/{name}/,
// {a|b} for one of these.
func path(text string, date dateForm) route {
	r := route{date: date, joined: true}
	for _, part := range strings.Split(strings.TrimSuffix(text, delimiter), delimiter) {
		m := variable.FindStringSubmatch(part)
		switch {
		case m == nil:
			r.levels = append(r.levels, level{before: part})
		case strings.Contains(m[2], "|"):
			r.levels = append(r.levels, level{before: m[1], kind: oneOf, these: strings.Split(m[2], "|")})
		default:
			kinds := map[string]levelKind{"org": org, "account": account, "region": region, "name": named, "version": version, "task": task}
			r.levels = append(r.levels, level{before: m[1], kind: kinds[m[2]]})
		}
	}
	return r
}

// directly is a route whose names stand directly behind the prefix.
func directly(r route) route {
	r.joined = false
	return r
}

// sometimes is a route that few buckets have.
func sometimes(r route) route {
	r.rare = true
	return r
}

// needed is a route whose first level has to be given.
func needed(r route) route {
	r.given = true
	return r
}

// What keys may say, for [Kind.Says].
const (
	Organization = string(org)
	Account      = string(account)
	Region       = string(region)
	Name         = string(named)
)

// Says reports whether the keys of a kind say one of these, so that it can be
// chosen by it.
func (k Kind) Says(what string) bool {
	return slices.ContainsFunc(k.routes, func(r route) bool {
		return slices.ContainsFunc(r.levels, func(l level) bool { return string(l.kind) == what })
	})
}

// found is a prefix a route leads to.
type found struct {
	prefix string
	whole  bool      // it ends at a level that is not known
	level  levelKind // that level; empty: the route has no more
}

// lookup asks a lister, each question once.
type lookup struct {
	lister Lister
	seen   map[string][]string // by delimiter and prefix
}

// atOnce is how many listings are under way at a time.
const atOnce = 16

// below lists each of the prefixes.
func (l *lookup) below(ctx context.Context, prefixes []string, delimiter string) error {
	answers := make([][]string, len(prefixes))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(atOnce)
	for i, p := range prefixes {
		if _, ok := l.seen[delimiter+p]; ok {
			continue
		}
		g.Go(func() error {
			got, err := l.lister.Below(gctx, p, delimiter)
			if err != nil {
				return fmt.Errorf("list %q: %w", p, err)
			}
			answers[i] = got
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	for i, p := range prefixes {
		if _, ok := l.seen[delimiter+p]; !ok {
			l.seen[delimiter+p] = answers[i]
		}
	}
	return nil
}

// expand follows a route to the prefixes that w asks for.
func (l *lookup) expand(ctx context.Context, r route, w Want) ([]found, error) {
	start := w.Prefix
	if r.joined && start != "" && !strings.HasSuffix(start, delimiter) {
		start += delimiter
	}
	at := []string{start}
	var out []found
	if len(r.levels) == 0 && r.date == hourly && w.Since.IsZero() && l.lister != nil {
		// Without days to go by, the years keep the listing off all other folders.
		if err := l.below(ctx, at, delimiter); err != nil {
			return nil, err
		}
		for _, child := range l.seen[delimiter+start] {
			if year.MatchString(strings.TrimPrefix(child, start)) {
				out = append(out, found{child, true, ""})
			}
		}
		return out, nil
	}
	varied := false
	for i, lv := range r.levels {
		end := delimiter
		if r.flat && i == len(r.levels)-1 {
			end = "."
		}
		values, known := lv.values(w)
		first := lv.kind != fixed && !varied
		varied = varied || lv.kind != fixed
		if first && !known && (r.given || r.rare && l.lister == nil) {
			return nil, nil
		}
		// What varies is asked for where it is not known, or where several may be.
		ask := !known || lv.kind == oneOf || r.rare && first
		if !ask || l.lister == nil {
			if !known && lv.kind != org {
				for _, p := range at {
					out = append(out, found{p, true, lv.kind})
				}
				return out, nil
			}
			if lv.kind == org && !known {
				values = []string{""}
			}
			at = lv.under(at, values, end)
			continue
		}
		ats := make([]string, len(at))
		for i, p := range at {
			ats[i] = p + lv.before
		}
		if err := l.below(ctx, ats, end); err != nil {
			return nil, err
		}
		var next []string
		for _, p := range at {
			if lv.kind == org {
				next = append(next, p) // the level may be missing
			}
			for _, child := range l.seen[end+p+lv.before] {
				name, ok := strings.CutPrefix(child, p+lv.before)
				name, ended := strings.CutSuffix(name, end)
				if ok && ended && lv.may(name) && (!known || slices.Contains(values, name)) {
					next = append(next, child)
				}
			}
		}
		at = next
	}
	for _, p := range at {
		out = append(out, found{p, r.date == undated, ""})
	}
	return out, nil
}

// values are those of a level, and whether they are all known.
func (lv level) values(w Want) (values []string, known bool) {
	switch lv.kind {
	case fixed:
		return []string{""}, true
	case oneOf:
		return lv.these, true
	case org:
		return []string{w.Org}, w.Org != ""
	case account:
		return w.Accounts, len(w.Accounts) > 0
	case region:
		return w.Regions, len(w.Regions) > 0
	case named:
		for _, n := range w.Names {
			values = append(values, strings.TrimPrefix(n, lv.before))
		}
		return values, len(values) > 0
	default:
		return nil, false
	}
}

// may says whether a folder's name can be one of the level's.
func (lv level) may(name string) bool {
	switch lv.kind {
	case org:
		return orgID.MatchString(name)
	case account:
		return accountID.MatchString(name)
	case region:
		return regionName.MatchString(name)
	case oneOf:
		return slices.Contains(lv.these, name)
	case version:
		return versionName.MatchString(name)
	case task:
		return taskID.MatchString(name)
	default:
		return name != ""
	}
}

// under puts the values below each of the prefixes.
func (lv level) under(at, values []string, end string) []string {
	var next []string
	for _, p := range at {
		for _, v := range values {
			if lv.before+v == "" {
				next = append(next, p) // an organization that is not there
				continue
			}
			next = append(next, p+lv.before+v+end)
		}
	}
	return next
}
