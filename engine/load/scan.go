package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"logquarry/engine/decode"
	"logquarry/engine/find"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
	"logquarry/engine/store"
	"logquarry/engine/unpack"
)

// Scan is the table function scan(source, path) of one case: it reads files
// where they lie, without loading them.
type Scan struct {
	opts  ScanOptions
	plans *plans
	db    *sql.DB

	mu      sync.Mutex
	ctx     context.Context // of the statement that runs
	pullers []*puller       // that statement's
	scratch []string
}

// ScanOptions say how files are scanned.
type ScanOptions struct {
	Sources []*schema.Source
	Threads int // 0: 2
	// Scratch gives a folder for the members of archives; it is removed when
	// the statement ends. Nil: os.MkdirTemp.
	Scratch func() (string, error)
	// Skipped is told after a statement what its scans could not read.
	Skipped func([]Aside)
}

// RegisterScan makes scan(source, path) known to the statements of c. path is
// a file, a folder (everything below it), or a pattern with *, ?, [] and **.
// Files of other sources are passed over. file_id counts the files of the scan
// from 1. Files are closed when the statement ends.
func RegisterScan(ctx context.Context, c *store.Case, opts ScanOptions) error {
	if opts.Threads == 0 {
		opts.Threads = 2
	}
	if opts.Scratch == nil {
		opts.Scratch = func() (string, error) { return os.MkdirTemp("", "quarry-") }
	}
	plans, err := newPlans(opts.Sources, opts.Sources, nil)
	if err != nil {
		return err
	}
	s := &Scan{opts: opts, plans: plans, db: c.DB(), ctx: context.WithoutCancel(ctx)}
	conn, err := c.DB().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	text, err := duckdb.NewTypeInfo(duckdb.TYPE_VARCHAR)
	if err != nil {
		return err
	}
	err = duckdb.RegisterTableUDF(conn, "scan", duckdb.ParallelChunkTableFunction{
		Config:        duckdb.TableFunctionConfig{Arguments: []duckdb.TypeInfo{text, text}},
		BindArguments: s.bind,
	})
	if err != nil {
		return fmt.Errorf("register scan: %w", err)
	}
	c.Around(s.around)
	return nil
}

// around ties what is bound to the statement that binds it.
func (s *Scan) around(ctx context.Context) func() {
	s.mu.Lock()
	s.ctx = ctx
	s.mu.Unlock()
	return s.end
}

// end closes what the statement's scans hold, and tells what they lost.
func (s *Scan) end() {
	s.mu.Lock()
	pullers, scratch := s.pullers, s.scratch
	s.pullers, s.scratch = nil, nil
	s.mu.Unlock()
	var lost []Aside
	for _, p := range pullers {
		p.release()
		for _, t := range p.tasks {
			if r, ok := t.other.(*parquetRows); ok {
				r.close()
			}
			if t.tally.Rejected > 0 {
				a := Aside{Path: t.path, Count: t.tally.Rejected - 1}
				if len(t.tally.Rejects) > 0 {
					a.Line, a.Offset, a.Reason = t.tally.Rejects[0].Line, t.tally.Rejects[0].Offset, t.tally.Rejects[0].Reason
				}
				lost = append(lost, a)
			}
		}
	}
	for _, dir := range scratch {
		os.RemoveAll(dir)
	}
	if len(lost) > 0 && s.opts.Skipped != nil {
		s.opts.Skipped(lost)
	}
}

