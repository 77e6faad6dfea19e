package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"logquarry/engine/render"
	"logquarry/engine/value"
)

// target is where results go: stdout, or a file that is there only once it is
// whole.
type target struct {
	io.Writer
	file  *os.File // nil: stdout
	path  string
	force bool
}

// results opens where results go, before any work is done.
func (a *app) results() (*target, error) {
	if a.output == "" || a.output == "-" {
		return &target{Writer: a.out}, nil
	}
	return create(a.output, a.force)
}

func create(path string, force bool) (*target, error) {
	if err := mayReplace(path, force); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, fmt.Errorf("write %s: %w", path, err)
	}
	return &target{f, f, path, force}, nil
}

func mayReplace(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("write %s: %w", path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("write %s: not a regular file", path)
	case !force:
		return &hinted{fmt.Errorf("write %s: the file exists", path), "--force replaces it"}
	}
	return nil
}

// finish puts the file in its place, unless err says that what was to be in it
// failed: then nothing is left behind. It returns err or its own.
func (t *target) finish(err error) error {
	if t.file == nil {
		return err
	}
	if err != nil && !errors.Is(err, errAside) && !errors.Is(err, errHits) {
		t.file.Close()
		os.Remove(t.file.Name())
		return err
	}
	werr := t.file.Sync()
	if cerr := t.file.Close(); werr == nil {
		werr = cerr
	}
	if werr == nil {
		// It may have come into being meanwhile.
		werr = mayReplace(t.path, t.force)
	}
	if werr == nil {
		werr = os.Rename(t.file.Name(), t.path)
	}
	if werr != nil {
		os.Remove(t.file.Name())
		return fmt.Errorf("write %s: %w", t.path, werr)
	}
	return err
}

// show writes rows to where results go.
func (a *app) show(rows value.Rows) (n int64, err error) {
	t, err := a.results()
	if err != nil {
		return 0, err
	}
	defer func() { err = t.finish(err) }()
	format, err := a.resultFormat(t.Writer)
	if err != nil {
		return 0, err
	}
	return a.write(t.Writer, rows, format)
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
