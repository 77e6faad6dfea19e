// Package bucket follows buckets of S3 as a source of a watch.
//
// In: prefixes that are listed again and again, or notifications that say which
// objects are there. Out: files in an evidence folder with a manifest, as quarry
// fetch makes them. It leaves fetching to package s3 and queues to package queue.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"logquarry/engine/acquire/queue"
	"logquarry/engine/acquire/s3"
	"logquarry/engine/manifest"
	"logquarry/engine/watch"
)

// Folder is an evidence folder into which several sources may fetch, one after
// the other.
type Folder struct {
	// Options say how to fetch; its Places, Want and Each are not used.
	Options s3.Options

	mu sync.Mutex
}

// fetch is [s3.Fetch] of places into the folder.
func (f *Folder) fetch(ctx context.Context, places []s3.Place, want func(*s3.Object) bool, each func([]manifest.Entry)) (*s3.Summary, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	o := f.Options
	o.Places, o.Want, o.Each = places, want, each
	return s3.Fetch(ctx, o)
}

// entries calls each with the lines of the folder's manifest.
func (f *Folder) entries(each func(e *manifest.Entry)) (err error) {
	in, err := os.Open(filepath.Join(f.Options.Dir, manifest.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	_, err = manifest.Read(in, func(e *manifest.Entry, _ int64) { each(e) })
	return err
}

func (f *Folder) path(e *manifest.Entry) string {
	return filepath.Join(f.Options.Dir, filepath.FromSlash(e.Path))
}

// Notified fetches the objects that a notification of S3 tells of. It is for
// [queue.Queue].
func (f *Folder) Notified(ctx context.Context, list []queue.Object) []queue.Fetched {
	type name struct{ bucket, key string }
	wanted := map[name]bool{}
	var places []s3.Place
	for _, o := range list {
		if n := (name{o.Bucket, o.Key}); !wanted[n] {
			wanted[n] = true
			places = append(places, s3.Place{Bucket: o.Bucket, Prefix: o.Key})
		}
	}
	there := map[name]manifest.Entry{}
	// A listing gives what only begins with the key, too.
	sum, err := f.fetch(ctx, places, func(x *s3.Object) bool { return wanted[name{x.Bucket, x.Key}] }, nil)
	if err == nil {
		err = f.entries(func(e *manifest.Entry) {
			if n := (name{e.Bucket, e.Key}); wanted[n] {
				there[n] = *e // the last line is about how it is now
			}
		})
	}
	why := map[string]string{}
	unlisted := sum.Unlisted > 0
	for _, p := range sum.Problems {
		why[p.What] = problem(p)
	}
	out := make([]queue.Fetched, len(list))
	for i, o := range list {
		e, ok := there[name{o.Bucket, o.Key}]
		address := "s3://" + o.Bucket + "/" + o.Key
		switch {
		case ok && e.Status == manifest.Fetched:
			out[i] = queue.Fetched{Path: f.path(&e), Size: e.Size}
		case err != nil:
			out[i].Err = fmt.Errorf("%s: %w", address, err)
		case ok:
			out[i].Err = fmt.Errorf("%s: %s", address, e.Problem)
		case unlisted:
			out[i].Err = fmt.Errorf("%s: its bucket cannot be listed", address)
			for what, text := range why {
				if strings.HasPrefix(what, "s3://"+o.Bucket) {
					out[i].Err = errors.New(text)
				}
			}
		default:
			out[i] = queue.Fetched{Err: fmt.Errorf("%s: it is not there any more", address), Lost: true}
		}
	}
	return out
}

func problem(p s3.Problem) string {
	text := p.What + ": " + p.Reason
	if p.Hint != "" {
		text += " (" + p.Hint + ")"
	}
	return text
}

// Bucket is prefixes of buckets that are listed again and again. It implements
// [watch.Arrivals].
type Bucket struct {
	Folder *Folder
	Place  s3.Place
	Every  time.Duration // from one listing to the next; 0: a minute
	// Report tells of what cannot be had, once; it is called by the goroutine of Run.
	Report func(text string)

	said map[string]bool
}

// Name implements [watch.Arrivals].
func (b *Bucket) Name() string { return b.Place.String() }

// Done implements [watch.Arrivals]: the files are evidence.
func (b *Bucket) Done(context.Context, []watch.Arrival) error { return nil }

func (b *Bucket) report(text string) {
	if b.said == nil {
		b.said = map[string]bool{}
	}
	if !b.said[text] && b.Report != nil {
		b.Report(text)
	}
	b.said[text] = true
}

// Run implements [watch.Arrivals].
func (b *Bucket) Run(ctx context.Context, once bool, known watch.Known, out func(context.Context, watch.Arrival) error) error {
	every := b.Every
	if every == 0 {
		every = time.Minute
	}
	hand := func(e *manifest.Entry) {
		if e.Status != manifest.Fetched || e.Bucket != b.Place.Bucket || !strings.HasPrefix(e.Key, b.Place.Prefix) {
			return
		}
		a := watch.Arrival{ID: fmt.Sprintf("s3://%s/%s %s %s", e.Bucket, e.Key, e.VersionID, e.SHA256), Path: b.Folder.path(e), Size: e.Size, At: e.Fetched}
		if !known.Arrival(a.ID) && ctx.Err() == nil {
			_ = out(ctx, a) // its error is that ctx has ended
		}
	}
	// What was fetched and not taken before the process ended.
	if err := b.Folder.entries(hand); err != nil {
		return err
	}
	for first := true; ; first = false {
		sum, err := b.Folder.fetch(ctx, []s3.Place{b.Place}, nil, func(list []manifest.Entry) {
			for i := range list {
				hand(&list[i])
			}
		})
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if first || once {
				return err
			}
			b.report(err.Error())
		}
		for _, p := range sum.Problems {
			b.report(problem(p))
		}
		if once {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}
