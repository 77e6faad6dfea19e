package load

import "sync/atomic"

// Progress is how far a load is. Any goroutine may read it while it runs.
type Progress struct {
	files, filesTotal atomic.Int64
	bytes, bytesTotal atomic.Int64
	records           atomic.Int64
	current           atomic.Pointer[[2]string]
}

// Snapshot is a Progress at one moment.
type Snapshot struct {
	Files, FilesTotal int64
	Bytes, BytesTotal int64 // as the files lie
	Records           int64
	Source, Path      string // what is being read
}

// Snapshot reads the progress.
func (p *Progress) Snapshot() Snapshot {
	s := Snapshot{
		Files: p.files.Load(), FilesTotal: p.filesTotal.Load(),
		Bytes: p.bytes.Load(), BytesTotal: p.bytesTotal.Load(),
		Records: p.records.Load(),
	}
	if c := p.current.Load(); c != nil {
		s.Source, s.Path = c[0], c[1]
	}
	return s
}

func (p *Progress) now(source, path string) { p.current.Store(&[2]string{source, path}) }
