package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"logquarry/engine/custody"
	"logquarry/engine/seal"
	"logquarry/engine/store"
)

// exported has a file that was written recorded in the case its content comes
// from, once that is closed.
func (a *app) exported(path string, r custody.Record) {
	if r.Case == nil {
		return
	}
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	a.recordLater(r.Case.Path, store.Action{Name: "export", Version: version, At: r.At, Detail: struct {
		Path    string          `json:"path"`
		Command string          `json:"command"`
		Args    []string        `json:"arguments"`
		File    custody.File    `json:"file"`
		Queries []custody.Query `json:"queries,omitempty"`
		// Databases are those beside the case that were asked.
		Databases []custody.Database `json:"databases,omitempty"`
	}{path, r.Command, r.Args, r.File, hashed(r.Queries), r.Databases}})
}

// longest is how many bytes of a query's text an action holds.
const longest = 2000

// hashed are queries as an action names them: those of hunts, and long ones, by
// the hash of their text, which the file's record has whole.
func hashed(queries []custody.Query) []custody.Query {
	var out []custody.Query
	for _, q := range queries {
		if q.Hunt != "" || len(q.SQL) > longest {
			q.SQL = "sha256:" + custody.TextSum(q.SQL)
		}
		out = append(out, q)
	}
	return out
}

// recordLater has an action recorded in the case at path when the command ends.
func (a *app) recordLater(path string, action store.Action) {
	a.later, a.laterCase = append(a.later, action), path
}

// recordNow records the actions of a command that only read the case. The case
// is opened for writing only now, and only if nobody else has it open: a
// question must not keep others out. Where it cannot be, the file's own record
// is the only one, and that is said. A sealed case stays as it was sealed.
func (a *app) recordNow(ctx context.Context) {
	if len(a.later) == 0 {
		return
	}
	err := a.recordIn(ctx, a.laterCase)
	if err == nil || a.quiet {
		return
	}
	what := "what was done is not recorded in the case"
	if a.later[0].Name == "export" {
		what = "the export is recorded beside the file alone, in *" + custody.Suffix
	}
	fmt.Fprintf(a.err, "note: %s: %s\n", what, escapeLines(err.Error()))
}

func (a *app) recordIn(ctx context.Context, path string) (err error) {
	if _, err := os.Stat(path + seal.Suffix); err == nil {
		return fmt.Errorf("%s is sealed", path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// Others may be asking the same case at the same time, and be done soon.
	c, err := openWaiting(ctx, path, store.Options{Threads: a.threads, Memory: a.memory}, time.Second/2)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for _, action := range a.later {
		if err := c.Record(ctx, action); err != nil {
			return err
		}
	}
	return nil
}
