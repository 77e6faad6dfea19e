// Package find lists the files of an evidence tree and tells the source of
// each, by content first and by name second.
//
// In: paths. Out: [File]s in the order of their paths. It opens files to look
// at their beginnings and unpacks archives into a scratch folder; it leaves
// reading the records to decode and load.
package find

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"logquarry/engine/decode/regex"
	"logquarry/engine/manifest"
	"logquarry/engine/schema"
	"logquarry/engine/unpack"
	"logquarry/engine/unwrap"
)

// File is one file of the evidence.
type File struct {
	// Path names the file to people: as it was given or found, with "!" and
	// the member's name for a file out of an archive, "-" for standard input.
	Path string
	// Local is where its bytes lie.
	Local string
	Size  int64 // bytes, as it lies

	Source      *schema.Source // nil: no known source
	By          string         // what told the source: content, name, or asked
	Kind        unpack.Kind    // Plain or Parquet where it can be read
	Compression string
	Fields      []string // names in the header line, or of a Parquet file's columns
	// Frame is how the file is cut into messages, where its records arrived in
	// envelopes; empty where they lie in it as they are.
	Frame unwrap.Frame
	// Arrival names the way the first of its records arrived; empty as they are.
	Arrival string
	// Objects says that records of a source of another shape lie in it as JSON.
	Objects bool
	// Problem is why the file cannot be read, or why its source is unsure.
	Problem string
	// Note is what is odd about a file that can be read.
	Note string
	// Lost says why bytes are missing at its end, where Local does not show
	// it: a member of a damaged archive.
	Lost string
	// Day is the date in the path, from which AWS's folders are made; zero
	// where there is none.
	Day time.Time
}

// Options say what to look for.
type Options struct {
	Sources []*schema.Source
	// Source, where set, is taken for every file, whatever it looks like.
	Source *schema.Source
	// Scratch is an existing folder for the members of archives.
	Scratch string
	// MaxBytes is what archives may unpack to, all together; 0: three quarters
	// of what is free where Scratch lies. MaxMembers is how many files may come
	// out of them; 0: 4 million.
	MaxBytes   int64
	MaxMembers int
	// Skip are files never to be listed: the case itself.
	Skip []string
	// Stdin is read for the path "-".
	Stdin   io.Reader
	Threads int
}

// Finder finds files. It is made once and may be used again.
type Finder struct {
	opts  Options
	known *Known
	paths map[string][]*regex.Matcher // of a source's files, by its name

	// Of archives: the bytes all may still unpack to, those the one at hand may,
	// and their members, of which there may be maxMembers.
	budget, allowed     int64
	members, maxMembers int
}

// NewFinder prepares to find files of the given sources.
func NewFinder(opts Options) (*Finder, error) {
	f := &Finder{opts: opts, paths: map[string][]*regex.Matcher{}, budget: opts.MaxBytes, maxMembers: opts.MaxMembers}
	if f.budget == 0 {
		f.budget = room(opts.Scratch)
	}
	if f.maxMembers == 0 {
		f.maxMembers = maxMembers
	}
	var err error
	if f.known, err = NewKnown(opts.Sources); err != nil {
		return nil, err
	}
	for _, s := range opts.Sources {
		for _, expr := range s.Recognise.Path {
			m, err := regex.NewMatcher(expr)
			if err != nil {
				return nil, fmt.Errorf("%s: recognise.path: %w", s.Name, err)
			}
			f.paths[s.Name] = append(f.paths[s.Name], m)
		}
	}
	return f, nil
}

// Find lists the files below paths. A path that does not exist is an error; a
// folder or file that cannot be read is listed with its Problem.
func (f *Finder) Find(ctx context.Context, paths []string) ([]File, error) {
	var files []File
	for _, p := range paths {
		if p == "-" {
			file, err := f.stdin(ctx)
			if err != nil {
				return nil, err
			}
			files = append(files, file)
			continue
		}
		if _, err := os.Stat(p); err != nil {
			return nil, err
		}
		found, err := f.walk(ctx, p)
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	byPath := func(i, k int) bool { return files[i].Path < files[k].Path }
	sort.SliceStable(files, byPath)
	// The same file named twice is one file; two members of an archive may
	// have one name, and are two.
	files = slices.CompactFunc(files, func(a, b File) bool { return a.Path == b.Path })
	files, err := f.identifyAll(ctx, files)
	if err != nil {
		return nil, err
	}
	for i := range files {
		files[i].Path = valid(files[i].Path)
	}
	sort.SliceStable(files, byPath)
	return files, nil
}

func (f *Finder) walk(ctx context.Context, root string) ([]File, error) {
	var files []File
	skip, err := f.skips()
	if err != nil {
		return nil, err
	}
	if info, err := os.Lstat(root); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		root += string(filepath.Separator) // a link that was named is followed, where it is to a folder
		if info, err := os.Stat(root); err != nil || !info.IsDir() {
			root = strings.TrimSuffix(root, string(filepath.Separator))
		}
	}
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if skip(path) {
			if e != nil && e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if err != nil {
			files = append(files, File{Path: path, Problem: plainError(err)})
			if e != nil && e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			if e.Name() == manifest.Scratch && path != root {
				return fs.SkipDir // what a fetch that was killed left is not whole
			}
			return nil
		}
		if e.Name() == manifest.Name && path != root && manifest.Is(path) {
			return nil // it is about the files, and grows with them
		}
		info, err := os.Stat(path) // follows a link to a file
		switch {
		case err != nil:
			files = append(files, File{Path: path, Problem: plainError(err)})
			return nil
		case e.Type()&fs.ModeSymlink != 0 && path != root && info.Mode().IsRegular() && !inside(path, root):
			files = append(files, File{Path: path, Problem: "a link to a file outside the folder, which is not followed; name the file itself to load it"})
			return nil
		case info.IsDir():
			files = append(files, File{Path: path, Problem: "a link to a folder, which is not followed"})
			return nil
		case !info.Mode().IsRegular():
			files = append(files, File{Path: path, Problem: "not a regular file"})
			return nil
		}
		files = append(files, File{Path: path, Local: path, Size: info.Size()})
		return nil
	})
	return files, err
}

