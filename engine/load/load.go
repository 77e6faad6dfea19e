// Package load moves the records of files into the tables of a case.
//
// In: files whose source find has told. Out: rows, and with them in the same
// transaction the ledger and the rejects. DuckDB's threads pull: a parallel
// table function decodes files straight into the chunks of an INSERT. It
// leaves telling what a file is to find.
package load

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"logquarry/engine/decode"
	"logquarry/engine/find"
	"logquarry/engine/schema"
	"logquarry/engine/store"
	"logquarry/engine/unpack"
)

// Options say how to load. The zero value loads everything.
type Options struct {
	Sources []*schema.Source
	// Since and Until bound the event times: since <= time < until. Rows
	// without a time are kept. Zero: no bound.
	Since, Until time.Time
	Threads      int
	// Memory bounds DuckDB's buffers while it loads, such as 1GB; empty: see
	// memoryPerThread.
	Memory   string
	Version  string           // of the program, for the ledger
	Now      func() time.Time // nil: time.Now
	Progress *Progress        // nil: nobody looks
	Limits   unpack.Limits
	// Sample is how many files of a source are looked into for late columns before
	// the load; 0: sampleFiles, less: none.
	Sample int
	// Recall spares a load what an earlier one read of the case; nil: it reads
	// it all.
	Recall *Recall
	// Origin says of which object a file is a copy; nil: the manifests above the
	// files do.
	Origin func(path string) Origin
}

// Count is what became of records.
type Count struct {
	Files      int64 `json:"files"`
	Records    int64 `json:"records"`
	Rows       int64 `json:"rows"`
	Duplicates int64 `json:"duplicates"`
	Rejects    int64 `json:"rejects"`
}

// Summary is what a load did.
type Summary struct {
	Files             int64             `json:"files"` // read
	FilesSkipped      int64             `json:"files_skipped"`
	Bytes             int64             `json:"bytes"`
	DecompressedBytes int64             `json:"decompressed_bytes"`
	Records           int64             `json:"records"`
	Rows              int64             `json:"rows"`
	Duplicates        int64             `json:"duplicates"`
	Rejects           int64             `json:"rejects"`
	Seconds           float64           `json:"seconds"`
	Sources           map[string]*Count `json:"sources"`

	// Aside are the files that were not or not wholly read, and why.
	Aside []Aside `json:"-"`
	// Skipped counts the files not read, by why.
	Skipped map[Reason]int64 `json:"-"`
}

// Add adds what another load into the same case did.
func (s *Summary) Add(o *Summary) {
	s.Files += o.Files
	s.FilesSkipped += o.FilesSkipped
	s.Bytes += o.Bytes
	s.DecompressedBytes += o.DecompressedBytes
	s.Records += o.Records
	s.Rows += o.Rows
	s.Duplicates += o.Duplicates
	s.Rejects += o.Rejects
	s.Seconds += o.Seconds
	for name, n := range o.Sources {
		if s.Sources[name] == nil {
			s.Sources[name] = &Count{}
		}
		c := s.Sources[name]
		*c = Count{c.Files + n.Files, c.Records + n.Records, c.Rows + n.Rows, c.Duplicates + n.Duplicates, c.Rejects + n.Rejects}
	}
	for why, n := range o.Skipped {
		s.Skipped[why] += n
	}
	s.Aside = append(s.Aside, o.Aside...)
}

// Reason is why a file was not read.
type Reason string

const (
	Known      Reason = "already loaded"
	OutOfRange Reason = "outside the wanted days"
	Unknown    Reason = "of no known source"
	Unreadable Reason = "not readable"
	Same       Reason = "the same bytes as another file"
)

// Aside is a place in the evidence that the analyst should know of.
type Aside struct {
	Path   string
	Line   int64 // 0: the file as a whole
	Offset int64
	Reason string
	Count  int64 // further such places in the file
	Note   bool  // nothing was lost
}

// loader is one run of Load.
type loader struct {
	opts  Options
	c     *store.Case
	conn  session
	plans *plans
	sum   *Summary
	seen  map[string]*seen
	books *ledger
	// twins are the ledger's entries of files with the bytes of one that is to
	// be loaded, by its file_id: they are written when that one is, lest a
	// load that is cut off leaves them pointing at nothing.
	twins map[int64][]*entry
}

