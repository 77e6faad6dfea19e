package load

import (
	"context"
	"io"
	"os"
	"slices"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"logquarry/engine/batch"
	"logquarry/engine/find"
	"logquarry/engine/store"
	"logquarry/engine/unpack"
)

// A column that is NULL in every row costs DuckDB as much as one that is full.
// So a late column, which only some forms of a log have, gets storage once a
// load comes upon a value. The beginnings of some files tell most of them before
// the load. A file that has a value all the same is given up there, and is read
// again, with storage for it, in the same transaction; the rows that were written
// by then stay, for they have no such value.

// How much is looked at beforehand: so many files of a source, and so many plain
// bytes of each.
const (
	sampleFiles = 16
	sampleBytes = 64 << 10
)

// sample adds the late columns of work's files that are filled at the beginnings
// of some, by source, to wanted. The files are spread evenly over the list.
func (l *loader) sample(ctx context.Context, work []*job, wanted map[string]map[string]bool) error {
	bySource := map[string][]*job{}
	for _, j := range work {
		if p := l.plans.by[j.Source.Name]; len(p.late) > 0 && j.Kind != unpack.Parquet {
			bySource[j.Source.Name] = append(bySource[j.Source.Name], j)
		}
	}
	for name, jobs := range bySource {
		pull := &puller{ctx: ctx, db: l.c.DB(), plan: l.plans.by[name], plans: l.plans, limits: l.opts.Limits}
		n := max(0, min(l.opts.Sample, len(jobs)))
		for k := range n {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			for c := range pull.beginning(jobs[k*len(jobs)/n]) {
				want(wanted, name, c)
			}
		}
	}
	return nil
}

func want(wanted map[string]map[string]bool, source, column string) {
	if wanted[source] == nil {
		wanted[source] = map[string]bool{}
	}
	wanted[source][column] = true
}

// beginning is the late columns that are filled at the beginning of a file. What
// cannot be read is told where the file is loaded.
func (p *puller) beginning(j *job) map[string]bool {
	f, err := os.Open(j.Local)
	if err != nil {
		return nil
	}
	defer f.Close()
	s, err := unpack.NewStream(ended{p.ctx, f}, p.limits)
	if err != nil {
		return nil
	}
	defer s.Close()
	t := newTask(&j.File, 0, 0)
	w := worker{p: p}
	d := w.decoder(t)
	d.Reset(io.LimitReader(s, sampleBytes), &t.tally)
	b := batch.New(p.plan.types)
	_, _ = d.Fill(b)
	return p.plan.lateIn(b)
}

// lateIn is the late columns that have a value in b; nil where none has.
func (p *plan) lateIn(b *batch.Batch) (names map[string]bool) {
	for _, c := range p.late {
		if b.Set(c) > 0 {
			if names == nil {
				names = map[string]bool{}
			}
			names[p.source.Columns[c].Name] = true
		}
	}
	return names
}

// columns finds the columns of a chunk. Late ones have memory of our own.
func (l *local) columns(dc duckdb.DataChunk) ([]batch.Column, error) {
	p := l.p.plan
	opened, err := l.chunk.Open(dc, p.storedTypes, l.p.copies)
	if err != nil || len(p.late) == 0 {
		return opened, err
	}
	if l.cols == nil {
		l.cols = make([]batch.Column, len(p.types))
		for _, c := range p.late {
			l.own = append(l.own, batch.NewColumn(p.types[c]))
		}
	}
	late := 0
	for c := range l.cols {
		if late < len(p.late) && p.late[late] == c {
			l.cols[c] = l.own[late]
			late++
		} else {
			l.cols[c] = opened[c-late]
		}
	}
	return l.cols, nil
}

// giveUp ends the worker's file, whose rows from row from of b on have values in
// late columns: it is to be read again.
func (w *worker) giveUp(b *batch.Batch, from int, late map[string]bool) {
	p, t := w.p, w.file.task
	b.Cut(from)
	p.progress.records.Add(-t.tally.Records)
	p.progress.bytes.Add(-w.file.count.n)
	w.close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.redo = append(p.redo, t)
	if p.found == nil {
		p.found = map[string]bool{}
	}
	for c := range late {
		p.found[c] = true
	}
}

// again prepares to read the files again that pull gave up, with storage for
// what they hold; every late column gets it where all is set.
func (l *loader) again(ctx context.Context, pull *puller, all bool) error {
	for _, t := range pull.redo {
		t.restart()
	}
	// In the order of the load, as the first time.
	slices.SortFunc(pull.redo, func(a, b *task) int { return int(a.place) - int(b.place) })
	p := pull.plan
	if all {
		for _, c := range p.late {
			pull.found[p.source.Columns[c].Name] = true
		}
	}
	return l.store(ctx, map[string]map[string]bool{p.source.Name: pull.found})
}

// store gives the columns of wanted storage, in the transaction that is open, and
// makes the plans by what is stored then.
func (l *loader) store(ctx context.Context, wanted map[string]map[string]bool) error {
	if len(wanted) > 0 {
		if err := store.Widen(ctx, l.conn, l.opts.Sources, wanted); err != nil {
			return err
		}
	}
	stored, err := store.Stored(ctx, l.conn, l.opts.Sources)
	if err != nil {
		return err
	}
	var known *find.Known
	if l.plans != nil {
		known = l.plans.known
	}
	l.plans, err = newPlans(l.opts.Sources, stored, known)
	return err
}
