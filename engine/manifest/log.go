package manifest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"logquarry/engine/lock"
)

// ErrBusy says that another process is fetching into the folder.
var ErrBusy = errors.New("another process is fetching into it")

// Options say how to open a manifest. The zero value is fine.
type Options struct {
	// Each is called with every line that is there already; nil: nobody asks.
	Each func(*Entry)
	Now  func() time.Time // nil: time.Now
}

// Log is the manifest of a folder, open to be added to. Its methods may be called
// from many goroutines.
type Log struct {
	dir  string
	f    *os.File
	now  func() time.Time
	torn int64

	mu      sync.Mutex // over what is written
	seq     int64
	last    string
	end     int64 // where the next line begins
	have    map[id]int64
	written int64 // appends that were written
	fault   error // stays: what is behind it would stand on a line that may be torn

	syncing sync.Mutex
	synced  int64 // appends that stand on the disk
}

// Open opens the manifest of dir, making both where they are not there, and locks
// it until Close. An unfinished last line, as a killed run leaves, is cut off (see
// [Log.Torn]); a chain that is broken is an error, a *[Break] among it, and
// nothing is changed.
func Open(dir string, o Options) (_ *Log, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, Name)
	_, missing := os.Lstat(path)
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	if err := lock.Take(f); err != nil {
		if errors.Is(err, lock.ErrHeld) {
			err = ErrBusy
		}
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	l := &Log{dir: dir, f: f, now: o.Now, have: map[id]int64{}}
	if l.now == nil {
		l.now = time.Now
	}
	rep, err := Read(f, func(e *Entry, at int64) {
		l.note(e, at)
		if o.Each != nil {
			o.Each(e)
		}
	})
	if err == nil && rep.Broken != nil {
		err = rep.Broken
	}
	if err == nil && !rep.Chained {
		err = &Break{1, "it has no number: another program wrote the list, and it cannot be gone on with"}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	l.seq, l.last, l.torn, l.end = rep.Lines, rep.Last, rep.Torn, size-rep.Torn
	if l.torn > 0 {
		if err := f.Truncate(l.end); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
	}
	if missing != nil {
		syncFolder(dir)
	}
	return l, nil
}

// syncFolder makes the names in a folder last. Not every system lets a folder be
// synced.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		d.Close()
	}
}

// note remembers what a line is of. What failed is as if it were not there.
func (l *Log) note(e *Entry, at int64) {
	if e.Status != Fetched && e.Status != DeleteMarker {
		return
	}
	for _, n := range e.ids() {
		l.have[n] = at
	}
}

// Torn is how many bytes of an unfinished line Open cut off.
func (l *Log) Torn() int64 { return l.torn }

// Len is how many lines there are.
func (l *Log) Len() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seq
}

// Have is the newest line that says that e's object or call was fetched, told by
// what it is: of an object its bucket and key, and its version, or its ETag and
// time; of a call all that was asked. ok is false where there is none. Whether
// the file is still there is not looked at.
func (l *Log) Have(e Entry) (found Entry, ok bool, err error) {
	l.mu.Lock()
	at, ok := int64(0), false
	for _, n := range e.ids() {
		if at, ok = l.have[n]; ok {
			break
		}
	}
	end := l.end
	l.mu.Unlock()
	if !ok {
		return Entry{}, false, nil
	}
	d := json.NewDecoder(io.NewSectionReader(l.f, at, end-at))
	if err := d.Decode(&found); err != nil {
		return Entry{}, false, fmt.Errorf("read %s: %w", l.f.Name(), err)
	}
	return found, true, nil
}

// Append adds lines, in order and none between them, and returns once they stand
// on the disk; those that several goroutines add at a time are synced at once. It
// fills in Seq, Prev and, where it is zero, Fetched. The files the lines vouch for
// must be synced before. After an error the log takes nothing more.
func (l *Log) Append(ctx context.Context, entries ...Entry) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(entries) == 0 {
		return nil
	}
	mine, err := l.write(entries)
	if err != nil {
		return fmt.Errorf("write %s: %w", filepath.Join(l.dir, Name), err)
	}
	l.syncing.Lock()
	defer l.syncing.Unlock()
	if l.synced >= mine {
		return nil
	}
	l.mu.Lock()
	reach, err := l.written, l.fault
	l.mu.Unlock()
	if err == nil {
		err = l.f.Sync()
	}
	if err != nil {
		l.mu.Lock()
		l.fault = err
		l.mu.Unlock()
		return fmt.Errorf("write %s: %w", l.f.Name(), err)
	}
	l.synced = reach
	return nil
}

func (l *Log) write(entries []Entry) (mine int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fault != nil {
		return 0, l.fault
	}
	seq, last, end := l.seq, l.last, l.end
	var text []byte
	places := make([]int64, len(entries))
	for i := range entries {
		e := &entries[i]
		seq++
		e.Seq, e.Prev = seq, last
		if e.Fetched.IsZero() {
			e.Fetched = l.now()
		}
		e.Fetched = e.Fetched.UTC().Truncate(time.Microsecond)
		line, err := e.encode()
		if err != nil {
			// Nothing was written: the log goes on.
			return 0, err
		}
		last, places[i] = sum(line), end
		end += int64(len(line))
		text = append(text, line...)
	}
	if _, err := l.f.WriteAt(text, l.end); err != nil {
		l.fault = err
		// What there is of it would be taken for a torn line, or for lines that
		// were never promised.
		return 0, errors.Join(err, l.f.Truncate(l.end))
	}
	for i := range entries {
		l.note(&entries[i], places[i])
	}
	l.seq, l.last, l.end = seq, last, end
	l.written++
	return l.written, nil
}

// Close lets go of the manifest. It does not wait for appends under way.
func (l *Log) Close() error {
	if l.f == nil {
		return nil // Peek found none
	}
	return l.f.Close()
}

// Peek opens the manifest of dir to be asked, without making, locking or changing
// anything. Where there is none it is empty.
func Peek(dir string) (*Log, error) {
	path := filepath.Join(dir, Name)
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return &Log{dir: dir, have: map[id]int64{}, fault: os.ErrPermission}, nil
	}
	if err != nil {
		return nil, err
	}
	l := &Log{dir: dir, f: f, have: map[id]int64{}, fault: os.ErrPermission}
	rep, err := Read(f, l.note)
	if err == nil && rep.Broken != nil {
		err = rep.Broken
	}
	if err == nil {
		l.seq, l.last, l.torn = rep.Lines, rep.Last, rep.Torn
		l.end, err = f.Seek(0, io.SeekEnd)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return l, nil
}