// Load loads files into c. When ctx ends, batches committed before stand and
// context.Cause(ctx) is returned with the summary so far.
func Load(ctx context.Context, c *store.Case, files []find.File, opts Options) (*Summary, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Progress == nil {
		opts.Progress = new(Progress)
	}
	if opts.Threads == 0 {
		opts.Threads = 2
	}
	if opts.Sample == 0 {
		opts.Sample = sampleFiles
	}
	if opts.Recall == nil {
		opts.Recall = new(Recall)
	}
	start := opts.Now()
	sum := &Summary{Sources: map[string]*Count{}, Skipped: map[Reason]int64{}}
	l := &loader{opts: opts, c: c, sum: sum, twins: map[int64][]*entry{}}
	err := l.run(ctx, files)
	if err != nil {
		// What was noted of a batch that was not committed is not so.
		opts.Recall.Forget()
	}
	sum.Seconds = opts.Now().Sub(start).Seconds()
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return sum, diskError(err)
}

func (l *loader) run(ctx context.Context, files []find.File) error {
	conn, err := l.c.DB().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	l.conn = session{conn}
	restore, err := l.settings(ctx)
	if err != nil {
		return err
	}
	defer restore()
	if err := l.opts.Recall.begin(ctx, l); err != nil {
		return err
	}
	if l.books.origin = l.opts.Origin; l.books.origin == nil {
		if l.books.origin, err = origins(ctx, files, l.opts.Recall.manifests); err != nil {
			return err
		}
	}
	work, err := l.choose(ctx, files)
	if err != nil {
		return err
	}
	if err := l.widen(ctx, work); err != nil {
		return err
	}
	for _, b := range batches(work) {
		if err := l.load(ctx, b); err != nil {
			return err
		}
	}
	l.books.keep()
	return nil
}

// memoryPerThread is what a load needs of DuckDB's buffers: the row groups a
// thread is filling, and a few blocks that wait to be written. More would only
// keep what is written already.
const memoryPerThread = 256 << 20

// settings sets DuckDB up for a load; restore puts back what was.
func (l *loader) settings(ctx context.Context) (restore func(), err error) {
	if l.opts.Memory == "" {
		l.opts.Memory = fmt.Sprintf("%dMiB", memoryPerThread>>20*max(2, l.opts.Threads))
	}
	var undo []string
	for _, set := range [][2]string{
		// Order does not matter in a table, and keeping it costs threads.
		{"preserve_insertion_order", "false"},
		// A thread that keeps five finished row groups before it writes them,
		// as DuckDB does unasked, costs 200 MB and no less time.
		{"write_buffer_row_group_count", "1"},
		{"memory_limit", l.opts.Memory},
	} {
		was := ""
		if err := l.conn.QueryRowContext(ctx, `SELECT CAST(current_setting(?) AS VARCHAR)`, set[0]).Scan(&was); err != nil {
			return nil, err
		}
		if _, err := l.conn.ExecContext(ctx, setting(set[0], set[1])); err != nil {
			return nil, err
		}
		undo = append(undo, setting(set[0], was))
	}
	return func() {
		for _, text := range undo {
			// A setting that stays costs speed, not truth.
			_, _ = l.conn.ExecContext(context.WithoutCancel(ctx), text)
		}
	}, nil
}

func setting(name, value string) string {
	return fmt.Sprintf("SET %s = '%s'", name, strings.ReplaceAll(value, "'", "''"))
}

// widen gives the columns storage that the files' headers name, or that are filled
// where some files begin, and makes the plans by what is stored then.
func (l *loader) widen(ctx context.Context, work []*job) error {
	named, parquet := map[string]map[string]bool{}, map[string]map[string]bool{}
	for _, j := range work {
		for _, f := range j.Fields {
			want(named, j.Source.Name, awsName(f))
			if j.Kind == unpack.Parquet {
				want(parquet, j.Source.Name, awsName(f))
			}
		}
	}
	wanted := map[string]map[string]bool{}
	for _, s := range l.opts.Sources {
		for _, c := range s.Columns {
			if c.Rare && named[s.Name][awsName(c.From)] || c.Late && parquet[s.Name][awsName(c.From)] {
				want(wanted, s.Name, c.Name)
			}
		}
	}
	if err := l.store(ctx, nil); err != nil {
		return err
	}
	if err := l.sample(ctx, work, wanted); err != nil || len(wanted) == 0 {
		return err
	}
	return l.transact(ctx, func() error { return l.store(ctx, wanted) })
}

