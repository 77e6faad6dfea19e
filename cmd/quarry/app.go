package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"logquarry/engine/custody"
	"logquarry/engine/enrich"
	"logquarry/engine/hunt"
	"logquarry/engine/load"
	"logquarry/engine/render"
	"logquarry/engine/schema"
	"logquarry/engine/session"
	"logquarry/engine/store"
	"logquarry/queries"
	"logquarry/schemas"
)

// defaultCase is the case where none is named.
const defaultCase = "case.duckdb"

// app is what all commands share: the streams, and the flags that stand
// everywhere.
type app struct {
	in       io.Reader
	out, err io.Writer
	getenv   func(string) string
	// shellContext gives the context of the shell, which minds signals itself.
	shellContext func() context.Context
	inShell      bool

	casePath, format, output, memory, schemas string
	force, noColor, quiet, json               bool
	threads                                   int
	geoip, ipRanges                           string
	described                                 []*schema.Source // nil: see sources
	enriched                                  *enrich.Set      // nil: see enrichment

	command string   // its name, as the record of a file says it
	args    []string // of the process
	// later are the actions to be recorded in the case at laterCase once it is
	// closed. One process works with one case.
	later     []store.Action
	laterCase string

	// aside is set once input was set aside that the command itself does not
	// count: by scan.
	aside bool
}

// workers is how many threads to use.
func (a *app) workers() int {
	if a.threads > 0 {
		return a.threads
	}
	return runtime.GOMAXPROCS(0)
}

// definitions are the files that describe the sources: ours, and those of
// --schemas.
func (a *app) definitions() (fs.FS, error) {
	if a.schemas == "" {
		return schemas.FS, nil
	}
	if info, err := os.Stat(a.schemas); err != nil || !info.IsDir() {
		return nil, usage("", "--schemas %s: not a folder", a.schemas)
	}
	return overlay{schemas.FS, os.DirFS(a.schemas)}, nil
}

// sources are the sources described there, read once.
func (a *app) sources() ([]*schema.Source, error) {
	if a.described != nil {
		return a.described, nil
	}
	files, err := a.definitions()
	if err != nil {
		return nil, err
	}
	a.described, err = schema.Load(files)
	return a.described, err
}

// overlay is two file systems laid over one another; the first wins.
type overlay [2]fs.FS

func (o overlay) Open(name string) (fs.File, error) {
	f, err := o[0].Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o[1].Open(name)
	}
	return f, err
}

func (o overlay) ReadDir(name string) ([]fs.DirEntry, error) {
	first, err1 := fs.ReadDir(o[0], name)
	second, err2 := fs.ReadDir(o[1], name)
	if err1 != nil && err2 != nil {
		return nil, err1
	}
	have := map[string]bool{}
	for _, e := range first {
		have[e.Name()] = true
	}
	for _, e := range second {
		if !have[e.Name()] {
			first = append(first, e)
		}
	}
	return first, nil
}

// library are the shipped hunts, read once.
var library = sync.OnceValues(func() (*hunt.Library, error) { return hunt.Load(queries.FS) })

// hunts are those of library for who asks when there is nobody left to tell of an
// error: a test holds every shipped hunt to being readable.
func hunts() *hunt.Library {
	l, err := library()
	if err != nil {
		panic("quarry: internal error: " + err.Error())
	}
	return l
}

// caseName is the path of the case, and whether somebody named it.
func (a *app) caseName() (path string, named bool) {
	if a.casePath != "" {
		return a.casePath, true
	}
	if p := a.getenv("QUARRY_CASE"); p != "" {
		return p, true
	}
	return defaultCase, false
}

// openCase opens a case: for writing it is made where there is none.
func (a *app) openCase(ctx context.Context, path string, opts store.Options) (*store.Case, error) {
	files, err := a.definitions()
	if err != nil {
		return nil, err
	}
	answers, err := a.enrichment()
	if err != nil {
		return nil, err
	}
	opts.Schemas, opts.Threads, opts.Memory, opts.Functions = files, a.threads, a.memory, store.Functions(answers)
	if opts.Create {
		if dir := filepath.Dir(path); dir != "." {
			if _, err := os.Stat(dir); err != nil {
				return nil, fmt.Errorf("open case %s: the folder %s does not exist", path, dir)
			}
		}
	}
	wait := time.Duration(0)
	if opts.ReadOnly {
		// An action may just be being recorded, which takes no time to speak of.
		wait = time.Second
	}
	if opts.Create && a.schemas != "" && !opts.Confined {
		// Views that somebody else wrote are made where they reach nothing.
		made := opts
		made.Confined = true
		c, err := openWaiting(ctx, path, made, wait)
		if err != nil {
			return nil, err
		}
		if err := c.Close(); err != nil {
			return nil, err
		}
	}
	return openWaiting(ctx, path, opts, wait)
}

// openWaiting opens a case, and waits that long for another process to let go of it.
func openWaiting(ctx context.Context, path string, opts store.Options, wait time.Duration) (*store.Case, error) {
	c, err := store.Open(ctx, path, opts)
	for start := time.Now(); errors.Is(err, store.ErrBusy) && time.Since(start) < wait; {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
		c, err = store.Open(ctx, path, opts)
	}
	return c, err
}

