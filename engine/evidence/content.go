package evidence

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"logquarry/engine/unpack"
)

// File is a file of the evidence.
type File struct {
	Path  string // as it is shown: archive!member for one out of an archive
	Local string // where its bytes lie
	// Opaque says that the file is known to be neither a log file nor a digest
	// of CloudTrail, so that what it unpacks to need not be read.
	Opaque bool
}

// Content is what the bytes of a file come to.
type Content struct {
	Raw  Sum // of the bytes as they lie
	Size int64
	// Plain is the sum of what they unpack to. It is known where Unpacked is set
	// and Fault is empty.
	Plain    Sum
	Unpacked bool
	// First is the sum of what the first member of a gzip file unpacks to, and
	// Behind says that something stands behind that member.
	First  Sum
	Behind bool
	Fault  string // why the file cannot be unpacked to its end
	// Archive says that other files lie in it.
	Archive bool
	Digest  *Digest
	// DigestFault says why what begins like a digest is none.
	DigestFault string

	manifest *listed // of a manifest; nil: the file is none
}

const (
	// headLen is how much of a content is looked at to tell a digest; its own
	// place stands within the first few hundred bytes.
	headLen = 1024
	// maxDigest is the longest digest that is read: a million log files.
	maxDigest = 512 << 20
)

// Measure reads files, threads at a time. An error stands in the place of a file
// that cannot be read; Measure itself fails only when ctx ends. Without raw the
// sum of the bytes as they lie is not made where what they unpack to is, unless
// there is a manifest to hold it against.
func Measure(ctx context.Context, files []File, raw bool, threads int, done func(Content)) ([]Content, []error, error) {
	contents, faults := make([]Content, len(files)), make([]error, len(files))
	g, gctx := errgroup.WithContext(ctx)
	// A manifest takes longest, so it comes first.
	var order []int
	for i := range files {
		if isManifest(files[i]) {
			raw = true
			order = append(order, i)
		}
	}
	for i := range files {
		if !isManifest(files[i]) {
			order = append(order, i)
		}
	}
	var next atomic.Int64
	for range max(1, threads) {
		g.Go(func() error {
			m := meters.Get().(*meter)
			defer meters.Put(m)
			for {
				k := int(next.Add(1)) - 1
				if k >= len(order) {
					return nil
				}
				i := order[k]
				contents[i], faults[i] = m.measure(gctx, files[i], raw)
				if faults[i] == nil && isManifest(files[i]) {
					contents[i].manifest = readManifest(files[i])
				}
				if gctx.Err() != nil {
					return context.Cause(gctx)
				}
				if done != nil {
					done(contents[i])
				}
			}
		})
	}
	return contents, faults, g.Wait()
}

// meter has the buffers of one reading, some 600 KB.
type meter struct {
	raw, plain hash.Hash
	small      *bytes.Reader // over a file that was read at once,
	whole      []byte        // into this
	in         *bufio.Reader
	zr         gzip.Reader
	buf        []byte
	head       []byte
}

var meters = sync.Pool{New: func() any {
	return &meter{raw: sha256.New(), plain: sha256.New(), small: bytes.NewReader(nil), whole: make([]byte, 256<<10),
		in: bufio.NewReaderSize(nil, 64<<10), buf: make([]byte, 256<<10)}
}}

// source is where the bytes of a file come from: flate reads a [bytes.Reader]
// faster than any other.
type source interface {
	io.Reader
	io.ByteReader
}

// tap hashes and counts what is read.
type tap struct {
	ctx context.Context
	r   io.Reader
	h   hash.Hash
	n   int64
}

func (t *tap) Read(p []byte) (int, error) {
	if t.ctx.Err() != nil {
		return 0, context.Cause(t.ctx)
	}
	n, err := t.r.Read(p)
	t.h.Write(p[:n])
	t.n += int64(n)
	return n, err
}

func isManifest(f File) bool { return path.Base(slash(f.Path)) == ManifestName }

func (m *meter) measure(ctx context.Context, f File, raw bool) (c Content, err error) {
	in, err := os.Open(f.Local)
	if err != nil {
		return c, err
	}
	defer in.Close()
	n, err := io.ReadFull(in, m.whole)
	switch {
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		// Most log files are smaller than the buffer.
		c.Size = int64(n)
		if raw || f.Opaque {
			c.Raw = sha256.Sum256(m.whole[:n])
		}
		m.small.Reset(m.whole[:n])
		if !f.Opaque {
			m.content(&c, m.whole[:min(n, 512)], m.small, func() []byte { return m.whole[n-m.small.Len() : n] }, func() int64 { return int64(n) })
		}
		return c, nil
	case err != nil:
		return c, err
	}
	m.raw.Reset()
	t := &tap{ctx: ctx, r: io.MultiReader(bytes.NewReader(m.whole), in), h: m.raw}
	m.in.Reset(t)
	if !f.Opaque {
		head, _ := m.in.Peek(512)
		m.content(&c, head, m.in, func() []byte { next, _ := m.in.Peek(2); return next }, func() int64 { return t.n })
	}
	// What unpacking left, and the whole of a file that is not unpacked.
	if _, err := io.CopyBuffer(onlyWriter{io.Discard}, onlyReader{m.in}, m.buf); err != nil {
		return c, err
	}
	m.raw.Sum(c.Raw[:0])
	c.Size = t.n
	return c, nil
}

