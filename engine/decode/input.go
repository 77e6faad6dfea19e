package decode

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// Input is a window on the bytes of a file, which a decoder moves forward.
type Input struct {
	// Dirty says that the window may hold bytes that are not UTF-8.
	Dirty bool
	// Pos is the decoder's place in Bytes.
	Pos int

	r     io.Reader
	buf   []byte
	base  int64 // offset in the file of buf[0]
	lines int64 // line ends before buf[0]
	at    int   // where Line was asked last, and how many line ends stand before it
	ends  int64
	fixed bool // the bytes are a message: their place in the file is its own
	eof   bool
	err   error // why reading stopped, other than io.EOF
}

// windowLen is what is read at once: large enough that a refill is rare, small
// enough to stay in a core's cache.
const windowLen = 256 << 10

// Reset points the window at the start of r and drops a UTF-8 byte-order mark.
func (in *Input) Reset(r io.Reader) {
	if cap(in.buf) > 4*windowLen || cap(in.buf) == 0 || in.fixed {
		in.buf = make([]byte, 0, windowLen)
	}
	*in = Input{r: r, buf: in.buf[:0]}
	in.More()
	if bytes.HasPrefix(in.buf, []byte("\xef\xbb\xbf")) {
		in.Pos = 3
	}
}

// Message makes the window the text of a message, which is all there is to read.
// It changes no byte of it.
func (in *Input) Message(m Message) {
	*in = Input{buf: m.Text, base: m.Offset, lines: m.Line - 1, fixed: true, eof: true}
	in.Dirty = !utf8.Valid(m.Text)
}

// Bytes is the window: everything read and not yet dropped.
func (in *Input) Bytes() []byte { return in.buf }

// Offset is where byte i of the window stands in the file; of a message, where
// that begins, for its text need not stand in the file as it is.
func (in *Input) Offset(i int) int64 {
	if in.fixed {
		return in.base
	}
	return in.base + int64(i)
}

// Line is the number of the line, from 1, in which byte i of the window stands.
func (in *Input) Line(i int) int64 {
	if in.fixed {
		return in.lines + 1
	}
	// Places are asked for in order; counting from the start of the window each
	// time would make a file of short bad lines take time by the square.
	if i < in.at {
		in.at, in.ends = 0, 0
	}
	in.ends += int64(bytes.Count(in.buf[in.at:i], []byte{'\n'}))
	in.at = i
	return in.lines + in.ends + 1
}

// Err is why reading stopped before the end of the file; nil at its end.
func (in *Input) Err() error { return in.err }

// EOF reports whether the window reaches the end of what can be read.
func (in *Input) EOF() bool { return in.eof }

// More drops what lies before Pos, then widens the window by what the reader
// gives. It reports whether it grew.
func (in *Input) More() bool {
	if in.eof {
		return false
	}
	if in.Pos > 0 {
		in.lines += int64(bytes.Count(in.buf[:in.Pos], []byte{'\n'}))
		in.base += int64(in.Pos)
		in.buf = in.buf[:copy(in.buf, in.buf[in.Pos:])]
		in.Pos, in.at, in.ends = 0, 0, 0
	}
	if len(in.buf) == cap(in.buf) {
		in.buf = append(make([]byte, 0, 2*cap(in.buf)), in.buf...)
	}
	old := len(in.buf)
	// Readers may give a few bytes at a time; a full window saves rescanning.
	n, err := io.ReadFull(in.r, in.buf[old:cap(in.buf)])
	in.buf = in.buf[:old+n]
	if err != nil {
		in.eof = true
		// io.ErrUnexpectedEOF is ReadFull's own word for a short last read, and
		// also gzip's for a stream that is cut off; unpack tells them apart.
		if err != io.EOF && err != io.ErrUnexpectedEOF {
			in.err = err
		}
	}
	// A character cut by the window's edge counts as dirty: harmless, the
	// cells are then looked at one by one.
	in.Dirty = !utf8.Valid(in.buf)
	return n > 0
}
