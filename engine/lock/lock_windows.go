package lock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Take takes the lock of a file, which goes with it when it is closed, or its
// process killed. It is of a byte far behind its end: others may read.
func Take(f *os.File) error {
	far := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &far)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrHeld
	}
	return err
}
