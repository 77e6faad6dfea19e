package match

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"logquarry/engine/indicator"
)

// finding is a hit and where it is.
type finding struct {
	column       int32
	file, record int64
	value        string // where the column's hits go by value
	hit          indicator.Hit
}

// spool keeps findings in a temporary file, in the order they come.
type spool struct {
	mu  sync.Mutex
	f   *os.File
	w   *bufio.Writer
	buf []byte
	n   int64
}

func newSpool(folder string) (*spool, error) {
	f, err := os.CreateTemp(folder, "quarry-match-")
	if err != nil {
		return nil, fmt.Errorf("keep what is found: %w", err)
	}
	return &spool{f: f, w: bufio.NewWriterSize(f, 64<<10)}, nil
}

// add appends a finding. Any goroutine may.
func (s *spool) add(f finding) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	inside := uint64(0)
	if f.hit.Inside {
		inside = 1
	}
	s.buf = s.buf[:0]
	for _, n := range []uint64{uint64(f.column), uint64(f.file), uint64(f.record), uint64(f.hit.Key), inside} {
		s.buf = binary.AppendUvarint(s.buf, n)
	}
	for _, text := range []string{f.value, f.hit.Found} {
		s.buf = append(binary.AppendUvarint(s.buf, uint64(len(text))), text...)
	}
	s.n++
	if _, err := s.w.Write(s.buf); err != nil {
		return fmt.Errorf("keep what is found: %w", err)
	}
	return nil
}

// reader hands out all findings again. None can be added any more.
func (s *spool) reader() (next func() (finding, bool, error), err error) {
	if err := s.w.Flush(); err != nil {
		return nil, fmt.Errorf("keep what is found: %w", err)
	}
	if _, err := s.f.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("keep what is found: %w", err)
	}
	r := bufio.NewReaderSize(s.f, 64<<10)
	left := s.n
	return func() (f finding, ok bool, err error) {
		if left == 0 {
			return f, false, nil
		}
		left--
		var n [5]uint64
		for i := range n {
			if n[i], err = binary.ReadUvarint(r); err != nil {
				return f, false, fmt.Errorf("read again what was found: %w", err)
			}
		}
		var texts [2]string
		for i := range texts {
			size, err := binary.ReadUvarint(r)
			if err != nil {
				return f, false, fmt.Errorf("read again what was found: %w", err)
			}
			text := make([]byte, size)
			if _, err := io.ReadFull(r, text); err != nil {
				return f, false, fmt.Errorf("read again what was found: %w", err)
			}
			texts[i] = string(text)
		}
		return finding{int32(n[0]), int64(n[1]), int64(n[2]), texts[0],
			indicator.Hit{Key: int32(n[3]), Inside: n[4] == 1, Found: texts[1]}}, true, nil
	}, nil
}

// close removes the file.
func (s *spool) close() error {
	return errors.Join(s.f.Close(), os.Remove(s.f.Name()))
}
