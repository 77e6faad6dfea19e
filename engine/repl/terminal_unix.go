//go:build linux || darwin

package repl

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

func endSignals() []os.Signal { return []os.Signal{unix.SIGTERM, unix.SIGHUP} }

// terminal is the controlling terminal, whatever the standard streams are. It
// is in one of three modes: as it was found; running, in which Ctrl-C is a
// signal but what is typed ahead is neither shown nor cut into lines; editing,
// in which every key is a byte.
type terminal struct {
	file  *os.File
	fd    int
	found unix.Termios
	mu    sync.Mutex // one ioctl at a time
}

func openTerminal() (*terminal, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	t := &terminal{file: f, fd: int(f.Fd())} // Fd makes it blocking
	found, err := unix.IoctlGetTermios(t.fd, getTermios)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("read the modes of /dev/tty: %w", err)
	}
	t.found = *found
	return t, nil
}

// close puts the terminal back as it was found.
func (t *terminal) close() {
	io.WriteString(t.file, pasteOff)
	t.set(t.found)
	t.file.Close()
}

const (
	// With bracketed paste the terminal marks where pasted text starts and
	// ends. It stays on between prompts: a paste may come in while one runs.
	pasteOn  = "\x1b[?2004h"
	pasteOff = "\x1b[?2004l"
)

func (t *terminal) set(m unix.Termios) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return unix.IoctlSetTermios(t.fd, setTermios, &m)
}

// running is the mode between prompts.
func (t *terminal) running() {
	m := t.found
	m.Lflag &^= unix.ICANON | unix.ECHO
	m.Lflag |= unix.ISIG
	m.Cc[unix.VMIN], m.Cc[unix.VTIME] = 1, 0
	t.set(m)
}

// editing is the mode of the prompt and the pager: raw, as term.MakeRaw has
// it, but for the output, where a line feed still goes to the first column.
func (t *terminal) editing() error {
	m := t.found
	m.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	m.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	m.Cflag &^= unix.CSIZE | unix.PARENB
	m.Cflag |= unix.CS8
	m.Oflag |= unix.OPOST | unix.ONLCR
	m.Cc[unix.VMIN], m.Cc[unix.VTIME] = 1, 0
	return t.set(m)
}

// size is the width and height in cells; 80 by 24 where the terminal says 0.
func (t *terminal) size() (width, height int) {
	w, h, err := term.GetSize(t.fd)
	if err != nil || w <= 0 || h <= 0 {
		return 80, 24
	}
	return w, h
}

// read waits up to wait for input and reads what is there; nil where nothing is.
func (t *terminal) read(wait time.Duration) ([]byte, error) {
	ready, err := t.ready(wait)
	if err != nil || !ready {
		return nil, err
	}
	buf := make([]byte, 4096)
	n, err := unix.Read(t.fd, buf)
	switch {
	case err == unix.EINTR || err == unix.EAGAIN:
		return nil, nil
	case err != nil:
		return nil, err
	case n == 0:
		return nil, io.EOF // hung up
	}
	return buf[:n], nil
}

// key waits for one key, for the pager. An arrow or the like is its last byte.
func (t *terminal) key(ctx context.Context) (byte, error) {
	if err := t.editing(); err != nil {
		return 0, err
	}
	defer t.running()
	for ctx.Err() == nil {
		b, err := t.read(100 * time.Millisecond)
		if err != nil {
			return 0, err
		}
		if len(b) > 0 {
			if b[0] == 0x1b && len(b) > 1 {
				return arrow(b), nil
			}
			return b[0], nil
		}
	}
	return 0, context.Cause(ctx)
}

// arrow is the pager's key for an escape sequence.
func arrow(seq []byte) byte {
	switch string(seq) {
	case "\x1b[B", "\x1bOB": // down
		return '\r'
	case "\x1b[6~": // page down
		return ' '
	case "\x1b[F", "\x1bOF", "\x1b[4~": // end
		return 'G'
	}
	return 0
}

// say shows a prompt of the pager in reverse, or takes the last one away.
func (t *terminal) say(text string) {
	if text == "" {
		io.WriteString(t.file, "\r\x1b[K")
		return
	}
	if width, _ := t.size(); len(text) >= width {
		text = text[:max(0, width-1)]
	}
	io.WriteString(t.file, "\x1b[7m"+text+"\x1b[0m")
}
