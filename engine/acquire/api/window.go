package api

import (
	"context"
	"encoding/json"
	"time"
)

// listing is a question whose answers come in pages, in the order of time.
type listing struct {
	key about
	// dir is the folder of its files, name the beginning of their names.
	dir, name string
	log       string // the log group, of CloudWatch Logs
	// newest says that the newest come first.
	newest bool
	// grain is how finely the service tells times apart.
	grain time.Duration
	// page asks for the page behind token of what lies in w.
	page func(ctx context.Context, w span, token string) (page, error)
}

// page is one of its answers.
type page struct {
	answer
	asked       any // the parameters
	items       int64
	first, last time.Time // of the earliest and latest item; zero: it has none
	loose       bool      // an item does not say its time
	xml         string    // what the service answered, where that was no JSON
	next        string    // the token of the next page; empty: there is none
}

// rollPages is how many pages make a file, unless its answers are large.
const (
	rollPages = 40
	rollBytes = 64 << 20
)

const stamp = "20060102T150405Z"

// take fetches what is missing of w. A file is ended where enough is in it, at a
// time at which all before, or behind, has been seen: a run that is killed loses no
// more than a file, and the next goes on from there.
func (f *Fetch) take(ctx context.Context, l listing, w span) error {
	for _, part := range f.missing(l.key, w) {
		if err := f.takePart(ctx, l, part); err != nil {
			return err
		}
	}
	return nil
}

func (f *Fetch) takePart(ctx context.Context, l listing, w span) error {
	out := f.file(l.dir, l.key)
	defer func() { out.drop() }()
	roll := int64(f.Roll)
	if roll == 0 {
		roll = rollPages
	}
	rest, token := w, ""
	edge := time.Time{} // up to, or down to, which all has been seen
	ordered := true
	for {
		p, err := l.page(ctx, rest, token)
		if err != nil {
			return err
		}
		asked, err := json.Marshal(p.asked)
		if err != nil {
			return err
		}
		if err := out.add(p.answer, request{LogGroup: l.log, Parameters: asked}, p.items); err != nil {
			return err
		}
		if p.loose {
			ordered = false
		}
		if !p.first.IsZero() {
			at, back := p.last, p.first
			if l.newest {
				at, back = p.first, p.last
			}
			// One that stands on the wrong side of what was seen: nothing is known to be
			// complete before the end.
			if !edge.IsZero() && (l.newest && back.After(edge) || !l.newest && back.Before(edge)) {
				ordered = false
			}
			edge = at
		}
		if p.next == "" {
			return f.finish(ctx, l, out, rest)
		}
		token = p.next
		if !ordered || edge.IsZero() || out.pages < roll && out.bytes < rollBytes {
			continue
		}
		// Of the moment of the edge itself more may come on the next page.
		done, left := span{rest.Since, edge}, span{edge, rest.Until}
		if l.newest {
			cut := edge.Truncate(l.grain).Add(l.grain)
			done, left = span{cut, rest.Until}, span{rest.Since, cut}
		}
		if !done.Since.Before(done.Until) || !left.Since.Before(left.Until) {
			continue
		}
		if err := f.finish(ctx, l, out, done); err != nil {
			return err
		}
		out = f.file(l.dir, l.key)
		// The token goes on with the question it was given for.
		ask := l.page
		whole := rest
		l.page = func(ctx context.Context, _ span, token string) (page, error) { return ask(ctx, whole, token) }
		rest = left
	}
}

func (f *Fetch) finish(ctx context.Context, l listing, out *file, w span) error {
	name := l.name + "_" + w.Since.Format(stamp) + "_" + w.Until.Format(stamp) + ending
	return out.end(ctx, name, parameters{Window: w, Request: json.RawMessage(l.key.request)})
}
