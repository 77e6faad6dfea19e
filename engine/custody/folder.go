package custody

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Folder is a folder of files that is there only once all of it is whole, and
// then with its record beside it. Until then it is a temporary one, of mode
// 0700, beside its place.
type Folder struct {
	Path  string // where it is going to be
	Dir   string // where to write
	force bool
}

// CreateFolder begins the folder at path. Errors are those of [Create]; with
// force an empty folder is replaced, or one that has a record of ours.
func CreateFolder(path string, force bool) (*Folder, error) {
	path = filepath.Clean(path)
	if err := mayReplaceFolder(path, force); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, named(path, err)
	}
	return &Folder{path, dir, force}, nil
}

func mayReplaceFolder(path string, force bool) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return mayReplace(path+Suffix, force || OwnRecord(path))
	case err != nil:
		return named(path, err)
	case !info.IsDir():
		return fmt.Errorf("write %s: not a folder", path)
	}
	inside, err := os.ReadDir(path)
	switch {
	case err != nil:
		return named(path, err)
	case len(inside) > 0 && !force:
		return fmt.Errorf("write %s: %w", path, ErrExists)
	case len(inside) > 0 && !OwnRecord(path):
		// It may be anybody's: nothing says that an export may be in its place.
		return fmt.Errorf("write %s: the folder is not empty and has no record %s", path, filepath.Base(path)+Suffix)
	}
	return mayReplace(path+Suffix, true)
}

// Finish puts the folder in its place, and r with the hashes of what is in it
// beside it. On an error nothing is left of it.
func (f *Folder) Finish(r Record) (Record, error) {
	r.Type, r.File.Name = Type, filepath.Base(f.Path)
	if r.At.IsZero() {
		r.By = Now(r.Version, r.At)
	}
	err := f.measure(&r)
	if err == nil {
		err = f.place(r)
	}
	if err != nil {
		f.Drop()
		return r, err
	}
	return r, nil
}

// measure syncs and hashes the files.
func (f *Folder) measure(r *Record) error {
	err := eachFile(f.Dir, func(name string) error {
		file, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		return errors.Join(file.Sync(), file.Close())
	})
	if err == nil {
		r.Parts, r.File.SHA256, r.File.Bytes, err = sumFolder(f.Dir)
	}
	if err != nil {
		return named(f.Path, err)
	}
	return nil
}

// eachFile names the files below a folder, in the order of their paths.
func eachFile(dir string, f func(name string) error) error {
	return filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return f(name)
	})
}

// sumFolder hashes a folder as [Part] says.
func sumFolder(dir string) (parts []Part, sum string, size int64, err error) {
	var lines []string
	err = eachFile(dir, func(name string) error {
		rel, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		p := Part{Path: filepath.ToSlash(rel)}
		if p.SHA256, p.Bytes, err = Sum(name); err != nil {
			return err
		}
		parts, size = append(parts, p), size+p.Bytes
		lines = append(lines, Line(p.SHA256, p.Path))
		return nil
	})
	return parts, Ledger(lines), size, err
}

func (f *Folder) place(r Record) error {
	text, err := Encode(r)
	if err != nil {
		return named(f.Path, err)
	}
	record, err := stage(f.Path+Suffix, text)
	if err != nil {
		return err
	}
	// It may have come into being meanwhile.
	if err := mayReplaceFolder(f.Path, f.force); err != nil {
		os.Remove(record)
		return err
	}
	// What was there goes away only once the new one is in its place.
	old := f.Dir + ".old"
	switch err := os.Rename(f.Path, old); {
	case errors.Is(err, fs.ErrNotExist):
		old = ""
	case err != nil:
		os.Remove(record)
		return named(f.Path, err)
	}
	if err := place([][2]string{{record, f.Path + Suffix}, {f.Dir, f.Path}}); err != nil {
		if old != "" {
			err = errors.Join(err, os.Rename(old, f.Path))
		}
		return err
	}
	if old != "" {
		return os.RemoveAll(old)
	}
	return nil
}

// Drop ends the folder without leaving anything.
func (f *Folder) Drop() { os.RemoveAll(f.Dir) }
