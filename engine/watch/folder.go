package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// Folder is a local folder, and all below it, as a source of arrivals. It is told
// of changes by the system and looks again from time to time, for such news gets
// lost. A file is whole once it has kept its size and time for Settle. One that
// was written under a temporary name in the folder and renamed is whole at once,
// as is one that was last written longer ago. Names that begin with a dot or end
// in .tmp, .part, .partial, .filepart, .crdownload, .swp or ~ are temporary.
type Folder struct {
	Path   string
	Settle time.Duration // 0: a second
	Rescan time.Duration // 0: 15 s; longer where looking takes long
	// Skip are files that are no arrivals, such as the case, and with each those
	// whose names go on after it with a dot.
	Skip []string
	// Report tells of what cannot be read; it is called by the goroutine of Run.
	Report func(text string)
}

// Name implements [Arrivals].
func (f *Folder) Name() string { return f.Path }

// Done implements [Arrivals]: files stay where they are.
func (f *Folder) Done(context.Context, []Arrival) error { return nil }

// growing is a file that may still be written.
type growing struct {
	size  int64
	mtime time.Time
	since time.Time // it has been like that since then
	first time.Time // it was seen first
}

// follow is a folder being followed.
type follow struct {
	*Folder
	watcher *fsnotify.Watcher // nil: there is none, looking again must do
	known   Known
	out     func(context.Context, Arrival) error
	growing map[string]*growing
	temps   map[string]os.FileInfo // temporary files, by path
	whole   []os.FileInfo          // that were renamed away
	gone    map[string]bool        // ids that were handed out
	bad     map[string]bool        // what was told
	skip    []string               // Skip, absolute
}

// Run implements [Arrivals].
func (f *Folder) Run(ctx context.Context, once bool, known Known, out func(context.Context, Arrival) error) error {
	if info, err := os.Stat(f.Path); err != nil {
		return err
	} else if !info.IsDir() {
		return fmt.Errorf("%s is not a folder", f.Path)
	}
	settle, rescan := f.Settle, f.Rescan
	if settle == 0 {
		settle = time.Second
	}
	if rescan == 0 {
		rescan = 15 * time.Second
	}
	w := &follow{Folder: f, known: known, out: out, growing: map[string]*growing{}, temps: map[string]os.FileInfo{}, gone: map[string]bool{}, bad: map[string]bool{}}
	for _, s := range f.Skip {
		if abs, err := filepath.Abs(s); err == nil {
			w.skip = append(w.skip, abs)
		}
	}
	var events chan fsnotify.Event
	var faults chan error
	if !once {
		var err error
		if w.watcher, err = fsnotify.NewWatcher(); err != nil {
			w.tell("the system does not tell of changes, so the folder is looked through instead: " + err.Error())
		} else {
			defer w.watcher.Close()
			events, faults = w.watcher.Events, w.watcher.Errors
		}
	}
	next := time.Now() // of looking through the whole folder
	for {
		if !time.Now().Before(next) {
			start := time.Now()
			if err := w.scan(ctx, filepath.Clean(f.Path)); err != nil {
				return err
			}
			next = time.Now().Add(max(rescan, 20*time.Since(start)))
		}
		ready, err := w.ripe(ctx, settle)
		if err != nil {
			return err
		}
		if once && len(w.growing) == 0 {
			return nil
		}
		wait := min(time.Until(next), ready)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(max(wait, time.Millisecond)):
		case e := <-events:
			if err := w.event(ctx, e); err != nil {
				return err
			}
		case err := <-faults:
			// Such as an overflow: what was missed is found by looking.
			if err != nil && !errors.Is(err, fsnotify.ErrEventOverflow) {
				w.tell(err.Error())
			}
			next = time.Now()
		}
	}
}

// tell reports something once.
func (w *follow) tell(text string) {
	if w.bad[text] || w.Report == nil {
		return
	}
	w.bad[text] = true
	w.Report(w.Path + ": " + text)
}

func temporary(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") {
		return true
	}
	switch strings.ToLower(filepath.Ext(name)) {
	case ".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp":
		return true
	}
	return false
}