// bind finds the files of one scan.
func (s *Scan) bind(_ map[string]any, args ...any) (duckdb.ParallelChunkTableSource, error) {
	source, ok1 := args[0].(string)
	pattern, ok2 := args[1].(string)
	if !ok1 || !ok2 {
		return nil, errors.New("scan: source and path must not be NULL")
	}
	p := s.plans.by[source]
	if p == nil {
		return nil, s.unknown(source)
	}
	s.mu.Lock()
	ctx := s.ctx
	s.mu.Unlock()
	paths, err := glob(pattern)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) && pe.Path == pattern {
			err = pe.Err
		}
		return nil, fmt.Errorf("scan %s: %w", pattern, err)
	}
	scratch, err := s.opts.Scratch()
	if err != nil {
		return nil, fmt.Errorf("scan %s: %w", pattern, err)
	}
	s.mu.Lock()
	s.scratch = append(s.scratch, scratch)
	s.mu.Unlock()
	f, err := find.NewFinder(find.Options{Sources: s.opts.Sources, Scratch: scratch, Threads: s.opts.Threads})
	if err != nil {
		return nil, err
	}
	files, err := f.Find(ctx, paths)
	if err != nil {
		return nil, fmt.Errorf("scan %s: %w", pattern, err)
	}
	pull := &puller{
		ctx: ctx, db: s.db, plan: p, plans: s.plans, copies: true, threads: s.opts.Threads, progress: new(Progress),
		keep: func(*task) decode.Keep { return nil },
	}
	for _, file := range files {
		if file.Kind == unpack.Parquet && file.Problem == "" {
			tellParquet(ctx, s.db, s.opts.Sources, &file)
		}
		switch {
		case file.Problem != "" && (file.Source == nil || file.Source == p.source):
			return nil, fmt.Errorf("scan %s: %s", file.Path, file.Problem)
		case file.Source != p.source && file.Frame == "":
			continue
		}
		place := uint32(len(pull.tasks) + 1)
		t := newTask(&file, place, int64(place))
		if file.Source != p.source {
			t.again = true // its rejects are the other source's
		}
		if file.Kind == unpack.Parquet && plainParquet(p.source) {
			t.other = &parquetRows{ctx: ctx, db: s.db, source: p.source, path: file.Local}
		}
		pull.tasks = append(pull.tasks, t)
	}
	if len(pull.tasks) == 0 {
		return nil, fmt.Errorf("scan %s: no %s file there, among %d looked at", pattern, source, len(files))
	}
	s.mu.Lock()
	s.pullers = append(s.pullers, pull)
	s.mu.Unlock()
	return pull, nil
}

func (s *Scan) unknown(source string) error {
	var names []string
	for _, x := range s.opts.Sources {
		names = append(names, x.Name)
	}
	if near, ok := sqltext.Nearest(source, names); ok {
		return fmt.Errorf("scan: no source %s: did you mean %s?", source, near)
	}
	return fmt.Errorf("scan: no source %s: there are %s", source, strings.Join(names, ", "))
}

// glob is the files and folders a pattern stands for: itself where it has no
// mark of a pattern, or where a file has that very name.
func glob(pattern string) ([]string, error) {
	if _, err := os.Lstat(pattern); err == nil {
		return []string{pattern}, nil
	} else if !strings.ContainsAny(pattern, "*?[") {
		return nil, err
	}
	slashed := path.Clean(filepath.ToSlash(pattern))
	parts := strings.Split(slashed, "/")
	// The walk starts at the last folder before the first mark.
	n := 0
	for n < len(parts)-1 && !strings.ContainsAny(parts[n], "*?[") {
		n++
	}
	root := strings.Join(parts[:n], "/")
	switch {
	case n > 0 && root == "":
		root = "/"
	case n == 0:
		root = "."
	}
	for _, part := range parts[n:] {
		if _, err := path.Match(part, ""); err != nil {
			return nil, err
		}
	}
	var found []string
	err := filepath.WalkDir(filepath.FromSlash(root), func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(filepath.FromSlash(root), p)
		if err != nil || rel == "." || !matches(parts[n:], strings.Split(filepath.ToSlash(rel), "/")) {
			return err
		}
		found = append(found, p)
		if e.IsDir() {
			return fs.SkipDir // with everything below it
		}
		return nil
	})
	if err == nil && found == nil {
		err = errors.New("no file matches")
	}
	return found, err
}

// matches reports whether the steps of a path fit those of a pattern, in which
// ** is any number of steps.
func matches(pattern, steps []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for i := 0; i <= len(steps); i++ {
				if matches(pattern[1:], steps[i:]) {
					return true
				}
			}
			return false
		}
		if len(steps) == 0 {
			return false
		}
		if ok, err := path.Match(pattern[0], steps[0]); err != nil || !ok {
			return false
		}
		pattern, steps = pattern[1:], steps[1:]
	}
	return len(steps) == 0
}