// content reads what a file of that head unpacks to. next are the next bytes of
// in, two at least where there are so many, and read how much of the file was read.
func (m *meter) content(c *Content, head []byte, in source, next func() []byte, read func() int64) {
	switch unpack.Sniff(head) {
	case unpack.Gzip:
		m.gunzip(c, in, next, read)
	case unpack.Zip, unpack.Tar:
		c.Archive = true
	case unpack.Parquet:
	default:
		m.unpack(c, in)
	}
}

// onlyReader and onlyWriter hide the ways by which copying would go round the
// buffer that is there.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)

// gunzip reads the members of a gzip file one by one, for what stands behind the
// first tells that something was appended.
func (m *meter) gunzip(c *Content, in source, next func() []byte, read func() int64) {
	c.Unpacked = true
	p := m.begin()
	if err := m.zr.Reset(in); err != nil {
		c.Fault = "begins like a gzip file but is none: " + plainFault(err)
		return
	}
	for first := true; ; first = false {
		m.zr.Multistream(false)
		if err := m.copy(p, &m.zr, read); err != nil {
			c.Fault = plainFault(err)
			return
		}
		if first {
			m.plain.Sum(c.First[:0])
			// What was appended is not the digest's.
			p.digest(c)
			p.told, p.is = true, false
		}
		head := next()
		c.Behind = c.Behind || len(head) > 0
		if len(head) < 2 || head[0] != 0x1f || head[1] != 0x8b {
			break // the end, or no member: padding, or anything
		}
		if err := m.zr.Reset(in); err != nil {
			c.Fault = "behind its first gzip member: " + plainFault(err)
			return
		}
	}
	m.plain.Sum(c.Plain[:0])
}

// begin makes ready for the content of a file.
func (m *meter) begin() *plain {
	m.plain.Reset()
	return &plain{h: m.plain, head: m.head[:0], kept: &m.head}
}

// unpack reads a file of another compression, or of none.
func (m *meter) unpack(c *Content, r io.Reader) {
	c.Unpacked = true
	s, err := unpack.NewStream(r, unpack.Limits{})
	if err != nil {
		c.Fault = err.Error()
		return
	}
	defer s.Close()
	p := m.begin()
	if _, err := io.CopyBuffer(onlyWriter{p}, onlyReader{s}, m.buf); err != nil {
		c.Fault = err.Error()
		return
	}
	m.plain.Sum(c.Plain[:0])
	p.digest(c)
}

func (m *meter) copy(p *plain, r io.Reader, read func() int64) error {
	for {
		n, err := r.Read(m.buf)
		p.Write(m.buf[:n])
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case p.n > unpack.DefaultFree && p.n/unpack.DefaultRatio > read():
			return fmt.Errorf("a decompression bomb: more than %d times its size", unpack.DefaultRatio)
		}
	}
}

// plain takes the content of a file, and keeps that of a digest.
type plain struct {
	h    hash.Hash
	n    int64
	head []byte  // the beginning, or all of a digest
	kept *[]byte // where the buffer of a beginning is kept
	told bool    // whether it is a digest
	is   bool
}

func (p *plain) Write(b []byte) (int, error) {
	p.h.Write(b)
	p.n += int64(len(b))
	rest := b
	if !p.told {
		n := min(len(b), headLen-len(p.head))
		p.head, rest = append(p.head, b[:n]...), b[n:]
		p.is = isDigest(p.head)
		p.told = p.is || len(p.head) == headLen
	}
	if p.is && len(p.head) <= maxDigest {
		p.head = append(p.head, rest...)
	}
	return len(b), nil
}

func (p *plain) digest(c *Content) {
	*p.kept = p.head
	kind := unpack.Sniff(p.head)
	c.Archive = kind == unpack.Tar || kind == unpack.Zip
	if !p.is {
		return
	}
	if len(p.head) > maxDigest {
		c.DigestFault = fmt.Sprintf("longer than %d bytes", maxDigest)
		return
	}
	var err error
	if c.Digest, err = ParseDigest(p.head); err != nil {
		c.DigestFault = err.Error()
	}
}

func plainFault(err error) string {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "it is cut off"
	case errors.Is(err, gzip.ErrChecksum):
		return "its checksum does not agree with its content"
	case errors.Is(err, gzip.ErrHeader):
		return "bad gzip header"
	}
	return strings.TrimPrefix(err.Error(), "flate: ")
}
