package hunt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"logquarry/engine/sqltext"
)

// DefaultPack is what is run where nothing is named.
const DefaultPack = "triage"

// AllPack names every hunt of a library.
const AllPack = "all"

// Library is a set of hunts with distinct ids. It does not change once loaded
// and may be used by any number of goroutines.
type Library struct {
	hunts []Hunt // by id
	byID  map[string]int
}

// Pack is a named set of hunts.
type Pack struct {
	Name  string
	Hunts []Hunt // by falling severity, then id
}

// Load reads every .sql file of fsys, at any depth. Each must have front
// matter. All bad files are named in one error, joined with [errors.Join].
func Load(fsys fs.FS) (*Library, error) {
	l := &Library{byID: map[string]int{}}
	var problems []error
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || path.Ext(name) != ".sql" {
			return nil
		}
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return fmt.Errorf("read hunt %s: %w", name, err)
		}
		h, err := ParseFile(name, string(text))
		if err != nil {
			problems = append(problems, err)
			return nil
		}
		if h.Plain {
			problems = append(problems, &Error{File: name, Line: 1, Msg: "a hunt of a pack needs front matter", Hint: "begin the file with " + frontOpen})
			return nil
		}
		l.hunts = append(l.hunts, h)
		return nil
	})
	if err != nil {
		return nil, err
	}
	sort.Slice(l.hunts, func(i, j int) bool { return l.hunts[i].ID < l.hunts[j].ID })
	for i, h := range l.hunts {
		if first, dup := l.byID[h.ID]; dup {
			problems = append(problems, &Error{File: h.File, Msg: fmt.Sprintf("id %s is also that of %s", h.ID, l.hunts[first].File)})
			continue
		}
		l.byID[h.ID] = i
	}
	for i := range l.hunts {
		if err := l.checkNext(&l.hunts[i]); err != nil {
			problems = append(problems, err)
		}
	}
	for _, p := range l.packNames() {
		if _, clash := l.byID[p]; clash || p == AllPack {
			problems = append(problems, &Error{Msg: fmt.Sprintf("pack %s bears a name that is taken", p)})
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return l, nil
}

// Hunts are all hunts, by id. The slice is the caller's.
func (l *Library) Hunts() []Hunt { return slices.Clone(l.hunts) }

// Hunt returns the hunt with that id.
func (l *Library) Hunt(id string) (Hunt, bool) {
	i, ok := l.byID[id]
	if !ok {
		return Hunt{}, false
	}
	return l.hunts[i], true
}

func (l *Library) packNames() []string {
	seen := map[string]bool{}
	var out []string
	for _, h := range l.hunts {
		for _, p := range h.Packs {
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Packs are all packs: the default one first, then by name.
func (l *Library) Packs() []Pack {
	var out []Pack
	for _, name := range l.packNames() {
		p := Pack{Name: name}
		for _, h := range l.hunts {
			if slices.Contains(h.Packs, name) {
				p.Hunts = append(p.Hunts, h)
			}
		}
		bySeverity(p.Hunts)
		out = append(out, p)
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].Name == DefaultPack && out[j].Name != DefaultPack })
	return out
}

func bySeverity(hunts []Hunt) {
	sort.SliceStable(hunts, func(i, j int) bool { return hunts[i].Severity.Rank() > hunts[j].Severity.Rank() })
}

// Select resolves what a user typed: names of packs, ids of hunts, .sql files
// and folders of them on disk, in any mixture; "all" is every hunt, nothing is
// [DefaultPack]. A hunt named twice comes once, where it was named first.
// A name that is none of these is an [*Error] with the nearest one as hint.
func (l *Library) Select(args []string) ([]Hunt, error) {
	if len(args) == 0 {
		args = []string{DefaultPack}
	}
	var out []Hunt
	taken := map[string]bool{}
	add := func(hunts ...Hunt) {
		for _, h := range hunts {
			// Two files of one name are two hunts.
			key := h.ID
			if _, shipped := l.byID[h.ID]; !shipped || h.Plain {
				key = "file " + h.File
			}
			if !taken[key] {
				taken[key] = true
				out = append(out, h)
			}
		}
	}
	for _, arg := range args {
		hunts, err := l.resolve(arg)
		if err != nil {
			return nil, err
		}
		add(hunts...)
	}
	return out, nil
}

func (l *Library) resolve(arg string) ([]Hunt, error) {
	if arg == AllPack {
		hunts := l.Hunts()
		bySeverity(hunts)
		return hunts, nil
	}
	packs := l.Packs()
	for _, p := range packs {
		if p.Name == arg {
			return p.Hunts, nil
		}
	}
	if h, ok := l.Hunt(arg); ok {
		return []Hunt{h}, nil
	}
	info, err := os.Stat(arg)
	switch {
	case err == nil && info.IsDir():
		return l.readFolder(arg)
	case err == nil:
		h, err := l.readFile(arg)
		return []Hunt{h}, err
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("read hunts: %w", err)
	case strings.HasSuffix(arg, ".sql") || strings.ContainsAny(arg, `/\`):
		return nil, fmt.Errorf("read hunts: %w", err)
	}
	known := []string{AllPack}
	for _, p := range packs {
		known = append(known, p.Name)
	}
	for _, h := range l.hunts {
		known = append(known, h.ID)
	}
	e := &Error{Msg: fmt.Sprintf("%s is no pack, no hunt and no file", arg), Hint: hintNearest(arg, known)}
	if e.Hint == "" {
		e.Hint = "quarry packs lists what there is"
	}
	return nil, e
}

// readFile reads a hunt from disk. What it names as next are hunts of the
// library, which can be run by their ids alone.
func (l *Library) readFile(name string) (Hunt, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return Hunt{}, fmt.Errorf("read hunt: %w", err)
	}
	h, err := ParseFile(name, string(text))
	if err != nil {
		return Hunt{}, err
	}
	if err := l.checkNext(&h); err != nil {
		return Hunt{}, err
	}
	return h, h.CheckReach()
}

// CheckReach refuses a hunt that is more than a question to the case. Hunts read
// from disk have been checked; those of a library are, by a test.
func (h *Hunt) CheckReach() error {
	if r, bad := sqltext.Question(h.SQL); bad {
		return &Error{File: h.File, Line: r.Line, Msg: r.What + "; a hunt asks the case and nothing else",
			Hint: "quarry -f runs statements of your own, which may read and write files"}
	}
	return nil
}

func (l *Library) readFolder(dir string) ([]Hunt, error) {
	var out []Hunt
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() || filepath.Ext(name) != ".sql" {
			return nil
		}
		h, err := l.readFile(name)
		if err != nil {
			return err
		}
		out = append(out, h)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return nil, &Error{Msg: dir + " holds no .sql file"}
	}
	return out, nil
}
