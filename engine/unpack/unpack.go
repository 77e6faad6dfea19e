// Package unpack peels compression off a file.
//
// In: the bytes of a file as they lie. Out: plain bytes, streamed. What a layer
// is, is told by its first bytes, never by a name; layers may lie in one
// another. It leaves archives of many files to find.
package unpack

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Kind is what the first bytes of a file show it to be.
type Kind string

const (
	Plain   Kind = "plain"
	Gzip    Kind = "gzip"
	Zstd    Kind = "zstd"
	Bzip2   Kind = "bzip2"
	Zip     Kind = "zip"
	Parquet Kind = "parquet"
	Tar     Kind = "tar"
	utf16   Kind = "utf-16"
)

// Sniff tells the kind of a file by its first bytes; 512 are enough.
func Sniff(head []byte) Kind {
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
		return Gzip
	case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		return Zstd
	case bytes.HasPrefix(head, []byte("BZh")) && len(head) > 9 && bytes.Equal(head[4:10], []byte("1AY&SY")):
		return Bzip2
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return Zip
	case bytes.HasPrefix(head, []byte("PAR1")):
		return Parquet
	case len(head) > 262 && bytes.Equal(head[257:262], []byte("ustar")):
		return Tar
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return utf16
	}
	return Plain
}

// maxLayers is how many layers of compression may lie in one another.
// Firehose makes two (gzip in gzip); more than four nobody makes in good faith.
const maxLayers = 4

// Limits guard against decompression bombs: a stream that has given more than
// Free bytes may not be more than Ratio times larger than what it came from.
// CloudTrail shrinks about 7 times, flow logs 10, a file of one repeated line
// some 200; a bomb 1,000 (deflate's own limit is 1,032) or millions.
type Limits struct {
	Ratio int64
	Free  int64
}

// DefaultRatio and DefaultFree are used where a Limits is zero, and bind whatever
// else is unpacked.
const (
	DefaultRatio = 400
	DefaultFree  = 64 << 20
)

// Error is a layer that cannot be read on. What was read before it stands.
type Error struct {
	Kind   Kind
	Offset int64 // in the file as it lies, near which it went wrong
	What   string
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s (near byte %d of the file)", e.Kind, e.What, e.Offset)
}

// Stream gives the plain bytes of one file.
type Stream struct {
	r      io.Reader
	raw    *counter
	layers []Kind
	plain  int64
	limits Limits
	err    error // of the last Read: it is said again each time
	closer []func()
}

// failed gives the error that ended the look at a layer's first bytes, once
// those have been read.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