// job is a file to be loaded.
type job struct {
	find.File
	fileID int64
	place  uint32
	sum    string // where it was needed beforehand
	// again is the ledger's account of an earlier load of the file in other
	// times; nil where this is the first.
	again *entry
}

// transact runs f between BEGIN and COMMIT.
func (l *loader) transact(ctx context.Context, f func() error) error {
	if _, err := l.conn.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	err := f()
	if err == nil {
		_, err = l.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		// What is left open would block the next statement on the connection.
		_, _ = l.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	}
	return err
}

// rejectRoom bounds the memory of a batch's rejects, in bytes: evidence that is
// nothing but damage must not take more than evidence that is whole.
const rejectRoom = 128 << 20

// load loads one batch and commits it with its ledger.
func (l *loader) load(ctx context.Context, jobs []*job) error {
	if jobs[0].Kind == unpack.Parquet && plainParquet(jobs[0].Source) {
		return l.loadParquet(ctx, jobs[0])
	}
	source := jobs[0].Source.Name
	tasks := make([]*task, len(jobs))
	room := new(atomic.Int64)
	room.Store(rejectRoom)
	for i, j := range jobs {
		tasks[i] = newTask(&j.File, j.place, j.fileID)
		tasks[i].tally.Room = room
	}
	return l.transact(ctx, func() error {
		if err := l.insert(ctx, source, tasks, jobs); err != nil {
			return err
		}
		// Records of other sources in these files, in the same transaction.
		more := map[string][]int{}
		for i, t := range tasks {
			for name := range t.tally.Foreign {
				more[name] = append(more[name], i)
			}
		}
		counts := make([]map[string]*Count, len(tasks))
		for i, t := range tasks {
			counts[i] = map[string]*Count{source: countOf(&t.tally)}
		}
		for name, which := range more {
			sub := make([]*task, len(which))
			subJobs := make([]*job, len(which))
			for k, i := range which {
				sub[k], subJobs[k] = newTask(&jobs[i].File, jobs[i].place, jobs[i].fileID), jobs[i]
				sub[k].again, sub[k].tally.Room = true, room
			}
			if err := l.insert(ctx, name, sub, subJobs); err != nil {
				return err
			}
			for k, i := range which {
				t := sub[k].tally
				read := t.Rows + t.Duplicates + t.Outside
				switch {
				case sub[k].frame != "":
					read = sub[k].taken
				case sub[k].parquet:
					// What cannot be read was counted the first time.
					t.Records -= t.Rejected
					t.Rejected, t.Rejects = 0, nil
				default:
					read += t.Rejected
				}
				// The file may have gone or changed between the two readings.
				if want := tasks[i].tally.Foreign[name]; jobs[i].again == nil && read < want {
					tasks[i].tally.Reject(decode.Reject{Reason: fmt.Sprintf(
						"of %d records of %s in this file only %d could be read again", want, name, read)})
					counts[i][source].Records++
					counts[i][source].Rejects++
				}
				counts[i][name] = countOf(&t)
				add(&tasks[i].tally, &t)
			}
		}
		return l.settle(ctx, jobs, tasks, counts)
	})
}

func countOf(t *decode.Tally) *Count {
	return &Count{Files: 1, Records: t.Records, Rows: t.Rows, Duplicates: t.Duplicates, Rejects: t.Rejected}
}

// add counts what another pass over the same file found.
func add(t, more *decode.Tally) {
	t.Records += more.Records
	t.Rows += more.Rows
	t.Duplicates += more.Duplicates
	t.Outside += more.Outside
	t.Repaired += more.Repaired
	t.Rejected += more.Rejected
	t.Rejects = append(t.Rejects, more.Rejects...)
	if t.Note == "" {
		t.Note = more.Note
	}
	if more.First != 0 || more.Last != 0 {
		t.Observe(more.First)
		t.Observe(more.Last)
	}
}

// insert runs the tasks' files into the table of a source.
func (l *loader) insert(ctx context.Context, source string, tasks []*task, jobs []*job) error {
	sift, err := l.sift(ctx, l.plans.by[source], tasks, jobs)
	if err != nil {
		return err
	}
	for pass := 0; ; pass++ {
		pull, err := l.pull(ctx, source, tasks, sift)
		if err != nil || len(pull.redo) == 0 {
			return err
		}
		// A file may have further values further on; that is not to go on for ever.
		if err := l.again(ctx, pull, pass == 2); err != nil {
			return err
		}
		tasks = pull.redo
	}
}

