package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"logquarry/engine/hunt"
	"logquarry/engine/render"
	"logquarry/engine/repl"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
	"logquarry/engine/store"
	"logquarry/engine/watch"
)

// The exit codes. Scripts branch on them, so they do not change.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitAside       = 3
	exitHits        = 4
	exitInterrupted = 130
)

const exitHelp = `Exit codes: 0 done, 1 failed, 2 usage, 3 done but some input was set aside,
4 hits with --fail-on-hit, 130 interrupted.`

var (
	// errAside says that some input could not be read; it has been told already.
	errAside = errors.New("some input was set aside")
	// errHits says that hunts with --fail-on-hit found something.
	errHits = errors.New("hunts have hits")
	// errTold says that the command failed and has said so.
	errTold = errors.New("failed")
)

// usageError is a command line that cannot be understood.
type usageError struct {
	err  error
	hint string
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }
func (e *usageError) Hint() string  { return e.hint }

func usage(hint, format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...), hint}
}

// hinted is an error with advice for a line of its own.
type hinted struct {
	err  error
	hint string
}

func (e *hinted) Error() string { return e.err.Error() }
func (e *hinted) Unwrap() error { return e.err }
func (e *hinted) Hint() string  { return e.hint }

// exit prints the error of a command, once, and picks the exit code.
func (a *app) exit(ctx context.Context, err error) int {
	var bad *usageError
	var noFormat *render.UnknownFormatError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errAside):
		return exitAside
	case errors.Is(err, errHits):
		return exitHits
	case ctx.Err() != nil && !a.inShell, errors.Is(err, context.Canceled):
		a.complain(&hinted{errors.New("interrupted"), hintOf(err)})
		return exitInterrupted
	case errors.Is(err, errTold), errors.Is(err, repl.ErrFailed):
		return exitFailed
	case errors.As(err, &bad), errors.As(err, &noFormat):
		a.complain(err)
		return exitUsage
	}
	a.complain(err)
	return exitFailed
}

// complain writes an error, and its advice on a line of its own.
func (a *app) complain(err error) {
	if faults := faultsOf(err); len(faults) > 0 {
		// Each stands at a place of its own, and so does the advice.
		for _, f := range faults {
			fmt.Fprintln(a.err, "quarry: "+escapeLines(f.Error()))
			if f.Hint != "" {
				fmt.Fprintln(a.err, "hint: "+escapeLines(f.Hint))
			}
		}
		return
	}
	fmt.Fprintln(a.err, "quarry: "+escapeLines(err.Error()))
	if hint := hintOf(err); hint != "" {
		fmt.Fprintln(a.err, "hint: "+escapeLines(hint))
	}
}

// faultsOf are the faults in descriptions of sources that err is made of.
func faultsOf(err error) []*schema.Error {
	switch e := err.(type) {
	case *schema.Error:
		return []*schema.Error{e}
	case interface{ Unwrap() []error }:
		var all []*schema.Error
		for _, x := range e.Unwrap() {
			all = append(all, faultsOf(x)...)
		}
		return all
	case interface{ Unwrap() error }:
		return faultsOf(e.Unwrap())
	}
	return nil
}

// hintOf is the advice that goes with an error; empty where there is none.
func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		return h.Hint()
	}
	var e *hunt.Error
	switch {
	case errors.As(err, &e):
		return e.Hint
	case errors.Is(err, store.ErrBusy):
		return "close the other quarry or DuckDB that has it open, or use another case with --case"
	case errors.Is(err, watch.ErrWatched):
		return "end it first, or watch into another case with --case"
	case errors.Is(err, store.ErrNotCase):
		return "name a case that quarry load made, or a file that does not exist yet"
	case errors.Is(err, store.ErrUnfinished):
		return "run the same quarry load again: it finishes the case"
	case errors.Is(err, fs.ErrPermission):
		return "check who may read and write it"
	}
	return ""
}

// escapeLines makes control characters visible, but for the ends of lines.
func escapeLines(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		lines[i] = render.Escape(lines[i])
	}
	return strings.Join(lines, "\n")
}

// flagError is what a flag that is wrong becomes.
func flagError(c *cobra.Command, err error) error {
	var missing *pflag.NotExistError
	if !errors.As(err, &missing) {
		return &usageError{err, c.CommandPath() + " --help lists the flags"}
	}
	name := missing.GetSpecifiedName()
	var known []string
	hint := c.CommandPath() + " --help lists the flags"
	c.Flags().VisitAll(func(f *pflag.Flag) {
		known = append(known, f.Name)
		if len(name) > 2 && strings.HasPrefix(f.Name, name) {
			hint = "did you mean --" + f.Name + "?"
		}
	})
	if near, ok := sqltext.Nearest(name, known); ok {
		hint = "did you mean --" + near + "?"
	}
	dashes := "--"
	if missing.GetSpecifiedShortnames() != "" {
		dashes = "-"
	}
	return usage(hint, "%s has no flag %s%s", c.CommandPath(), dashes, name)
}