// counter counts what has been read from the file.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// NewStream peels r. It fails with an *Error where the outermost layer's
// header is broken already, and with the reader's error where it cannot be read.
func NewStream(r io.Reader, limits Limits) (*Stream, error) {
	if limits == (Limits{}) {
		limits = Limits{Ratio: DefaultRatio, Free: DefaultFree}
	}
	s := &Stream{raw: &counter{r: r}, limits: limits}
	s.r = s.raw
	for {
		head := make([]byte, 512)
		n, err := io.ReadFull(s.r, head)
		head = head[:n]
		rest := io.MultiReader(bytes.NewReader(head), s.r)
		switch {
		case err == nil:
		case err == io.EOF, err == io.ErrUnexpectedEOF:
			rest = bytes.NewReader(head) // all there is
		case n == 0:
			s.Close()
			return nil, err
		default:
			// The file is damaged right behind these bytes, which stand.
			rest = io.MultiReader(bytes.NewReader(head), failed{err})
		}
		kind := Sniff(head)
		switch kind {
		case Gzip, Zstd, Bzip2, utf16:
			if len(s.layers) == maxLayers {
				s.Close()
				return nil, &Error{kind, s.raw.n, fmt.Sprintf("more than %d layers of compression", maxLayers)}
			}
		default:
			s.r = rest
			s.layers = append(s.layers, kind)
			return s, nil
		}
		s.layers = append(s.layers, kind)
		switch kind {
		case Gzip:
			g := pool.Get().(*members)
			g.s, g.err = s, nil
			g.br.Reset(rest)
			s.closer = append(s.closer, func() {
				g.s = nil
				g.br.Reset(nil)
				pool.Put(g)
			})
			if err := g.zr.Reset(g.br); err != nil {
				s.Close()
				return nil, &Error{Gzip, s.raw.n, "begins like a gzip file but is none: " + gzipFault(err)}
			}
			g.zr.Multistream(false)
			s.r = g
		case Zstd:
			z, err := zstd.NewReader(rest, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
			if err != nil {
				s.Close()
				return nil, &Error{Zstd, s.raw.n, err.Error()}
			}
			s.closer = append(s.closer, z.Close)
			s.r = &faults{s: s, kind: Zstd, r: z}
		case Bzip2:
			s.r = &faults{s: s, kind: Bzip2, r: bzip2.NewReader(bufio.NewReaderSize(rest, 64<<10))}
		case utf16:
			s.r = transform.NewReader(rest, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder())
		}
	}
}

// Kind is what the innermost layer is: Plain, or one that holds more than bytes
// of a log (Parquet, Zip, Tar).
func (s *Stream) Kind() Kind { return s.layers[len(s.layers)-1] }

// Compression names the layers, outermost first ("gzip", "gzip+gzip"); "none"
// where there is none.
func (s *Stream) Compression() string {
	var names []string
	for _, k := range s.layers {
		if k == Gzip || k == Zstd || k == Bzip2 || k == utf16 {
			names = append(names, string(k))
		}
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, "+")
}

// Read gives plain bytes. An *Error says that the file is damaged or a bomb.
func (s *Stream) Read(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	n, err := s.r.Read(p)
	s.plain += int64(n)
	if s.plain > s.limits.Free && s.plain/s.limits.Ratio > s.raw.n && len(s.layers) > 1 {
		err = &Error{s.layers[0], s.raw.n, fmt.Sprintf(
			"a decompression bomb: more than %d times its size; the rest is not unpacked", s.limits.Ratio)}
	}
	// A reader of whole windows drops an error that comes with its last byte.
	s.err = err
	return n, err
}

// Close frees the decoders. It does not close the file.
func (s *Stream) Close() {
	for _, f := range s.closer {
		f()
	}
	s.closer = nil
}

// faults turns a decoder's errors into *Error.
type faults struct {
	s    *Stream
	kind Kind
	r    io.Reader
}

func (f *faults) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	switch {
	case err == nil || err == io.EOF:
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = &Error{f.kind, f.s.raw.n, "cut off: the file ends in the middle of the stream"}
	default:
		var own *Error
		if !errors.As(err, &own) {
			err = &Error{f.kind, f.s.raw.n, err.Error()}
		}
	}
	return n, err
}

// members reads the members of a gzip file one after another (RFC 1952, 2.2).
type members struct {
	s   *Stream
	br  *bufio.Reader
	zr  gzip.Reader
	err error // of the last Read: it is said again each time
}

// pool keeps the buffers of gzip readers, some 140 KB each: a folder of many
// small files would spend more time on clearing them than on reading.
var pool = sync.Pool{New: func() any { return &members{br: bufio.NewReaderSize(nil, 64<<10)} }}

func (g *members) Read(p []byte) (n int, err error) {
	if g.err == nil {
		n, g.err = g.read(p)
	}
	return n, g.err
}

func (g *members) read(p []byte) (int, error) {
	n, err := g.zr.Read(p)
	if err == nil {
		return n, nil
	}
	if err != io.EOF {
		var own *Error
		if !errors.As(err, &own) {
			err = &Error{Gzip, g.s.raw.n, gzipFault(err)}
		}
		return n, err
	}
	next, err := g.br.Peek(2)
	switch {
	case len(next) == 0:
		return n, err
	case len(next) == 2 && next[0] == 0x1f && next[1] == 0x8b:
		if err := g.zr.Reset(g.br); err != nil {
			return n, &Error{Gzip, g.s.raw.n, "a further member: " + gzipFault(err)}
		}
		g.zr.Multistream(false)
		return n, nil
	}
	// Tape blocks and some tools pad with zeros; gzip(1) allows it too.
	for {
		c, err := g.br.ReadByte()
		if err != nil {
			return n, io.EOF
		}
		if c != 0 {
			return n, &Error{Gzip, g.s.raw.n, "bytes behind the end of the stream that are no gzip member; what stood before was read"}
		}
	}
}

func gzipFault(err error) string {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "cut off: the file ends in the middle of the stream"
	case errors.Is(err, gzip.ErrChecksum):
		return "damaged: its checksum does not agree with its content"
	case errors.Is(err, gzip.ErrHeader):
		return "bad header"
	}
	return strings.TrimPrefix(err.Error(), "flate: ")
}