// pull runs the tasks' files into the table of a source, but for those that have
// values in late columns.
func (l *loader) pull(ctx context.Context, source string, tasks []*task, sift *sift) (*puller, error) {
	p := l.plans.by[source]
	pull := &puller{ctx: ctx, db: l.c.DB(), plan: p, plans: l.plans, tasks: tasks, threads: l.opts.Threads, keep: sift.keep, progress: l.opts.Progress, limits: l.opts.Limits}
	defer pull.release()
	name := fmt.Sprintf("quarry_load_%d", l.c.Serial())
	err := duckdb.RegisterTableUDF(l.conn.Conn, name, duckdb.ParallelChunkTableFunction{
		BindArguments: func(map[string]any, ...any) (duckdb.ParallelChunkTableSource, error) { return pull, nil },
	})
	if err != nil {
		return nil, err
	}
	// By name: a column that got its storage late stands last in the table.
	var cols []string
	for _, c := range p.table.AllColumns() {
		cols = append(cols, schema.Quote(c.Name))
	}
	list := strings.Join(cols, ", ")
	if _, err := l.conn.ExecContext(ctx, fmt.Sprintf(`INSERT INTO %s (%s) SELECT %s FROM %s()`, p.source.StorageTable(), list, list, name)); err != nil {
		return nil, err
	}
	return pull, sift.dropLosers(ctx, l.conn)
}

// settle writes the ledger of a batch and adds it to the summary.
func (l *loader) settle(ctx context.Context, jobs []*job, tasks []*task, counts []map[string]*Count) error {
	var entries []*entry
	var rejects []reject
	for i, j := range jobs {
		t := tasks[i]
		e := l.books.account(j, t, l.opts)
		entries = append(append(entries, e), l.twins[j.fileID]...)
		if c := counts[i][j.Source.Name]; j.again != nil {
			c.Records, c.Rejects = c.Records-c.Rejects, 0 // as account does
		}
		for _, r := range t.tally.Rejects {
			rejects = append(rejects, reject{j.fileID, j.Path, j.Source.Name, r})
		}
	}
	if err := l.books.write(ctx, l.conn, entries, rejects); err != nil {
		return err
	}
	for i, j := range jobs {
		t := &tasks[i].tally
		l.sum.Files++
		l.sum.Bytes += tasks[i].read
		l.sum.DecompressedBytes += t.Bytes
		l.sum.Records += t.Records
		l.sum.Rows += t.Rows
		l.sum.Duplicates += t.Duplicates
		l.sum.Rejects += t.Rejected
		for name, c := range counts[i] {
			x := l.sum.Sources[name]
			if x == nil {
				x = new(Count)
				l.sum.Sources[name] = x
			}
			x.Files += c.Files
			x.Records += c.Records
			x.Rows += c.Rows
			x.Duplicates += c.Duplicates
			x.Rejects += c.Rejects
		}
		l.aside(j, t)
	}
	return nil
}

// aside tells the analyst what of a file was lost or changed: the first place
// and how many more.
func (l *loader) aside(j *job, t *decode.Tally) {
	if t.Rejected > 0 {
		a := Aside{Path: j.Path, Count: t.Rejected - 1}
		if len(t.Rejects) > 0 {
			a.Line, a.Offset, a.Reason = t.Rejects[0].Line, t.Rejects[0].Offset, t.Rejects[0].Reason
		}
		l.sum.Aside = append(l.sum.Aside, a)
	}
	if t.Note != "" {
		l.sum.Aside = append(l.sum.Aside, Aside{Path: j.Path, Reason: t.Note, Count: t.Repaired - 1, Note: true})
	}
	if j.Note != "" {
		l.sum.Aside = append(l.sum.Aside, Aside{Path: j.Path, Reason: j.Note, Note: true})
	}
}

// diskError puts plainly what DuckDB says when it cannot write.
func diskError(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if strings.Contains(text, "No space left") || strings.Contains(text, "disk full") || strings.Contains(text, "Disk full") {
		return fmt.Errorf("the disk is full: what was committed before stands, the rest was not loaded: %w", err)
	}
	return err
}
