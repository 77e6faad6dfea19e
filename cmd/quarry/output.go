package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"logquarry/engine/custody"
	"logquarry/engine/render"
	"logquarry/engine/repl"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

// target is where results go: stdout, or a file that is there only once it is
// whole, with its record beside it.
type target struct {
	io.Writer
	a      *app
	file   *custody.Output // nil: stdout
	record custody.Record
}

// results opens where results go, before any work is done.
func (a *app) results() (*target, error) {
	if a.output == "" || a.output == "-" {
		return &target{Writer: a.out, a: a}, nil
	}
	return a.create(a.output, a.force)
}

func (a *app) create(path string, force bool) (*target, error) {
	f, err := custody.Create(path, force)
	if errors.Is(err, custody.ErrExists) {
		err = &hinted{err, "--force replaces it"}
	}
	if err != nil {
		return nil, err
	}
	t := &target{Writer: f, a: a, file: f}
	t.record.Version, t.record.Command, t.record.Args = version, a.command, a.args
	return t, nil
}

// describe notes what the results come from, while the case is open.
func (t *target) describe(ctx context.Context, c *store.Case) error {
	if t.file == nil {
		return nil
	}
	state, err := c.State(ctx)
	if err != nil {
		return err
	}
	t.record.Case = &state
	t.record.Databases, err = t.a.asked()
	return err
}

// finish puts the file and its record in their places, unless err says that what
// was to be in it failed: then nothing is left behind. It returns err or its own.
func (t *target) finish(err error) error {
	if t.file == nil {
		return err
	}
	f := t.file
	t.file = nil
	if err != nil && !errors.Is(err, errAside) && !errors.Is(err, errHits) {
		f.Drop()
		return err
	}
	r, werr := f.Finish(t.record)
	if werr != nil {
		return werr
	}
	t.a.exported(f.Path, r)
	return err
}

// show writes rows that are of no case to where results go.
func (a *app) show(rows value.Rows) (n int64, err error) {
	return a.showFrom(context.Background(), nil, rows)
}

// showFrom writes rows of a case; nil: of none.
func (a *app) showFrom(ctx context.Context, c *store.Case, rows value.Rows) (n int64, err error) {
	t, err := a.results()
	if err != nil {
		return 0, err
	}
	defer func() { err = t.finish(err) }()
	format, err := a.resultFormat(t.Writer)
	if err != nil {
		return 0, err
	}
	n, err = a.write(t.Writer, rows, format)
	t.record.File.Format = string(format)
	t.add(rows, n)
	if err == nil && c != nil {
		err = t.describe(ctx, c)
	}
	return n, err
}

// add notes rows that went into the file.
func (t *target) add(rows value.Rows, n int64) {
	if a, ok := rows.(repl.Answer); ok {
		q := a.Question()
		q.Rows = n
		t.record.Add(q)
		return
	}
	t.record.File.Rows += n
}

func (a *app) write(w io.Writer, rows value.Rows, format render.Format) (int64, error) {
	width := terminal(w)
	return render.Write(w, rows, render.Options{
		Format: format, Width: width, Colour: a.colour(w), Footer: width > 0 && !a.quiet, Terminal: width > 0,
	})
}

// writeText writes text to where results go.
func (a *app) writeText(text string) (err error) {
	t, err := a.results()
	if err != nil {
		return err
	}
	defer func() { err = t.finish(err) }()
	t.record.File.Format = "text"
	_, err = io.WriteString(t.Writer, text)
	return err
}

// tell writes the object of --json.
func (a *app) tell(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(text, '\n'))
	return err
}
