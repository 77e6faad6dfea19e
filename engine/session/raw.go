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
func (s *Session) Raw(ctx context.Context, w io.Writer, fileID, recordNo int64) error {
	var path, status string
	var source, sum, by sql.NullString
	err := s.o.Case.DB().QueryRowContext(ctx, `SELECT path, source, status, sha256, identified_by FROM evidence WHERE file_id = ?`, fileID).
		Scan(&path, &source, &status, &sum, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return &Hinted{fmt.Errorf("no file %d in the case", fileID), "every row has its file_id and record_no; .evidence lists the files"}
	}
	if err != nil {
		return err
	}
	src := s.source(source.String)
	if src == nil {
		return fmt.Errorf("file %d, %s, is of no known source", fileID, path)
	}
	scratch, err := os.MkdirTemp("", "quarry-raw-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	file, err := s.evidence(ctx, path, scratch)
	if err != nil {
		return err
	}
	if have, err := find.Sum(file.Local); err != nil {
		return err
	} else if sum.String != "" && have != sum.String {
		return &Hinted{fmt.Errorf("%s has changed since it was loaded", path),
			fmt.Sprintf("its SHA-256 was %s and is %s", sum.String, have)}
	}
	file.Source, file.By = src, by.String
	raw, err := load.RawRecord(ctx, s.o.Case.DB(), s.o.Sources, file, recordNo)
	if err != nil {
		return fmt.Errorf("record %d of %s: %w", recordNo, path, err)
	}
	_, err = w.Write(raw)
	return err
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
func (s *Session) evidence(ctx context.Context, path, scratch string) (find.File, error) {
	outer, _, _ := strings.Cut(path, "!")
	if outer == "-" {
		return find.File{}, &Hinted{errors.New("the record came from standard input, which cannot be read again"),
			"load the file itself to have its records at hand"}
	}
	at := outer
	if _, err := os.Stat(at); err != nil && !filepath.IsAbs(outer) {
		at = filepath.Join(filepath.Dir(s.o.Case.Path), outer)
	}
	if _, err := os.Stat(at); err != nil {
		return find.File{}, &Hinted{fmt.Errorf("the evidence is not there any more: %s", outer),
			"put the folder back where it was, or start quarry in the folder it was loaded from"}
	}
	f, err := find.NewFinder(find.Options{Sources: s.o.Sources, Scratch: scratch})
	if err != nil {
		return find.File{}, err
	}
	files, err := f.Find(ctx, []string{at})
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