// scan looks through a folder and all below it.
func (w *follow) scan(ctx context.Context, dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil:
			if !errors.Is(err, fs.ErrNotExist) || path == filepath.Clean(w.Path) {
				w.tell(err.Error())
			}
			return nil
		case d.IsDir():
			if path != filepath.Clean(w.Path) && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			if w.watcher != nil {
				// Before its files are looked at, so that none is missed between.
				if err := w.watcher.Add(path); err != nil {
					w.tell("changes in " + path + " are found by looking only: " + err.Error())
				}
			}
			return nil
		}
		info, err := d.Info()
		if err == nil && d.Type()&fs.ModeSymlink != 0 {
			info, err = os.Stat(path)
		}
		if err == nil {
			w.see(path, info)
		}
		return nil
	})
}

// event is news from the system.
func (w *follow) event(ctx context.Context, e fsnotify.Event) error {
	e.Name = filepath.Clean(e.Name) // ./x is the x that looking finds
	if e.Has(fsnotify.Rename) || e.Has(fsnotify.Remove) {
		if was := w.temps[e.Name]; was != nil && e.Has(fsnotify.Rename) {
			w.whole = append(w.whole, was)
			// A name given up elsewhere is never met here.
			w.whole = w.whole[max(0, len(w.whole)-1000):]
		}
		delete(w.temps, e.Name)
		delete(w.growing, e.Name)
		if !e.Has(fsnotify.Create) {
			return nil
		}
	}
	if !e.Has(fsnotify.Create) && !e.Has(fsnotify.Write) {
		return nil
	}
	info, err := os.Stat(e.Name)
	switch {
	case err != nil:
		return nil // gone again
	case info.IsDir():
		return w.scan(ctx, e.Name)
	}
	w.see(e.Name, info)
	return nil
}

// see notes how a file is now.
func (w *follow) see(path string, info os.FileInfo) {
	if !info.Mode().IsRegular() {
		return
	}
	if abs, err := filepath.Abs(path); err == nil {
		for _, s := range w.skip {
			if abs == s || strings.HasPrefix(abs, s+".") {
				return
			}
		}
	}
	if temporary(filepath.Base(path)) {
		w.temps[path] = info
		return
	}
	if id := arrivalID(path, info.Size(), info.ModTime()); w.gone[id] || w.known.Arrival(id) {
		return
	}
	now := time.Now()
	g := w.growing[path]
	if g == nil {
		// What was written long ago has been whole since then.
		g = &growing{since: info.ModTime(), first: now}
		if g.since.After(now) {
			g.since = now
		}
		w.growing[path] = g
		for i, was := range w.whole {
			if os.SameFile(was, info) {
				g.since = time.Time{}
				w.whole = append(w.whole[:i], w.whole[i+1:]...)
				break
			}
		}
	} else if g.size != info.Size() || !g.mtime.Equal(info.ModTime()) {
		g.since = now
	}
	g.size, g.mtime = info.Size(), info.ModTime()
}

func arrivalID(path string, size int64, mtime time.Time) string {
	return fmt.Sprintf("%s %d %d", path, size, mtime.UnixNano())
}

// ripe hands out the files that have not changed for long enough, and says when
// the next one may be.
func (w *follow) ripe(ctx context.Context, settle time.Duration) (next time.Duration, err error) {
	next = time.Hour
	for path, g := range w.growing {
		if left := settle - time.Since(g.since); left > 0 {
			next = min(next, left)
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			delete(w.growing, path)
			continue
		}
		if info.Size() != g.size || !info.ModTime().Equal(g.mtime) {
			g.size, g.mtime, g.since = info.Size(), info.ModTime(), time.Now()
			next = min(next, settle)
			continue
		}
		delete(w.growing, path)
		a := Arrival{ID: arrivalID(path, g.size, g.mtime), Path: path, Size: g.size, At: g.first}
		w.gone[a.ID] = true
		if err := w.out(ctx, a); err != nil {
			if ctx.Err() != nil {
				return 0, nil
			}
			return 0, err
		}
	}
	return next, nil
}
