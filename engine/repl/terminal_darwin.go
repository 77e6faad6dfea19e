package repl

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	getTermios = unix.TIOCGETA
	setTermios = unix.TIOCSETA
)

// ready waits up to wait for input. It selects: poll(2) on macOS knows no
// terminals.
func (t *terminal) ready(wait time.Duration) (bool, error) {
	var set unix.FdSet
	set.Set(t.fd)
	tv := unix.NsecToTimeval(wait.Nanoseconds())
	n, err := unix.Select(t.fd+1, &set, nil, nil, &tv)
	if err == unix.EINTR {
		return false, nil
	}
	return n > 0, err
}
