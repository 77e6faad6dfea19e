package load

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"logquarry/engine/find"
	"logquarry/engine/unpack"
)

// lateness is how long after an event its file may be delivered: a file of a
// later day can still hold events from before until. CloudTrail delivers
// within minutes, retries included within hours; a day is ample for both.
const lateness = 24 * time.Hour

// A batch is committed together. It is large, for a commit ends DuckDB's row
// groups early and costs a flush; it is bounded, for what is not committed is
// lost with the process.
const (
	batchBytes = 1 << 30
	batchFiles = 5000
)

// choose decides about each file, and writes those that are not to be read
// into the ledger.
func (l *loader) choose(ctx context.Context, files []find.File) ([]*job, error) {
	var work []*job
	var aside []*entry
	for _, f := range files {
		if f.Kind == unpack.Parquet && f.Problem == "" {
			l.tellParquet(ctx, &f)
		}
		switch {
		case f.Source == nil || f.Problem != "":
			e := l.books.enter(f)
			e.status, e.note = "unknown", joinNotes(f.Problem, f.Note)
			l.skip(Unknown)
			if f.Problem != "" {
				e.status = "unreadable"
				l.sum.Skipped[Unknown]--
				l.sum.Skipped[Unreadable]++
				l.sum.Aside = append(l.sum.Aside, Aside{Path: f.Path, Reason: f.Problem})
			}
			aside = append(aside, e)
		case l.outOfRange(f.Day):
			l.skip(OutOfRange)
		default:
			work = append(work, &job{File: f})
		}
	}
	work, same, err := l.fresh(ctx, work)
	if err != nil {
		return nil, err
	}
	aside = append(aside, same...)
	for _, j := range work {
		l.opts.Recall.place++
		j.place = l.opts.Recall.place
		l.opts.Progress.bytesTotal.Add(j.Size)
	}
	l.opts.Progress.filesTotal.Add(int64(len(work)))
	if len(aside) == 0 {
		return work, nil
	}
	if err := l.hashAside(ctx, aside); err != nil {
		return nil, err
	}
	return work, l.transact(ctx, func() error { return l.books.write(ctx, l.conn, aside, nil) })
}

func (l *loader) skip(why Reason) {
	l.sum.FilesSkipped++
	l.sum.Skipped[why]++
}

// outOfRange reports whether a file of that day cannot hold wanted events: it
// was delivered before the first, or long after the last.
func (l *loader) outOfRange(day time.Time) bool {
	if day.IsZero() {
		return false
	}
	return !l.opts.Since.IsZero() && day.Add(24*time.Hour).Before(l.opts.Since) ||
		!l.opts.Until.IsZero() && day.After(l.opts.Until.Add(lateness))
}

// fresh drops the files whose bytes are in the case already, and those that
// have the same bytes as another. Only files of one size can be the same, so
// only those are hashed beforehand.
func (l *loader) fresh(ctx context.Context, work []*job) (keep []*job, same []*entry, err error) {
	sizes := map[int64]int{}
	for _, j := range work {
		sizes[j.Size]++
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(l.opts.Threads)
	for _, j := range work {
		if sizes[j.Size] > 1 || l.books.hasSize(j.Size) {
			g.Go(func() error {
				if gctx.Err() != nil {
					return context.Cause(gctx)
				}
				j.sum, _ = find.Sum(j.Local) // trouble shows again when it is read
				return nil
			})
		}
	}
	if err := g.Wait(); err != nil {
		return nil, nil, err
	}
	first := map[string]*job{}
	for _, j := range work {
		old := l.books.bySum(j.sum)
		switch {
		case j.sum == "":
		case old != nil && old.covers(l.opts.Since, l.opts.Until):
			if old.path == j.Path {
				l.skip(Known)
				continue
			}
			l.skip(Same)
			if !l.books.hasPath(j.Path, j.sum) {
				same = append(same, l.books.sameAs(j.File, j.sum, old.fileID))
			}
			continue
		case old != nil:
			j.again, j.fileID = old, old.fileID
			if first[j.sum] != nil {
				l.skip(Same)
				continue
			}
			first[j.sum] = j
		case first[j.sum] != nil:
			l.skip(Same)
			id := first[j.sum].fileID
			l.twins[id] = append(l.twins[id], l.books.sameAs(j.File, j.sum, id))
			continue
		default:
			first[j.sum] = j
		}
		if j.again == nil {
			j.fileID = l.books.nextID(j.Path)
		}
		keep = append(keep, j)
	}
	return keep, same, nil
}

// hashAside gives the files that are not read their hashes: what was not
// understood is evidence too.
func (l *loader) hashAside(ctx context.Context, aside []*entry) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(l.opts.Threads)
	for _, e := range aside {
		if e.sum == "" && e.local != "" {
			g.Go(func() error {
				if gctx.Err() != nil {
					return context.Cause(gctx)
				}
				e.sum, _ = find.Sum(e.local) // what cannot be read has no hash
				return nil
			})
		}
	}
	return g.Wait()
}

// batches cuts work into what is committed together: files of one source, or
// one Parquet file, in the order of the work.
func batches(work []*job) [][]*job {
	bySource := map[string][]*job{}
	var names []string
	var out [][]*job
	for _, j := range work {
		if j.Kind == unpack.Parquet {
			out = append(out, []*job{j})
			continue
		}
		if bySource[j.Source.Name] == nil {
			names = append(names, j.Source.Name)
		}
		bySource[j.Source.Name] = append(bySource[j.Source.Name], j)
	}
	// In the order of their names, not of the files: of an event that stands
	// in files of two sources the same one must come first when a load that
	// was cut off goes on with fewer files.
	slices.Sort(names)
	for _, name := range names {
		bytes, from := int64(0), 0
		list := bySource[name]
		for i, j := range list {
			if i > from && (bytes+j.Size > batchBytes || i-from >= batchFiles) {
				out = append(out, list[from:i])
				bytes, from = 0, i
			}
			bytes += j.Size
		}
		out = append(out, list[from:])
	}
	return out
}
