package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"

	"logquarry/engine/schema"
)

//go:embed case.sql
var caseSQL string

// define makes tables, macros and views, unless the case has them from the
// very same definitions. A new case's views may come later: binding them takes
// several times as long as making all tables, and loading needs none of them.
// An older case gets all in one transaction, so that it stays what it was where
// that fails.
func (c *Case) define(ctx context.Context) error {
	hash, err := definitions(c.opts.Schemas)
	if err != nil {
		return err
	}
	// The table is missing in a new case; that is an answer too.
	have, _ := c.defined(ctx)
	if have == hash {
		return nil
	}
	sources := c.opts.Sources
	if sources == nil {
		if sources, err = schema.Load(c.opts.Schemas); err != nil {
			return err
		}
	}
	views := func(ctx context.Context, tx *sql.Tx) error { return c.makeViews(ctx, tx, sources, hash) }
	if !c.opts.ViewsLater || have != "" {
		return c.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
			if err := makeTables(ctx, tx, sources); err != nil {
				return err
			}
			return views(ctx, tx)
		})
	}
	if err := c.transact(ctx, func(ctx context.Context, tx *sql.Tx) error { return makeTables(ctx, tx, sources) }); err != nil {
		return err
	}
	// Not broken off with ctx: it takes less than a second, and a load that was
	// interrupted leaves a case that can be asked.
	ctx = context.WithoutCancel(ctx)
	c.making.Go(func() error { return c.transact(ctx, views) })
	return nil
}

// defined is the hash of the definitions that the case was made from; empty
// where it is not whole.
func (c *Case) defined(ctx context.Context) (hash string, err error) {
	err = c.db.QueryRowContext(ctx, `SELECT value FROM case_info WHERE key = 'definitions'`).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return hash, err
}

func (c *Case) transact(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	tx, err := c.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}

// makeTables makes what a load needs: all tables, and the sources' own views
// over them, which a load makes anew where it widens a table.
func makeTables(ctx context.Context, tx *sql.Tx, sources []*schema.Source) error {
	if err := run(ctx, tx, "case.sql", caseSQL); err != nil {
		return err
	}
	if err := run(ctx, tx, "schema", "CREATE SCHEMA IF NOT EXISTS "+schema.StorageSchema); err != nil {
		return err
	}
	stored, err := storedColumns(ctx, tx)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if err := widen(ctx, tx, s, stored[s.Name], nil); err != nil {
			return err
		}
	}
	return nil
}

// makeViews makes the macros and all other views. The hash goes last, into the
// same transaction: a case with a hash is whole.
func (c *Case) makeViews(ctx context.Context, tx *sql.Tx, sources []*schema.Source, hash string) error {
	files := c.opts.Schemas
	functions, err := fs.ReadFile(files, "functions.sql")
	if err != nil {
		return err
	}
	if err := run(ctx, tx, "functions.sql", string(functions)); err != nil {
		return err
	}
	for _, s := range sources {
		if c.opts.Confined {
			if err := s.CheckViews(); err != nil {
				return err
			}
		}
		if err := run(ctx, tx, s.Name+"/views.sql", s.Views); err != nil {
			return err
		}
	}
	hours, err := schema.HoursView(sources)
	if err != nil {
		return err
	}
	if err := run(ctx, tx, "log_hours", hours.SQL); err != nil {
		return err
	}
	cross, err := fs.ReadFile(files, "cross.sql")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := run(ctx, tx, "cross.sql", string(cross)); err != nil {
		return err
	}
	events, err := schema.EventsView(sources)
	if err != nil {
		return err
	}
	if err := run(ctx, tx, "events", events.SQL); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO case_info VALUES ('definitions', ?)`, hash)
	return err
}

// run runs the statements of a text, which may be comments only; what names it.
func run(ctx context.Context, tx *sql.Tx, what, text string) error {
	if strings.TrimSpace(comment.ReplaceAllString(text, "")) == "" {
		return nil
	}
	if _, err := tx.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// comment is a line of SQL that is nothing but a comment.
var comment = regexp.MustCompile(`(?m)^\s*--.*$`)

// definitions is a hash over everything define makes the case from.
func definitions(fsys fs.FS) (string, error) {
	h := sha256.New()
	h.Write([]byte(caseSQL))
	err := fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if ext := filepath.Ext(path); ext != ".sql" && ext != ".yaml" {
			return nil
		}
		text, err := fs.ReadFile(fsys, path)
		fmt.Fprintf(h, "%s %d\n%s", path, len(text), text)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}
