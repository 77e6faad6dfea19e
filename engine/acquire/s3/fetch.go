package s3

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	"golang.org/x/sync/errgroup"

	"logquarry/engine/acquire"
	"logquarry/engine/manifest"
)

// Fetch copies what is wanted into the folder. What is there already is not fetched
// again, so that a run that was cut off is gone on with by the same call. Objects
// that cannot be had are among the summary's problems and do not keep the others
// from coming; the error is one that ends all of it, beside which the summary says
// what was done before. When ctx ends, what was read is put in its place, and
// context.Cause(ctx) is returned.
func Fetch(ctx context.Context, o Options) (*Summary, error) {
	o = o.defaults()
	start := o.Now()
	t := &tally{s: Summary{Problems: []Problem{}, Notes: []string{}}}
	err := fetch(ctx, &o, t)
	t.s.Seconds = o.Now().Sub(start).Seconds()
	return &t.s, err
}

func fetch(ctx context.Context, o *Options, t *tally) (err error) {
	c := newClients(o, t)
	if o.endpoint, err = c.endpoint(ctx); err != nil {
		return err
	}
	where := newPlaces()
	log, err := manifest.Open(o.Dir, manifest.Options{Now: o.Now, Each: func(e *manifest.Entry) {
		if e.Path != "" {
			where.take(e.Path)
		}
	}})
	if err != nil {
		return opening(o.Dir, err)
	}
	defer func() {
		if cerr := log.Close(); err == nil {
			err = cerr
		}
	}()
	t.s.Torn = log.Torn()
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		return err
	}
	defer root.Close()
	// What an earlier run left there was not vouched for.
	if err := root.RemoveAll(manifest.Scratch); err != nil {
		return err
	}
	if err := root.Mkdir(manifest.Scratch, 0o700); err != nil {
		return err
	}
	defer func() {
		if rerr := root.RemoveAll(manifest.Scratch); err == nil {
			err = rerr
		}
	}()

	f := &fetcher{o: o, t: t, log: log, root: root, where: where, get: newGetter(o, c, t, root), l: &lister{o, c, t}}
	return f.run(ctx)
}

// opening is the error of a manifest that cannot be opened, with advice.
func opening(dir string, err error) error {
	var b *manifest.Break
	switch {
	case errors.Is(err, manifest.ErrBusy):
		return &acquire.Error{Reason: err.Error(), Advice: "wait for it, or fetch into another folder", Ends: true, Err: err}
	case errors.As(err, &b):
		return &acquire.Error{Reason: err.Error(), Advice: "keep " + dir + " as it is and fetch into another folder; quarry verify " + dir + " says what else does not hold", Ends: true, Err: err}
	}
	return err
}

type fetcher struct {
	o     *Options
	t     *tally
	log   *manifest.Log
	root  *os.Root
	where *places
	get   *getter
	l     *lister
}

// task is an object to be got, and where it is to lie.
type task struct {
	x    Object
	path string
}

// result is what came of a task.
type result struct {
	task
	got   *got           // nil: there are no bytes
	entry manifest.Entry // where got is nil
}

// queued bounds what is listed and not yet got, and what is got and not yet put in
// its place: a listing is faster than what it lists.
const queued = 4096

