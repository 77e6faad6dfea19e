package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/find"
	"logquarry/engine/schema"
	"logquarry/engine/unpack"
	"logquarry/engine/unwrap"
)

// ErrNoRecord says that a file has fewer records than the one asked for.
var ErrNoRecord = errors.New("the file has no such record")

// Again reads records of files a second time. One goroutine uses it at a time.
type Again struct{ plans *plans }

// NewAgain makes one; sources are all there are, for their records can stand in
// one file.
func NewAgain(sources []*schema.Source) (*Again, error) {
	p, err := newPlans(sources, sources, nil)
	if err != nil {
		return nil, err
	}
	return &Again{p}, nil
}

// Record reads one record of a file as it stands there, by its number from 1.
// file must have Local, Source and Kind. A row of a Parquet file, which db reads,
// comes as one JSON object.
func (a *Again) Record(ctx context.Context, db *sql.DB, file find.File, recordNo int64) ([]byte, error) {
	if file.Kind == unpack.Parquet {
		var text string
		err := db.QueryRowContext(ctx, `SELECT CAST(to_json(r) AS VARCHAR) FROM (
			SELECT * EXCLUDE (file_row_number) FROM read_parquet(?, hive_partitioning = false, file_row_number = true)
			WHERE file_row_number = ? - 1) r`, file.Local, recordNo).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			err = ErrNoRecord
		}
		return []byte(text), err
	}
	plans := a.plans
	p := plans.by[file.Source.Name]
	if p == nil {
		return nil, fmt.Errorf("no source %s", file.Source.Name)
	}
	in, err := os.Open(file.Local)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	s, err := unpack.NewStream(ended{ctx, in}, unpack.Limits{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var tally decode.Tally
	all := func(*batch.Batch, *decode.Tally, int64) bool { return true }
	d := p.make(all)
	switch {
	case file.Frame != "":
		var asked *schema.Source
		if file.By == "asked" {
			asked = file.Source
		}
		d = unwrap.NewDecoder(p.one(all), plans.unwrapping(file.Frame, file.Path, asked), file.Source.Name, true)
	case file.Objects:
		d = p.objects(all)
	}
	if file.Frame == "" {
		plans.mixed(d, p.one(all), file.Source.Name, file.Path, nil, false)
	}
	d.Reset(s, &tally)
	raw, err := d.Record(recordNo)
	if errors.Is(err, io.EOF) {
		err = ErrNoRecord
	}
	return raw, err
}

// ended stops reading once ctx ends.
type ended struct {
	ctx context.Context
	r   io.Reader
}

func (e ended) Read(p []byte) (int, error) {
	if e.ctx.Err() != nil {
		return 0, context.Cause(e.ctx)
	}
	return e.r.Read(p)
}
