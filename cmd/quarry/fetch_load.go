package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"logquarry/engine/find"
	"logquarry/engine/load"
	"logquarry/engine/manifest"
	"logquarry/engine/schema"
	"logquarry/engine/store"
)

// follower loads what is fetched into the case while more is fetched.
type follower struct {
	a       *app
	dir     string
	c       *store.Case
	sources []*schema.Source
	path    string // of the case
	start   time.Time
	recall  load.Recall
	sum     *load.Summary

	arrived chan []manifest.Entry
	g       errgroup.Group
	origins map[string]load.Origin // of what came in this run, by path
	found   []find.File            // what was loaded so
}

// backlog is how many groups of files may wait to be loaded before fetching waits
// for loading.
const backlog = 64

// follow opens the case and begins to load; nil where that is not wanted.
func (a *app) follow(ctx context.Context, f *fetchFlags, dir string) (*follower, error) {
	if !f.load {
		return nil, nil
	}
	sources, err := a.sources()
	if err != nil {
		return nil, err
	}
	path, _ := a.caseName()
	c, err := a.openCase(ctx, path, store.Options{Create: true, Sources: sources, ViewsLater: a.schemas == ""})
	if err != nil {
		return nil, err
	}
	l := &follower{a: a, dir: dir, c: c, sources: sources, path: path, start: time.Now(), arrived: make(chan []manifest.Entry, backlog), origins: map[string]load.Origin{},
		sum: &load.Summary{Sources: map[string]*load.Count{}, Skipped: map[load.Reason]int64{}}}
	l.g.Go(func() error { return l.run(ctx) })
	return l, nil
}

// take hands on lines of the manifest whose files are there.
func (l *follower) take(entries []manifest.Entry) { l.arrived <- entries }

// run loads what arrives, as much at a time as there is, until arrived is closed.
// After an error it takes the rest and loads nothing: fetching goes on.
func (l *follower) run(ctx context.Context) error {
	var failed error
	for entries := range l.arrived {
		entries = slices.Clone(entries)
		for more := true; more; {
			select {
			case next, ok := <-l.arrived:
				entries, more = append(entries, next...), ok
			default:
				more = false
			}
		}
		if failed == nil {
			failed = l.batch(ctx, entries)
		}
	}
	return failed
}

func (l *follower) batch(ctx context.Context, entries []manifest.Entry) error {
	var paths []string
	for i := range entries {
		if e := &entries[i]; e.Status == manifest.Fetched && e.Path != "" {
			p := filepath.Join(l.dir, filepath.FromSlash(e.Path))
			l.origins[p] = load.OriginOf(e)
			paths = append(paths, p)
		}
	}
	if len(paths) == 0 {
		return nil
	}
	files, cleanUp, err := l.a.find(ctx, intake{paths: paths}, find.Options{Sources: l.sources}, l.path)
	defer cleanUp()
	if err != nil {
		return err
	}
	l.found = append(l.found, files...)
	return l.load(ctx, files, func(path string) load.Origin {
		if o, ok := l.origins[path]; ok {
			return o
		}
		for i, r := range path { // a member of an archive
			if r == '!' {
				if o, ok := l.origins[path[:i]]; ok {
					return o
				}
			}
		}
		return load.Origin{}
	})
}

func (l *follower) load(ctx context.Context, files []find.File, origin func(string) load.Origin) error {
	sum, err := load.Load(ctx, l.c, files, load.Options{Now: l.clock, Sources: l.sources, Threads: l.a.workers(), Version: version, Memory: l.a.memory, Recall: &l.recall, Origin: origin})
	l.sum.Add(sum)
	return err
}

// clock is not set back: what was loaded is told by its time.
func (l *follower) clock() time.Time { return l.start.Add(time.Since(l.start)) }

// end waits for the loading, loads what was in the folder before and is not in the
// case, and closes the case. fetching says that the fetch went well; only then is
// there more to load than came.
func (l *follower) end(ctx context.Context, fetching error) (_ *loaded, err error) {
	if l == nil {
		return nil, nil
	}
	close(l.arrived)
	err = l.g.Wait()
	if err == nil && fetching == nil {
		err = l.rest(ctx)
	}
	l.sum.Seconds = time.Since(l.start).Seconds()
	if rerr := l.c.Ready(); err == nil {
		err = rerr
	}
	if rerr := l.a.record(ctx, l.c, "load", intake{paths: []string{l.dir}}, l.sum, err != nil || fetching != nil, l.start, l.clock()); err == nil {
		err = rerr
	}
	out := &loaded{sum: l.sum, path: l.path}
	if err == nil {
		slices.SortFunc(l.found, func(a, b find.File) int { return cmp.Compare(a.Path, b.Path) })
		out.unknown, err = unknownFiles(ctx, l.c, l.found)
	}
	if cerr := l.c.Close(); err == nil {
		err = cerr
	}
	switch {
	case err != nil && ctx.Err() != nil:
		err = &hinted{err, fmt.Sprintf("%s and %s are intact; run the same command again to go on", l.dir, l.path)}
	case err != nil:
		err = fmt.Errorf("load into %s: %w", l.path, err)
	}
	return out, err
}

// rest loads what an earlier run fetched.
func (l *follower) rest(ctx context.Context) error {
	if _, err := os.Stat(l.dir); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	files, cleanUp, err := l.a.find(ctx, intake{paths: []string{l.dir}}, find.Options{Sources: l.sources, Skip: []string{l.path}}, l.path)
	defer cleanUp()
	if err != nil {
		return err
	}
	done := make(map[string]bool, len(l.found))
	for _, f := range l.found {
		done[f.Path] = true
	}
	files = slices.DeleteFunc(files, func(f find.File) bool { return done[f.Path] })
	l.found = append(l.found, files...)
	return l.load(ctx, files, nil)
}
