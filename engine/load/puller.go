package load

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/find"
	"logquarry/engine/schema"
	"logquarry/engine/store"
	"logquarry/engine/unpack"
	"logquarry/engine/unwrap"
)

// task is one file to be read, and what came of it.
type task struct {
	path  string // as shown
	local string
	size  int64
	place uint32 // in the order of the load, from 1
	tally decode.Tally
	other decode.Decoder // reads the file instead of the plan's decoder; nil: none
	// objects says that records of a source of another shape lie in it as JSON.
	objects bool
	parquet bool // whose rows are decoded as objects
	// frame, where set, is how the file is cut into messages; again says that
	// they are read once more, for another source than the file's own.
	frame unwrap.Frame
	again bool
	asked *schema.Source // all messages are taken for
	taken int64          // messages that went to the plan's source
	done  int64          // number of the last record whose row, if any, is written
	skip  int64          // the same when the file was given up last
	twice bool           // it was
	lost  string         // why its end is missing already, from find
	sum   string         // SHA-256 of the bytes read, hexadecimal
	read  int64          // bytes read
}

// newTask is the task to read a file.
func newTask(f *find.File, place uint32, fileID int64) *task {
	t := &task{path: f.Path, local: f.Local, size: f.Size, place: place, lost: f.Lost, objects: f.Objects, frame: f.Frame}
	t.parquet = f.Kind == unpack.Parquet
	if f.By == "asked" {
		t.asked = f.Source
	}
	t.tally.FileID = fileID
	return t
}

// restart makes t the task to read its file once more from the beginning, but to
// write only the rows that have not been.
func (t *task) restart() {
	t.tally.Restart()
	t.taken, t.sum, t.read = 0, "", 0
	t.skip, t.twice = t.done, true
}

// puller is a DuckDB table function: its threads pull rows out of files, each
// with a decoder of its own. A small file is read by one thread; a big one by
// a feeder, whose rows all threads take.
type puller struct {
	ctx      context.Context
	db       *sql.DB
	plan     *plan
	plans    *plans
	tasks    []*task
	next     atomic.Int64
	copies   bool // chunks own their text, and there are no feeders
	threads  int
	keep     func(t *task) decode.Keep
	progress *Progress
	limits   unpack.Limits
	feeders  feeders

	mu     sync.Mutex
	locals []*local
	redo   []*task         // given up, for they have values without storage
	found  map[string]bool // the columns of those
}

// local is the state of one of DuckDB's threads.
type local struct {
	worker
	chunk store.Chunk
	cols  []batch.Column // the chunk's, and own at their places
	own   []batch.Column // memory of our own, for late columns
	batch batch.Batch
	lent  *batch.Batch // a feeder's, to which the chunk handed out last points
}

// worker reads one file after another.
type worker struct {
	p    *puller
	keep decode.Keep
	file *reading

	own, objects, one, row decode.Decoder // made when needed, used for many files
}

func (w *worker) init(p *puller) { w.p = p }

// decoder is the decoder of a file.
func (w *worker) decoder(t *task) decode.Decoder {
	which, made := &w.own, w.p.plan.make
	switch {
	case t.other != nil:
		return t.other
	case t.parquet:
		which, made = &w.row, w.p.plan.row
	case t.frame != "":
		which, made = &w.one, w.p.plan.one
	case t.objects:
		which, made = &w.objects, w.p.plan.objects
	}
	w.make(which, made)
	if t.parquet {
		return &parquetObjects{ctx: w.p.ctx, db: w.p.db, source: w.p.plan.source, path: t.local, size: t.size, inner: *which}
	}
	if t.frame != "" {
		return unwrap.NewDecoder(*which, w.p.plans.unwrapping(t.frame, t.path, t.asked), w.p.plan.source.Name, !t.again)
	}
	w.make(&w.one, w.p.plan.one)
	w.p.plans.mixed(*which, w.one, w.p.plan.source.Name, t.path, t.asked, t.again)
	return *which
}