// opened is a case open for a command that asks questions.
type opened struct {
	*session.Session
	// scratch is set where there was no case: it is empty and goes away.
	scratch bool
	dir     string
	a       *app
}

// Describe implements [repl.Custodian].
func (o *opened) Describe(ctx context.Context, r *custody.Record) error {
	r.Version, r.Command, r.Args = version, "shell "+r.Command, append(slices.Clone(o.a.args), r.Args...)
	var err error
	if r.Databases, err = o.a.asked(); err != nil || o.scratch {
		return err
	}
	state, err := o.Case().State(ctx)
	if err == nil {
		r.Case = &state
	}
	return err
}

// Exported implements [repl.Custodian].
func (o *opened) Exported(path string, r custody.Record) { o.a.exported(path, r) }

// close closes the case as it is open now.
func (o *opened) close() error {
	err := o.Close()
	if o.dir != "" {
		err = errors.Join(err, os.RemoveAll(o.dir))
	}
	return err
}

// closeInto closes the case when a function ends; what fails then is the function's
// error where it has none.
func (o *opened) closeInto(err *error) {
	if cerr := o.close(); *err == nil {
		*err = cerr
	}
}

// question says how a case is to be opened to be asked.
type question struct {
	// write opens it for writing at once.
	write bool
	// scratch allows an empty case in its place where none is named and none
	// is there: files can be scanned without one.
	scratch bool
	// since and until are the window of hunts; zero: open.
	since, until time.Time
	// own says that the statements are those of the person who runs us, which
	// may read and write files. Others are confined to the case.
	own bool
}

// open opens the case to be asked.
func (a *app) open(ctx context.Context, q question) (*opened, error) {
	sources, err := a.sources()
	if err != nil {
		return nil, err
	}
	path, named := a.caseName()
	o := &opened{a: a}
	opts := store.Options{ReadOnly: !q.write, Confined: !q.own}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if named || !q.scratch {
			where := ""
			if named {
				where = " --case " + path
			}
			return nil, &hinted{fmt.Errorf("open case %s: there is no such file", path),
				"make it with: quarry load PATH" + where}
		}
		o.scratch = true
		if o.dir, err = os.MkdirTemp("", "quarry-"); err != nil {
			return nil, err
		}
		path = filepath.Join(o.dir, defaultCase)
		opts = store.Options{Create: true, Confined: !q.own, Sources: sources}
	}
	c, err := a.openCase(ctx, path, opts)
	if err != nil {
		if o.dir != "" {
			os.RemoveAll(o.dir)
		}
		return nil, err
	}
	cross, err := fs.ReadFile(schemas.FS, "cross.sql")
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	so := session.Options{Case: c, Library: hunts, Sources: sources, Cross: string(cross), Version: version, Scratch: o.scratch,
		Since: q.since, Until: q.until, Later: func(action store.Action) { a.recordLater(path, action) }}
	if !q.own {
		o.Session = session.New(so)
		return o, nil
	}
	scan := func(c *store.Case) error {
		return load.RegisterScan(ctx, c, load.ScanOptions{Sources: sources, Threads: a.workers(), Skipped: a.scanSkipped})
	}
	so.Reopen = func(ctx context.Context, write bool) (*store.Case, error) {
		if err := o.Case().Close(); err != nil {
			return nil, err
		}
		c, err := a.openCase(ctx, path, store.Options{ReadOnly: !write})
		if err == nil {
			return c, scan(c)
		}
		again, rerr := a.openCase(ctx, path, store.Options{ReadOnly: true})
		if rerr != nil {
			return nil, err
		}
		return again, errors.Join(err, scan(again))
	}
	so.Confined = func(ctx context.Context) (*store.Case, error) {
		return a.openCase(ctx, path, store.Options{ReadOnly: true, Confined: true})
	}
	o.Session = session.New(so)
	if err := scan(c); err != nil {
		return nil, errors.Join(err, o.close())
	}
	return o, nil
}

// scanSkipped tells what a scan could not read.
func (a *app) scanSkipped(lost []load.Aside) {
	a.aside = true
	if a.quiet {
		return
	}
	fmt.Fprintln(a.err, "quarry: scan could not read everything:")
	a.listAside(lost)
}

// terminal is the width of w where it is a terminal, else 0.
func terminal(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 80
	}
	return width
}

// colour says whether w takes colour. https://no-color.org: any value but none.
func (a *app) colour(w io.Writer) bool {
	return terminal(w) > 0 && !a.noColor && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
}

// resultFormat is the format of results written to w: the one asked for, the
// one the name of --output stands for, or table for people and csv for programs.
func (a *app) resultFormat(w io.Writer) (render.Format, error) {
	if a.format != "" {
		return render.ParseFormat(a.format)
	}
	if a.output != "" && a.output != "-" {
		switch strings.ToLower(filepath.Ext(a.output)) {
		case ".tsv":
			return render.TSV, nil
		case ".json":
			return render.JSON, nil
		case ".ndjson", ".jsonl":
			return render.NDJSON, nil
		case ".md":
			return render.Markdown, nil
		case ".txt":
			return render.Table, nil
		}
		return render.CSV, nil
	}
	if terminal(w) > 0 {
		return render.Table, nil
	}
	return render.CSV, nil
}
