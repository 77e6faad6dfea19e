package repl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// outputFile becomes path only when it is finished: until then it is a
// temporary file beside it.
type outputFile struct {
	*os.File
	path  string
	force bool
}

func createOutput(path string, force bool) (*outputFile, error) {
	path = expandHome(path)
	if err := mayWrite(path, force); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return nil, err
	}
	return &outputFile{f, path, force}, nil
}

func mayWrite(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	case !force:
		return &hinted{fmt.Errorf("%s exists", path), "--force after the name overwrites it"}
	}
	return nil
}

// finish puts the file in its place. On an error nothing is left behind.
func (o *outputFile) finish() (err error) {
	defer func() {
		if err != nil {
			os.Remove(o.Name())
			err = fmt.Errorf("write %s: %w", o.path, err)
		}
	}()
	err = o.Sync()
	if cerr := o.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = mayWrite(o.path, o.force)
	}
	if err != nil {
		return err
	}
	return os.Rename(o.Name(), o.path)
}

func (o *outputFile) drop() {
	o.Close()
	os.Remove(o.Name())
}

// closeOutput ends what .output began.
func (s *session) closeOutput() error {
	if s.output == nil {
		return nil
	}
	o := s.output
	s.output = nil
	return o.finish()
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

func runOutput(s *session, _ context.Context, args []string, _ string) error {
	force, err := forced(args)
	if err != nil {
		return err
	}
	if err := s.closeOutput(); err != nil {
		return err
	}
	if args[0] == "-" {
		return nil
	}
	s.output, err = createOutput(args[0], force)
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
	o, err := createOutput(args[0], force)
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
		o.drop()
		return err
	}
	if err := o.finish(); err != nil {
		return err
	}
	if s.term != nil && !s.cfg.Quiet {
		s.note("%s %s written to %s", thousands(n), plural(n, "row"), o.path)
	}
	return nil
}
