package watch

import (
	"errors"
	"fmt"
	"os"

	"logquarry/engine/lock"
)

// ErrWatched says that another process watches into the case.
var ErrWatched = errors.New("another quarry watch works on it")

// alone keeps other watches from a case until free is called: two would number
// their findings alike.
func alone(path string) (free func() error, err error) {
	path += ".watch.lock"
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, err
		}
		if err := lock.Take(f); err != nil {
			f.Close()
			if errors.Is(err, lock.ErrHeld) {
				err = ErrWatched
			}
			return nil, fmt.Errorf("watch into %s: %w", path[:len(path)-len(".watch.lock")], err)
		}
		// Whoever had it before may have removed the file since it was opened here.
		mine, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if now, err := os.Stat(path); err == nil && os.SameFile(mine, now) {
			return func() error { return errors.Join(os.Remove(path), f.Close()) }, nil
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
	}
}
