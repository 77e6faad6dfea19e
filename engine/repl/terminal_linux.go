package repl

import (
	"time"

	"golang.org/x/sys/unix"
)

const (
	getTermios = unix.TCGETS
	setTermios = unix.TCSETS
)

// ready waits up to wait for input.
func (t *terminal) ready(wait time.Duration) (bool, error) {
	fds := []unix.PollFd{{Fd: int32(t.fd), Events: unix.POLLIN}}
	n, err := unix.Poll(fds, int(wait.Milliseconds()))
	if err == unix.EINTR {
		return false, nil
	}
	return n > 0, err
}
