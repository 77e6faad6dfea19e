package repl

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"logquarry/engine/custody"
)

// outputFile is a file results go to, with what is known of them.
type outputFile struct {
	*custody.Output
	record custody.Record
}

func createOutput(command, path string, force bool) (*outputFile, error) {
	f, err := custody.Create(expandHome(path), force)
	if errors.Is(err, custody.ErrExists) {
		err = &hinted{err, "--force after the name overwrites it"}
	}
	if err != nil {
		return nil, err
	}
	o := &outputFile{Output: f}
	o.record.Command, o.record.Args = command, []string{path}
	return o, nil
}

// add notes a result that went into the file; q nil: of a list of the shell's own.
func (o *outputFile) add(q *custody.Query, format string, rows int64) {
	// Results of several formats may go into one file.
	switch o.record.File.Format {
	case "", format:
		o.record.File.Format = format
	default:
		o.record.File.Format = "mixed"
	}
	if q == nil {
		o.record.File.Rows += rows
		return
	}
	with := *q
	with.Rows = rows
	o.record.Add(with)
}

// finish puts the file and its record in their places. On an error nothing is
// left behind.
func (s *session) finish(ctx context.Context, o *outputFile) error {
	c := s.cfg.Custodian
	if c != nil {
		if err := c.Describe(ctx, &o.record); err != nil {
			o.Drop()
			return fmt.Errorf("write %s: %w", o.Path, err)
		}
	}
	r, err := o.Finish(o.record)
	if err == nil && c != nil {
		c.Exported(o.Path, r)
	}
	return err
}

// closeOutput ends what .output began.
func (s *session) closeOutput(ctx context.Context) error {
	if s.output == nil {
		return nil
	}
	o := s.output
	s.output = nil
	return s.finish(ctx, o)
}

func forced(args []string) (bool, error) {
	if len(args) == 1 {
		return false, nil
	}
	if args[1] != "--force" {
		return false, fmt.Errorf("%q: only --force may follow the file", args[1])
	}
	return true, nil
}

func runOutput(s *session, ctx context.Context, args []string, _ string) error {
	force, err := forced(args)
	if err != nil {
		return err
	}
	if err := s.closeOutput(ctx); err != nil {
		return err
	}
	if args[0] == "-" {
		return nil
	}
	s.output, err = createOutput(".output", args[0], force)
	return err
}

// extensions are the formats a file's name stands for.
var extensions = []struct{ ext, format string }{
	{".csv", "csv"}, {".tsv", "tsv"}, {".json", "json"}, {".ndjson", "ndjson"}, {".jsonl", "ndjson"},
	{".md", "markdown"}, {".txt", "table"}, {".parquet", "parquet"}, {".xlsx", "xlsx"}, {".html", "html"},
}

func extensionList() string {
	var all []string
	for _, e := range extensions[:7] {
		all = append(all, e.ext)
	}
	return strings.Join(all, " ")
}

func runSave(s *session, ctx context.Context, args []string, _ string) error {
	force, err := forced(args)
	if err != nil {
		return err
	}
	if s.last == nil {
		return &hinted{errors.New("there is no result to save"), "run a query first; statements that change data are not run again"}
	}
	format := s.format
	ext := strings.ToLower(filepath.Ext(args[0]))
	for _, e := range extensions {
		if e.ext == ext {
			format = e.format
		}
	}
	if !slices.Contains(s.cfg.Formats, format) {
		return &hinted{fmt.Errorf("no format %s for %s", format, args[0]), "formats: " + strings.Join(s.cfg.Formats, ", ")}
	}
	o, err := createOutput(".save", args[0], force)
	if err != nil {
		return err
	}
	var n int64
	err = s.interruptible(ctx, func(ctx context.Context) (err error) {
		rows, err := s.last(ctx)
		if err != nil {
			return err
		}
		n, err = s.cfg.Render(ctx, o, rows, RenderOptions{Format: format})
		if cerr := rows.Close(); err == nil {
			err = cerr
		}
		return err
	})
	if err != nil {
		o.Drop()
		return err
	}
	o.add(s.asked, format, n)
	if err := s.finish(ctx, o); err != nil {
		return err
	}
	if s.term != nil && !s.cfg.Quiet {
		s.note("%s %s written to %s", thousands(n), plural(n, "row"), o.Path)
	}
	return nil
}
