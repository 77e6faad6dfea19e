package custody

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists says that a file is there already and was not to be replaced.
var ErrExists = errors.New("the file exists")

// Output is a file that is there only once it is whole, and then with its
// record beside it. Until then it is a temporary file of mode 0600 in the same
// folder.
type Output struct {
	*os.File
	Path  string
	force bool
}

// Create begins the file at path. Its errors name path; ErrExists is among them
// where force is false.
func Create(path string, force bool) (*Output, error) {
	if err := mayReplaceBoth(path, force); err != nil {
		return nil, err
	}
	f, err := temporary(path)
	if err != nil {
		return nil, err
	}
	return &Output{f, path, force}, nil
}

func temporary(path string) (*os.File, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return nil, named(path, err)
	}
	return f, nil
}

// named is err with the file that was meant instead of the temporary one.
func named(path string, err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	}
	return fmt.Errorf("write %s: %w", path, err)
}

func mayReplace(path string, force bool) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return named(path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("write %s: not a regular file", path)
	case !force:
		return fmt.Errorf("write %s: %w", path, ErrExists)
	}
	return nil
}

// mayReplaceBoth lets a record of ours go with the file it was of: whoever may
// write the file may write its record. Anything else under that name stays.
func mayReplaceBoth(path string, force bool) error {
	if err := mayReplace(path, force); err != nil {
		return err
	}
	return mayReplace(path+Suffix, force || OwnRecord(path))
}

// OwnRecord reports whether what stands beside path as its record is one.
func OwnRecord(path string) bool {
	text, err := os.ReadFile(path + Suffix)
	if err != nil {
		return false
	}
	var r struct{ Type string }
	return json.Unmarshal(text, &r) == nil && r.Type == Type
}

// Finish puts the file in its place, and r with its hash and size beside it. Who
// made it, where r does not say, is this process, now. On an error neither is
// left behind.
func (o *Output) Finish(r Record) (Record, error) {
	err := o.Sync()
	if cerr := o.Close(); err == nil {
		err = cerr
	}
	r.Type, r.File.Name = Type, filepath.Base(o.Path)
	if r.At.IsZero() {
		r.By = Now(r.Version, r.At)
	}
	if err == nil {
		r.File.SHA256, r.File.Bytes, err = Sum(o.Name())
	}
	if err != nil {
		os.Remove(o.Name())
		return r, named(o.Path, err)
	}
	text, err := Encode(r)
	if err != nil {
		os.Remove(o.Name())
		return r, named(o.Path, err)
	}
	record, err := stage(o.Path+Suffix, text)
	if err != nil {
		os.Remove(o.Name())
		return r, err
	}
	// They may have come into being meanwhile.
	if err := mayReplaceBoth(o.Path, o.force); err != nil {
		os.Remove(o.Name())
		os.Remove(record)
		return r, err
	}
	return r, place([][2]string{{o.Name(), o.Path}, {record, o.Path + Suffix}})
}

// Drop ends the file without leaving anything.
func (o *Output) Drop() {
	o.Close()
	os.Remove(o.Name())
}

// stage writes text to a temporary file beside path.
func stage(path string, text []byte) (name string, err error) {
	f, err := temporary(path)
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(f.Name())
		return "", named(path, err)
	}
	return f.Name(), nil
}

// place renames temporary files to what they are to be called, in order, and
// makes the names last. Where one fails none is left.
func place(files [][2]string) error {
	for i, f := range files {
		if err := os.Rename(f[0], f[1]); err != nil {
			for _, done := range files[:i] {
				os.Remove(done[1])
			}
			for _, rest := range files[i:] {
				os.Remove(rest[0])
			}
			return named(f[1], err)
		}
	}
	// The names are in the folder. Not every system lets a folder be synced.
	if dir, err := os.Open(filepath.Dir(files[0][1])); err == nil {
		_ = dir.Sync()
		dir.Close()
	}
	return nil
}

// Text is a file to be written whole.
type Text struct {
	Path string
	Text []byte
}

// WriteAll writes files that belong together, in order: all or none. Where one
// exists, force must be true.
func WriteAll(force bool, files ...Text) error {
	var all [][2]string
	drop := func() {
		for _, f := range all {
			os.Remove(f[0])
		}
	}
	for _, f := range files {
		if err := mayReplace(f.Path, force); err != nil {
			drop()
			return err
		}
		name, err := stage(f.Path, f.Text)
		if err != nil {
			drop()
			return err
		}
		all = append(all, [2]string{name, f.Path})
	}
	return place(all)
}

// MayWrite says beforehand whether WriteAll could.
func MayWrite(force bool, paths ...string) error {
	for _, p := range paths {
		if err := mayReplace(p, force); err != nil {
			return err
		}
	}
	return nil
}

// ReadRecord reads the record of the file at path.
func ReadRecord(path string) (*Record, error) {
	f, err := os.Open(path + Suffix)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := json.NewDecoder(io.LimitReader(f, 64<<20))
	r := new(Record)
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("read %s: %w", path+Suffix, err)
	}
	if r.Type != Type {
		return nil, fmt.Errorf("read %s: no record of custody", path+Suffix)
	}
	return r, nil
}

// Check compares the file or folder at path with its record: an error where it
// is not the one the record is of.
func Check(path string) (*Record, error) {
	r, err := ReadRecord(path)
	if err != nil {
		return nil, err
	}
	sum, size, err := Sum(path)
	if info, serr := os.Stat(path); serr == nil && info.IsDir() {
		_, sum, size, err = sumFolder(path)
	}
	if err != nil {
		return nil, err
	}
	if sum != r.File.SHA256 || size != r.File.Bytes {
		return nil, fmt.Errorf("%s is not the file its record is of: its SHA-256 is %s, recorded is %s", path, sum, r.File.SHA256)
	}
	return r, nil
}
