package evidence

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Root is a folder or file that was loaded under Name and is at Local now.
type Root struct{ Name, Local string }

// prefix is what the paths of all files in the folder begin with.
func (r Root) prefix() string {
	switch name := filepath.Clean(r.Name); {
	case name == ".":
		return ""
	case strings.HasSuffix(name, string(filepath.Separator)):
		return name
	default:
		return name + string(filepath.Separator)
	}
}

// sampled is how many files of a root are looked for to find where it lies.
const sampled = 64

// Locate finds where the roots of a ledger lie now. names are the paths that
// were loaded, paths those of the ledger. With a folder they are looked for
// below it, else where they were, or beside the case, which lies in caseDir. A
// root that is nowhere has no Local.
func Locate(names, paths []string, folder, caseDir string) []Root {
	var roots []Root
	for _, name := range names {
		if name == "-" || slices.ContainsFunc(roots, func(r Root) bool { return r.Name == name }) {
			continue
		}
		r, most := Root{Name: name}, 0
		var sample []string // from the root on
		for _, p := range paths {
			outer, _, _ := strings.Cut(p, "!")
			rest, ok := strings.CutPrefix(outer, r.prefix())
			switch {
			case outer == name:
				rest = ""
			case !ok:
				continue
			}
			if sample = append(sample, rest); len(sample) == sampled {
				break
			}
		}
		for _, at := range candidates(name, folder, caseDir) {
			n := 0
			for _, rest := range sample {
				if _, err := os.Lstat(filepath.Join(at, rest)); err == nil {
					n++
				}
			}
			if _, err := os.Stat(at); err == nil && len(sample) == 0 && most == 0 {
				n = 1
			}
			if n > most {
				r.Local, most = at, n
			}
		}
		roots = append(roots, r)
	}
	return roots
}

// candidates are the places where what was called name may lie, the best first.
func candidates(name, folder, caseDir string) []string {
	if folder == "" {
		list := []string{name}
		if !filepath.IsAbs(name) {
			list = append(list, filepath.Join(caseDir, name))
		}
		return list
	}
	// The folder may be the root itself, or hold it with any of the folders
	// that were before it.
	var list []string
	parts := strings.Split(filepath.ToSlash(filepath.Clean(name)), "/")
	for k := range parts {
		list = append(list, filepath.Join(append([]string{folder}, parts[k:]...)...))
	}
	return append(list, folder)
}

// Walk lists the files of the roots under the paths the ledger would have for
// them. A file that cannot be looked at stands with its error. skip tells paths
// that are not evidence, such as the case itself.
func Walk(ctx context.Context, roots []Root, skip func(local string) bool) (files []File, faults []error, err error) {
	seen := map[string]bool{}
	for _, r := range roots {
		if r.Local == "" {
			continue
		}
		top := filepath.Clean(r.Local)
		if info, err := os.Lstat(top); err == nil && info.Mode()&fs.ModeSymlink != 0 {
			if real, err := filepath.EvalSymlinks(top); err == nil {
				top = real
			}
		}
		err := filepath.WalkDir(top, func(path string, e fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case skip(path):
				if e != nil && e.IsDir() {
					return fs.SkipDir
				}
				return nil
			case err == nil && e.IsDir():
				return nil
			}
			f := File{Path: r.Name, Local: path}
			if rest := strings.TrimLeft(strings.TrimPrefix(path, top), string(filepath.Separator)); rest != "" {
				f.Path = r.prefix() + rest
			}
			if seen[f.Path] {
				return nil
			}
			seen[f.Path] = true
			if err == nil && !e.Type().IsRegular() {
				var info fs.FileInfo
				if info, err = os.Stat(path); err == nil && !info.Mode().IsRegular() {
					return nil // the ledger has no hash of it
				}
			}
			files, faults = append(files, f), append(faults, err)
			if err != nil && e != nil && e.IsDir() {
				return fs.SkipDir
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return files, faults, nil
}