// valid is a path as text: names may be any bytes, text in a case may not. Bytes
// that are not UTF-8 become \xNN.
func valid(path string) string {
	if utf8.ValidString(path) {
		return path
	}
	var b strings.Builder
	for i, r := range path {
		if r == utf8.RuneError && !strings.HasPrefix(path[i:], "\ufffd") {
			fmt.Fprintf(&b, `\x%02x`, path[i])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// inside reports whether what path leads to lies below root. Evidence may hold
// links to whatever else is on the machine that looks at it.
func inside(path, root string) bool {
	at, err := filepath.EvalSymlinks(path)
	if err != nil {
		return false
	}
	top, err := filepath.EvalSymlinks(root)
	if err != nil {
		return false
	}
	at, err1 := filepath.Abs(at)
	top, err2 := filepath.Abs(top)
	rel, err3 := filepath.Rel(top, at)
	return errors.Join(err1, err2, err3) == nil && filepath.IsLocal(rel)
}

// skips tells the paths that are never listed: those of Skip, what DuckDB writes
// beside them (case.duckdb.wal, case.duckdb.tmp), and the scratch folder. It goes
// by name, for the case may be made while the files are looked for.
func (f *Finder) skips() (func(path string) bool, error) {
	var names []string
	for _, p := range append(slices.Clone(f.opts.Skip), f.opts.Scratch) {
		if p == "" {
			continue
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		names = append(names, abs)
		if real, err := filepath.EvalSymlinks(abs); err == nil && real != abs {
			names = append(names, real)
		}
	}
	return func(path string) bool {
		abs, err := filepath.Abs(path)
		return err == nil && slices.ContainsFunc(names, func(n string) bool {
			return abs == n || abs == n+".wal" || abs == n+".tmp"
		})
	}, nil
}

// plainError is err without the path, which stands beside it anyway.
func plainError(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Op + ": " + pe.Err.Error()
	}
	return err.Error()
}

func (f *Finder) stdin(ctx context.Context) (File, error) {
	if f.opts.Stdin == nil {
		return File{}, errors.New("no standard input to read")
	}
	out, err := os.CreateTemp(f.opts.Scratch, "stdin-*")
	if err != nil {
		return File{}, err
	}
	var n int64
	done := make(chan error, 1)
	go func() {
		var err error
		n, err = io.Copy(out, f.opts.Stdin)
		done <- errors.Join(err, out.Close())
	}()
	select {
	case err = <-done:
	case <-ctx.Done():
		// A read of a terminal or pipe cannot be called off; it is left behind.
		return File{}, context.Cause(ctx)
	}
	if err != nil {
		return File{}, fmt.Errorf("read standard input: %w", err)
	}
	return File{Path: "-", Local: out.Name(), Size: n}, nil
}

// identifyAll looks into the files, several at once, and replaces archives by
// their members.
func (f *Finder) identifyAll(ctx context.Context, files []File) ([]File, error) {
	members := make([][]File, len(files))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, f.opts.Threads))
	for i := range files {
		if files[i].Problem != "" {
			continue
		}
		g.Go(func() error {
			if gctx.Err() != nil {
				return context.Cause(gctx)
			}
			f.identify(&files[i])
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	// Archives share one budget of disk space, so they go one by one.
	var out []File
	for i := range files {
		if files[i].Problem == "" && isArchive(files[i].Kind) {
			var err error
			if members[i], err = f.extract(ctx, &files[i], 1); err != nil {
				return nil, err
			}
			out = append(out, members[i]...)
			if files[i].Problem == "" {
				continue
			}
		}
		out = append(out, files[i])
	}
	return out, nil
}

// Day is the date that stands in a path: …/2026/01/02/…, …/2026/1/2/… (Config),
// year=2026/month=01/day=02, or 20260102T in a name.
func Day(path string) time.Time {
	for _, re := range dayRE {
		if m := re.FindStringSubmatch(filepath.ToSlash(path)); m != nil {
			t, err := time.Parse("2006-1-2", strings.TrimLeft(m[1], "0")+"-"+m[2]+"-"+m[3])
			if err == nil {
				return t
			}
		}
	}
	return time.Time{}
}

var dayRE = []*regexp.Regexp{
	regexp.MustCompile(`/(20\d\d)/([01]?\d)/([0-3]?\d)/`),
	regexp.MustCompile(`year=(20\d\d)/month=([01]?\d)/day=([0-3]?\d)`),
	regexp.MustCompile(`_(20\d\d)([01]\d)([0-3]\d)T\d{4,6}Z`),
}
