package schema

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"runtime"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"golang.org/x/sync/errgroup"
)

// File is the name of a source's description in its folder.
const File = "source.yaml"

// viewsFile is the name of a source's views in its folder; it may be missing.
const viewsFile = "views.sql"

// examplesFile is the name of a source's example queries; it may be missing.
const examplesFile = "examples.sql"

// Load reads <folder>/source.yaml, and views.sql beside it, of every folder at
// the top of fsys, and checks them. The sources come ordered by name and belong
// to the caller. A folder without a source.yaml is passed over.
//
// Where any description is wrong no source is returned, and the error joins one
// [*Error] for each fault found in any of them.
func Load(fsys fs.FS) ([]*Source, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, fmt.Errorf("list sources: %w", err)
	}
	// Reading YAML is most of what a short command does, so all cores share it.
	found := make([]*Source, len(entries))
	faults := make([]error, len(entries))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, e := range entries {
		if !e.IsDir() {
			continue
		}
		g.Go(func() (err error) {
			found[i], faults[i], err = loadFolder(fsys, e.Name())
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	sources := slices.DeleteFunc(found, func(s *Source) bool { return s == nil })
	slices.SortFunc(sources, func(a, b *Source) int {
		if a.Name < b.Name {
			return -1
		}
		return 1 // folder names, hence source names, differ
	})
	return sources, nil
}

// loadFolder reads one folder; the source is nil where it describes none. fault
// is what is wrong with the description, err what kept it from being read.
func loadFolder(fsys fs.FS, folder string) (s *Source, fault, err error) {
	name := path.Join(folder, File)
	text, err := fs.ReadFile(fsys, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read source description: %w", err)
	}
	if s, fault = parse(name, text); fault != nil {
		return nil, fault, nil
	}
	views, err := fs.ReadFile(fsys, path.Join(folder, viewsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("read views: %w", err)
	}
	examples, err := fs.ReadFile(fsys, path.Join(folder, examplesFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("read example queries: %w", err)
	}
	s.Views, s.Examples = string(views), string(examples)
	return s, nil, nil
}

// Error is one fault in a source's description.
type Error struct {
	Path    string // slash-separated, in the file system given to Load
	Line    int    // from 1; 0 where the fault has no place
	Column  int    // from 1, in characters
	Message string
	Hint    string // advice for the person who wrote the file; may be empty
}

// Error is the place and the message, without the hint.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Path + ": " + e.Message
	}
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.Message)
}

// parse reads one description strictly and checks it. name is its path, whose
// folder the source must be called after.
func parse(name string, text []byte) (*Source, error) {
	var s Source
	if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
		return nil, syntaxError(name, err)
	}
	c := checker{path: name, text: text}
	c.source(&s, path.Base(path.Dir(name)))
	if len(c.faults) > 0 {
		return nil, errors.Join(c.faults...)
	}
	if s.Time == NoTime {
		s.Time = ""
	}
	return &s, nil
}

// syntaxError gives a fault found by the YAML reader its file, and an unknown
// key the nearest one there is.
func syntaxError(name string, err error) error {
	out := &Error{Path: name, Message: err.Error()}
	var y yaml.Error
	if !errors.As(err, &y) {
		return out
	}
	out.Message = y.GetMessage()
	tok := y.GetToken()
	if tok != nil && tok.Position != nil {
		out.Line, out.Column = tok.Position.Line, tok.Position.Column
	}
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) && tok != nil {
		out.Message = fmt.Sprintf("unknown key %q", tok.Value)
		out.Hint = didYouMean(tok.Value, keys())
	}
	return out
}

// place is the position of the value a YAML path leads to in text, or of the
// nearest value around it that is there.
func place(text []byte, yamlPath string) (line, column int) {
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return 0, 0
	}
	p, err := yaml.PathString(yamlPath)
	if err != nil {
		return 0, 0
	}
	node, err := p.FilterFile(tree)
	if err != nil || node == nil || node.GetToken() == nil {
		return 0, 0
	}
	pos := node.GetToken().Position
	return pos.Line, pos.Column
}