func (f *fetcher) run(ctx context.Context) error {
	// Two contexts: once one ends the work, what was read is still put in place.
	work, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	tasks := make(chan task, queued)
	results := make(chan result, queued)

	placing, _ := errgroup.WithContext(context.WithoutCancel(ctx))
	placing.Go(func() error {
		err := f.commit(context.WithoutCancel(ctx), results)
		if err != nil {
			stop(err)
			for range results { // nobody is to wait for it
			}
		}
		return err
	})

	getting, gctx := errgroup.WithContext(work)
	getting.Go(func() error {
		defer close(tasks)
		err := f.l.list(gctx, func(ctx context.Context, x *Object) error { return f.deal(ctx, x, tasks, results) })
		f.o.Progress.AllListed.Store(err == nil)
		return err
	})
	for range f.o.Parallel {
		getting.Go(func() error {
			for x := range tasks {
				if gctx.Err() != nil {
					return context.Cause(gctx)
				}
				r, err := f.fetch(gctx, x)
				if err != nil {
					return err
				}
				results <- r // the placing reads until it is closed
			}
			return nil
		})
	}
	err := getting.Wait()
	close(results)
	if perr := placing.Wait(); perr != nil {
		return perr
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// deal sees what is to be done with an object that was listed.
func (f *fetcher) deal(ctx context.Context, x *Object, tasks chan<- task, results chan<- result) error {
	f.t.add(func(s *Summary) { s.Listed++; s.ListedBytes += x.Size })
	known, ok, err := f.log.Have(f.entry(x))
	if err != nil {
		return err
	}
	to := known.Path
	if ok {
		there := known.Status == manifest.DeleteMarker
		if !there {
			there, err = f.there(&known)
			if err != nil {
				return err
			}
		}
		if there {
			f.t.add(func(s *Summary) { s.Have++; s.HaveBytes += x.Size })
			f.o.Progress.Fetched.Add(1)
			f.o.Progress.FetchedBytes.Add(x.Size)
			return nil
		}
	}
	if x.DeleteMarker {
		e := f.entry(x)
		e.Status, e.Latest, e.Owner = manifest.DeleteMarker, x.Latest, x.Owner
		results <- result{task: task{x: *x}, entry: e}
		return nil
	}
	if to == "" {
		to = f.where.claim(x)
	}
	select {
	case tasks <- task{*x, to}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// entry is what a line of the manifest says of an object that was listed.
func (f *fetcher) entry(x *Object) manifest.Entry {
	return manifest.Entry{Endpoint: f.o.endpoint, Bucket: x.Bucket, Key: x.Key, VersionID: x.VersionID, ETag: x.ETag, LastModified: x.LastModified, Size: x.Size}
}

// there says whether the file of a line is there, as long as it was. Whether it is
// as it was is for quarry verify to say.
func (f *fetcher) there(e *manifest.Entry) (bool, error) {
	info, err := f.root.Lstat(e.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	}
	return info.Mode().IsRegular() && info.Size() == e.Size, nil
}

// fetch gets an object; one that cannot be had is a line, too.
func (f *fetcher) fetch(ctx context.Context, x task) (result, error) {
	got, err := f.get.get(ctx, &x.x)
	var e *acquire.Error
	switch {
	case err == nil:
		return result{task: x, got: got}, nil
	case !errors.As(err, &e) || ctx.Err() != nil:
		return result{}, err
	}
	f.o.Progress.Failed.Add(1)
	p, err := f.t.problem(ctx, err, func(s *Summary) { s.Failed++ })
	if err != nil {
		return result{}, err
	}
	line := f.entry(&x.x)
	line.Status, line.Size, line.StorageClass, line.Problem, line.Hint = manifest.Failed, x.x.Size, x.x.StorageClass, p.Reason, p.Hint
	return result{task: x, entry: line}, nil
}

const (
	// batch is how many files are synced at once, and batchBytes how much they may
	// hold: what a power cut costs is fetched again.
	batch      = 2048
	batchBytes = 256 << 20
	// batchTime is how long a file waits for others.
	batchTime = 500 * time.Millisecond
)

// commit puts what comes in its place, many at a time, until results is closed.
func (f *fetcher) commit(ctx context.Context, results <-chan result) error {
	tick := time.NewTimer(batchTime)
	defer tick.Stop()
	var list []result
	var size int64
	flush := func() error {
		err := f.place(ctx, list)
		list, size = nil, 0
		tick.Reset(batchTime)
		return err
	}
	for {
		select {
		case r, ok := <-results:
			if !ok {
				return flush()
			}
			list = append(list, r)
			if r.got != nil {
				size += r.got.entry.Size
			}
			if len(list) < batch && size < batchBytes {
				continue
			}
		case <-tick.C:
		}
		if err := flush(); err != nil {
			return err
		}
	}
}

// place syncs files, gives them their names, syncs those, and only then writes the
// lines that vouch for them.
func (f *fetcher) place(ctx context.Context, list []result) error {
	if len(list) == 0 {
		return nil
	}
	var files []string
	for _, r := range list {
		if r.got != nil {
			files = append(files, r.got.temp)
		}
	}
	if err := syncFiles(f.root, files); err != nil {
		return fmt.Errorf("sync %s: %w", f.o.Dir, err)
	}
	entries := make([]manifest.Entry, 0, len(list))
	folders := map[string]bool{}
	for _, r := range list {
		if r.got == nil {
			entries = append(entries, r.entry)
			continue
		}
		to, err := f.move(r.got, &r.task, folders)
		if err != nil {
			return err
		}
		e := r.got.entry
		e.Path = to
		entries = append(entries, e)
	}
	if err := syncFolders(f.root, folders); err != nil {
		return fmt.Errorf("sync %s: %w", f.o.Dir, err)
	}
	if err := f.log.Append(ctx, entries...); err != nil {
		return err
	}
	for _, e := range entries {
		f.count(&e)
	}
	if f.o.Each != nil {
		f.o.Each(entries)
	}
	return nil
}

func (f *fetcher) count(e *manifest.Entry) {
	switch e.Status {
	case manifest.Fetched:
		f.o.Progress.Fetched.Add(1)
		f.o.Progress.FetchedBytes.Add(e.Size)
	case manifest.DeleteMarker:
		f.o.Progress.Fetched.Add(1)
	}
	f.t.add(func(s *Summary) {
		switch e.Status {
		case manifest.Fetched:
			s.Fetched++
			s.FetchedBytes += e.Size
			if e.Path != e.Key {
				s.Moved++
			}
			if e.Problem != "" {
				s.Changed++
			}
		case manifest.DeleteMarker:
			s.DeleteMarkers++
		}
	})
}

// move gives a file its name. A file that is there already stays: it is the same,
// as a run leaves that was killed before it wrote its lines, or somebody else's.
func (f *fetcher) move(g *got, x *task, folders map[string]bool) (string, error) {
	for _, to := range []string{x.path, ""} {
		if to == "" {
			to = f.where.another(&x.x)
		}
		dir := path.Dir(to)
		if !folders[dir] {
			if err := f.root.MkdirAll(dir, 0o700); err != nil {
				if errors.Is(err, fs.ErrExist) || notFolder(err) {
					continue // somebody's file is where a folder would be
				}
				return "", fmt.Errorf("make the folder of %s: %w", to, err)
			}
			folders[dir] = true
		}
		info, err := f.root.Lstat(to)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if err := f.root.Rename(g.temp, to); err != nil {
				return "", err
			}
			return to, nil
		case err != nil:
			return "", err
		case info.Mode().IsRegular() && info.Size() == g.entry.Size:
			sum, err := f.sum(to)
			if err != nil {
				return "", err
			}
			if sum == g.entry.SHA256 {
				return to, f.root.Remove(g.temp)
			}
		}
	}
	return "", &acquire.Error{What: x.x.String(), Reason: "files that were not fetched are where it would lie", Advice: "fetch into an empty folder", Ends: true}
}

func (f *fetcher) sum(name string) (string, error) {
	file, err := f.root.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