// make makes a decoder where there is none yet.
func (w *worker) make(which *decode.Decoder, made func(keep decode.Keep) decode.Decoder) {
	if *which != nil {
		return
	}
	*which = made(func(b *batch.Batch, t *decode.Tally, recordNo int64) bool {
		return w.keep == nil || w.keep(b, t, recordNo)
	})
}

// reading is the file a thread is in.
type reading struct {
	task   *task
	from   decode.Decoder
	file   *os.File
	stream *unpack.Stream
	hash   hash.Hash
	count  *counted
}

// counted counts and hashes what is read, and stops reading when ctx ends.
type counted struct {
	ctx      context.Context
	r        io.Reader
	hash     hash.Hash
	n        int64
	progress *Progress
}

func (c *counted) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	n, err := c.r.Read(p)
	c.hash.Write(p[:n])
	c.n += int64(n)
	c.progress.bytes.Add(int64(n))
	return n, err
}

// ColumnInfos implements duckdb.ParallelChunkTableSource.
func (p *puller) ColumnInfos() []duckdb.ColumnInfo {
	var infos []duckdb.ColumnInfo
	for _, c := range p.plan.table.AllColumns() {
		infos = append(infos, duckdb.ColumnInfo{Name: c.Name, T: store.TypeInfo(c.Type)})
	}
	return infos
}

// Cardinality implements duckdb.ParallelChunkTableSource.
func (p *puller) Cardinality() *duckdb.CardinalityInfo { return nil }

// Init implements duckdb.ParallelChunkTableSource.
func (p *puller) Init() duckdb.ParallelTableSourceInfo {
	p.next.Store(0)
	p.feeders.init(p)
	threads := min(p.threads, max(1, len(p.tasks)))
	if p.feeders.any {
		threads = p.threads
	}
	return duckdb.ParallelTableSourceInfo{MaxThreads: threads}
}

// NewLocalState implements duckdb.ParallelChunkTableSource.
func (p *puller) NewLocalState() any {
	l := new(local)
	l.worker.init(p)
	p.mu.Lock()
	p.locals = append(p.locals, l)
	p.mu.Unlock()
	return l
}

// FillChunk implements duckdb.ParallelChunkTableSource.
func (p *puller) FillChunk(state any, dc duckdb.DataChunk) (err error) {
	l := state.(*local)
	// A panic would cross into C++ and end the process without a word.
	defer func() {
		if r := recover(); r != nil {
			name := "?"
			if l.file != nil {
				name = l.file.task.path
			}
			err = fmt.Errorf("load: internal error in %s: %v\n%s", name, r, debug.Stack())
		}
	}()
	cols, err := l.columns(dc)
	if err != nil {
		return err
	}
	p.feeders.giveBack(&l.lent)
	l.batch.Point(cols)
	for !l.batch.Full() {
		if p.ctx.Err() != nil {
			return context.Cause(p.ctx)
		}
		if l.file != nil {
			if err := l.fill(&l.batch); err != nil {
				return err
			}
			continue
		}
		switch t, more := p.take(); {
		case t != nil && p.feeders.wants(t):
			p.feeders.start(t)
		case t != nil:
			l.open(t)
		case l.batch.Len() > 0:
			l.chunk.SetLen(l.batch.Len()) // a feeder's rows make a chunk of their own
			return nil
		case more:
			if l.lent = p.feeders.receive(); l.lent != nil {
				l.hand(cols)
				return nil
			}
		default:
			if l.lent = p.feeders.rest(); l.lent != nil {
				l.hand(cols)
				return nil
			}
			l.chunk.SetLen(0)
			return p.feeders.failed()
		}
	}
	l.chunk.SetLen(l.batch.Len())
	return nil
}

// hand gives DuckDB the rows that a feeder lent.
func (l *local) hand(cols []batch.Column) {
	for _, c := range l.p.plan.late {
		cols[c].Data = nil // nothing in it, or the feeder would have given up
	}
	l.lent.CopyTo(cols)
	l.chunk.SetLen(l.lent.Len())
}

