package session

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"logquarry/engine/find"
	"logquarry/engine/load"
	"logquarry/engine/schema"
)

// Raw implements [repl.Engine]: it opens the evidence again. A file whose bytes
// are no longer those that were loaded is refused.
func (s *Session) Raw(ctx context.Context, w io.Writer, fileID, recordNo int64) (err error) {
	again, err := s.Originals()
	if err != nil {
		return err
	}
	defer func() {
		if cerr := again.Close(); err == nil {
			err = cerr
		}
	}()
	raw, err := again.Record(ctx, fileID, recordNo)
	if err != nil {
		return err
	}
	_, err = w.Write(raw)
	return err
}

// Originals reads records as they stand in the evidence. Of a file it was asked
// for before it knows already that it is the one that was loaded.
type Originals struct {
	s       *Session
	scratch string
	finder  *find.Finder
	again   *load.Again
	files   map[int64]find.File
}

// Originals is for several records; Close removes what it unpacked.
func (s *Session) Originals() (*Originals, error) {
	scratch, err := os.MkdirTemp("", "quarry-raw-")
	if err != nil {
		return nil, err
	}
	o := &Originals{s: s, scratch: scratch, files: map[int64]find.File{}}
	if o.finder, err = find.NewFinder(find.Options{Sources: s.o.Sources, Scratch: scratch}); err == nil {
		o.again, err = load.NewAgain(s.o.Sources)
	}
	if err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// Close removes what was unpacked.
func (o *Originals) Close() error { return os.RemoveAll(o.scratch) }

// Record is one record, by the number of its file and its own.
func (o *Originals) Record(ctx context.Context, fileID, recordNo int64) ([]byte, error) {
	file, known := o.files[fileID]
	if !known {
		var err error
		if file, err = o.file(ctx, fileID); err != nil {
			return nil, err
		}
		o.files[fileID] = file
	}
	raw, err := o.again.Record(ctx, o.s.o.Case.DB(), file, recordNo)
	if err != nil {
		return nil, fmt.Errorf("record %d of %s: %w", recordNo, file.Path, err)
	}
	return raw, nil
}

// file is a file of the case, found again and with the bytes it had.
func (o *Originals) file(ctx context.Context, fileID int64) (find.File, error) {
	var path, status string
	var source, sum, by sql.NullString
	err := o.s.o.Case.DB().QueryRowContext(ctx, `SELECT path, source, status, sha256, identified_by FROM evidence WHERE file_id = ?`, fileID).
		Scan(&path, &source, &status, &sum, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return find.File{}, &Hinted{fmt.Errorf("no file %d in the case", fileID), "every row has its file_id and record_no; .evidence lists the files"}
	}
	if err != nil {
		return find.File{}, err
	}
	src := o.s.source(source.String)
	if src == nil {
		return find.File{}, fmt.Errorf("file %d, %s, is of no known source", fileID, path)
	}
	file, err := o.evidence(ctx, path)
	if err != nil {
		return file, err
	}
	if have, err := find.Sum(file.Local); err != nil {
		return file, err
	} else if sum.String != "" && have != sum.String {
		return file, &Hinted{fmt.Errorf("%s has changed since it was loaded", path),
			fmt.Sprintf("its SHA-256 was %s and is %s", sum.String, have)}
	}
	file.Source, file.By = src, by.String
	return file, nil
}

func (s *Session) source(name string) *schema.Source {
	for _, src := range s.o.Sources {
		if src.Name == name {
			return src
		}
	}
	return nil
}

// evidence finds a file of the case again: where it was, or in the same place
// as seen from the case file.
func (o *Originals) evidence(ctx context.Context, path string) (find.File, error) {
	outer, _, _ := strings.Cut(path, "!")
	if outer == "-" {
		return find.File{}, &Hinted{errors.New("the record came from standard input, which cannot be read again"),
			"load the file itself to have its records at hand"}
	}
	at := outer
	if _, err := os.Stat(at); err != nil && !filepath.IsAbs(outer) {
		at = filepath.Join(filepath.Dir(o.s.o.Case.Path), outer)
	}
	if _, err := os.Stat(at); err != nil {
		return find.File{}, &Hinted{fmt.Errorf("the evidence is not there any more: %s", outer),
			"put the folder back where it was, or start quarry in the folder it was loaded from"}
	}
	files, err := o.finder.Find(ctx, []string{at})
	if err != nil {
		return find.File{}, err
	}
	for _, file := range files {
		if strings.TrimPrefix(file.Path, at) == strings.TrimPrefix(path, outer) {
			if file.Problem != "" {
				return file, fmt.Errorf("%s: %s", path, file.Problem)
			}
			return file, nil
		}
	}
	return find.File{}, fmt.Errorf("%s is not in %s any more", path, at)
}
