package load

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"logquarry/engine/batch"
)

// bigFile is the size, in bytes as the file lies, from which a file is fed.
// Decoding is a quarter of a load's work and DuckDB's inserting the rest, so
// that one thread for both would leave the others idle at the end of a load,
// and all along where the evidence is one export.
const bigFile = 32 << 20

// feeders read big files, each in a goroutine, into batches that any of
// DuckDB's threads may take.
type feeders struct {
	p    *puller
	any  bool              // there are big files
	rows chan *batch.Batch // nil in it: a feeder has ended
	free chan *batch.Batch // used before
	quit chan struct{}     // closed by stop
	live atomic.Int64      // feeders that have not ended
	all  sync.WaitGroup
	once sync.Once

	mu      sync.Mutex
	made    []*batch.Batch
	failure error
}

func (f *feeders) init(p *puller) {
	f.p = p
	f.rows = make(chan *batch.Batch, p.threads)
	f.free = make(chan *batch.Batch, 4*p.threads)
	f.quit = make(chan struct{})
	for _, t := range p.tasks {
		f.any = f.any || f.wants(t)
	}
}

// wants reports whether a file is to be fed.
func (f *feeders) wants(t *task) bool { return !f.p.copies && t.size >= bigFile }

// start feeds t. The caller has counted it in live.
func (f *feeders) start(t *task) {
	f.all.Add(1)
	go func() {
		defer f.all.Done()
		defer func() {
			if r := recover(); r != nil {
				f.fail(fmt.Errorf("load: internal error in %s: %v\n%s", t.path, r, debug.Stack()))
			}
			f.live.Add(-1)
			f.send(nil)
		}()
		f.feed(t)
	}()
}

func (f *feeders) feed(t *task) {
	var w worker
	w.init(f.p)
	defer w.close()
	w.open(t)
	for w.file != nil && f.p.ctx.Err() == nil {
		b := f.batch()
		for w.file != nil && !b.Full() && f.p.ctx.Err() == nil {
			if err := w.fill(b); err != nil {
				return // ctx has ended
			}
		}
		if b.Len() > 0 && !f.send(b) {
			return
		}
	}
}

// batch is an empty one.
func (f *feeders) batch() *batch.Batch {
	select {
	case b := <-f.free:
		b.Reset()
		return b
	default:
	}
	b := batch.NewShared(f.p.plan.types)
	f.mu.Lock()
	f.made = append(f.made, b)
	f.mu.Unlock()
	return b
}

// send hands b to a thread; false where the load is over.
func (f *feeders) send(b *batch.Batch) bool {
	select {
	case f.rows <- b:
		return true
	case <-f.quit:
		return false
	}
}

// receive waits for a batch; nil where a feeder has ended, and the caller looks
// again what there is to do.
func (f *feeders) receive() *batch.Batch {
	select {
	case b := <-f.rows:
		return b
	case <-f.p.ctx.Done():
		return nil
	}
}

// rest is a batch that was sent before the last feeder ended; nil where all are
// taken. It also wakes a thread that still waits for one.
func (f *feeders) rest() *batch.Batch {
	for {
		select {
		case b := <-f.rows:
			if b != nil {
				return b
			}
		default:
			select {
			case f.rows <- nil:
			default:
			}
			return nil
		}
	}
}

// giveBack lets a batch be filled again whose rows have been consumed.
func (f *feeders) giveBack(b **batch.Batch) {
	if *b == nil {
		return
	}
	select {
	case f.free <- *b:
	default:
	}
	*b = nil
}

func (f *feeders) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure = err
}

// failed is why a feeder gave up; nil where none did.
func (f *feeders) failed() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failure
}

// stop ends the feeders and gives their memory back.
func (f *feeders) stop() {
	if f.quit == nil {
		return // the statement never began
	}
	f.once.Do(func() { close(f.quit) })
	f.all.Wait()
	for _, b := range f.made {
		b.Release()
	}
	f.made = nil
}