// take hands out the next file, nil where none is left or as many are being
// fed as there are threads; more says that feeders still have rows to come.
func (p *puller) take() (t *task, more bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	live := p.feeders.live.Load() > 0
	if p.feeders.live.Load() >= int64(p.threads) {
		return nil, true
	}
	k := int(p.next.Add(1)) - 1
	if k >= len(p.tasks) {
		return nil, live
	}
	if t = p.tasks[k]; p.feeders.wants(t) {
		p.feeders.live.Add(1) // counted here, so that no thread thinks it is over
	}
	return t, true
}

// fill adds rows of the worker's file to b, and finishes the file at its end.
func (w *worker) fill(b *batch.Batch) error {
	t := w.file.task
	before, from := t.tally.Records, b.Len()
	done, _ := w.file.from.Fill(b) // what went wrong is in the tally
	w.p.progress.records.Add(t.tally.Records - before)
	if late := w.p.plan.lateIn(b); late != nil {
		w.giveUp(b, from, late)
		return nil
	}
	t.done = max(t.done, t.tally.Number)
	if done {
		return w.finish()
	}
	return nil
}

// open starts on a file. Where it cannot be opened it is finished at once.
func (w *worker) open(t *task) {
	p := w.p
	p.progress.now(p.plan.source.Name, t.path)
	f, err := os.Open(t.local)
	if err != nil {
		t.tally.Reject(decode.Reject{Reason: "open: " + err.Error()})
		p.progress.files.Add(1)
		return
	}
	r := &reading{task: t, file: f, hash: sha256.New()}
	r.count = &counted{ctx: p.ctx, r: f, hash: r.hash, progress: p.progress}
	w.file = r
	if r.stream, err = unpack.NewStream(r.count, p.limits); err != nil {
		if p.ctx.Err() == nil {
			t.tally.Reject(decode.Reject{Reason: err.Error()})
		}
		_ = w.finish() // that ctx has ended shows again
		return
	}
	w.keep = p.keep(t)
	r.from = w.decoder(t)
	r.from.Reset(r.stream, &t.tally)
}

// finish ends the worker's file: hashes what the decoder left unread, and checks
// that the file is still what it was when it was found.
func (w *worker) finish() error {
	p, r := w.p, w.file
	w.file = nil
	defer r.file.Close()
	if r.stream != nil {
		r.stream.Close()
	}
	_, err := io.Copy(io.Discard, struct{ io.Reader }{r.count})
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	t := r.task
	t.read = r.count.n
	if d, ok := r.from.(*unwrap.Decoder); ok {
		t.taken = d.Taken()
	}
	switch {
	case err != nil && t.tally.Rejected == 0:
		t.tally.Reject(decode.Reject{Offset: t.tally.Bytes, Reason: "read: " + err.Error()})
	case err == nil && t.read != t.size:
		t.tally.Reject(decode.Reject{Offset: t.tally.Bytes, Reason: fmt.Sprintf(
			"the file changed while it was read: it had %d bytes and then %d", t.size, t.read)})
	}
	if t.lost != "" {
		t.tally.Reject(decode.Reject{Offset: t.tally.Bytes, Reason: t.lost})
	}
	t.sum = hex.EncodeToString(r.hash.Sum(nil))
	p.progress.files.Add(1)
	return nil
}

// close gives up the file a worker is in.
func (w *worker) close() {
	if w.file == nil {
		return
	}
	if p, ok := w.file.from.(*parquetObjects); ok {
		_ = p.close() // of a query that only read
	}
	if w.file.stream != nil {
		w.file.stream.Close()
	}
	w.file.file.Close()
	w.file = nil
}

// release gives back what the threads hold, once no chunk is read any more.
func (p *puller) release() {
	p.feeders.stop()
	for _, l := range p.locals {
		l.worker.close()
		l.batch.Release()
	}
	p.locals = nil
}
