package watch

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"logquarry/engine/load"
	"logquarry/engine/store"
)

// Bounds of a round.
const (
	mostFiles = 5000
	mostBytes = 256 << 20
	// gathering is how long the first arrival waits for others that come with it.
	gathering = 100 * time.Millisecond
	// noting is how long what targets took waits to be written.
	noting = 250 * time.Millisecond
	// patience is how long rules over the whole case wait while arrivals keep coming.
	patience = 3 * time.Second
	// slice is how long rules over the whole case run before arrivals are looked at.
	slice = time.Second
	// partsKept is for how many rounds messages are remembered. Rounds are at
	// least Every apart, so that is an hour or more of work.
	partsKept = 3_600
)

// taken is an arrival with where it came from; nil where no source of that name
// is watched any more.
type taken struct {
	Arrival
	from Arrivals
}

type watch struct {
	o       Options
	rules   *rules
	side    *side
	known   *memory
	recall  load.Recall
	left    []taken // of a round that was cut off
	roundNo int64
	lastNo  int64
	lanes   []*lane
	wake    chan struct{}    // a lane has something to be noted
	due     map[string]bool  // jobs, by key
	allDue  bool             // every job there is
	turns   map[string]int64 // when each ran last
	turn    int64
	sum     Summary
	// mark is the case as it was left: where it is otherwise, somebody else wrote.
	mark string
}

// Run watches until ctx ends or, with Once, nothing is left. What is in hand when
// ctx ends is finished: the round, and what targets take within Drain. It returns
// [ErrUndelivered] where something is left for the next time.
func Run(ctx context.Context, o Options) (sum *Summary, err error) {
	o.defaults()
	start := o.Now()
	w := &watch{o: o, wake: make(chan struct{}, 1), due: map[string]bool{}, turns: map[string]int64{}}
	defer func() {
		w.sum.Seconds = o.Now().Sub(start).Seconds()
		w.sum.Targets = w.states()
		sum = &w.sum
	}()
	if w.rules, err = newRules(&w.o, func(text, hint string) { w.report(Event{What: "problem", Text: text, Hint: hint}) }); err != nil {
		return nil, err
	}
	for _, t := range o.Targets {
		w.lanes = append(w.lanes, newLane(t, &w.o, w.wake))
	}
	free, err := alone(o.Case)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, free()) }()
	// What is begun is ended: only gathering stops with ctx.
	work := context.WithoutCancel(ctx)
	if err := w.begin(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.side.remove()) }()
	sending, stop := context.WithCancel(work)
	defer stop()
	senders, _ := errgroup.WithContext(sending)
	for _, l := range w.lanes {
		senders.Go(func() error { return l.run(sending) })
	}
	w.report(Event{What: "start", Lanes: w.states()})
	err = w.loop(ctx, work)
	if derr := w.drain(work, err == nil && o.Once && ctx.Err() == nil); err == nil {
		err = derr
	}
	stop()
	err = errors.Join(err, senders.Wait())
	if nerr := w.note(work, nil); err == nil {
		err = nerr
	}
	w.sum.Failed = int64(len(w.rules.failing))
	if err == nil {
		for _, l := range w.lanes {
			if !l.idle() {
				err = ErrUndelivered
			}
		}
	}
	w.report(Event{What: "end", Lanes: w.states()})
	return nil, err
}

func (w *watch) report(e Event) {
	e.At = w.o.Now().UTC()
	w.o.Report(e)
}

func (w *watch) states() []TargetState {
	out := []TargetState{}
	for _, l := range w.lanes {
		out = append(out, l.state())
	}
	return out
}

// open opens the case, and waits as long as another process has it.
func (w *watch) open(ctx context.Context, o store.Options) (*store.Case, error) {
	o.Sources = w.o.Sources
	c, err := w.o.Open(ctx, w.o.Case, o)
	said := false
	for start := w.o.Now(); errors.Is(err, store.ErrBusy); c, err = w.o.Open(ctx, w.o.Case, o) {
		if !said && w.o.Now().Sub(start) > 2*time.Second {
			said = true
			w.report(Event{What: "waiting", Text: err.Error(), Hint: "what arrives waits until it is free: close the other quarry or DuckDB"})
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return c, err
}

// with runs f on the case and closes it.
func (w *watch) with(ctx context.Context, o store.Options, f func(c *store.Case) error) error {
	c, err := w.open(ctx, o)
	if err != nil {
		return err
	}
	mark, err := marked(ctx, c)
	if err == nil {
		if mark != w.mark {
			w.recall.Forget()
		}
		err = f(c)
	}
	if err == nil {
		w.mark, err = marked(ctx, c)
	}
	return errors.Join(err, c.Close())
}

// marked is what tells whether somebody else wrote into the case.
func marked(ctx context.Context, c *store.Case) (mark string, err error) {
	err = c.DB().QueryRowContext(ctx, `SELECT concat_ws(' ', (SELECT count(*) FROM evidence), (SELECT coalesce(sum(records), 0) FROM evidence),
		(SELECT hash FROM actions ORDER BY action_no DESC LIMIT 1))`).Scan(&mark)
	return mark, err
}

// begin makes the case and the side case ready, and finds what the case gives
// already. It is broken off with ctx.
func (w *watch) begin(ctx context.Context) (err error) {
	if err := w.with(ctx, store.Options{Create: true}, func(c *store.Case) error { return w.load(ctx, c) }); err != nil {
		return err
	}
	if w.side, err = newSide(ctx, &w.o); err != nil {
		return fmt.Errorf("make the side case: %w", err)
	}
	// Confined, for hunts may come from anybody.
	return w.with(ctx, store.Options{Confined: true}, func(c *store.Case) error { return w.baseline(ctx, c) })
}

// baseline notes what rules over the whole case find before anything arrives, of
// those that are watched for the first time, or in another way. Those that had
// not seen the last round when the process ended are due.
func (w *watch) baseline(ctx context.Context, c *store.Case) error {
	jobs, err := w.rules.jobs(ctx, c)
	if err != nil {
		return err
	}
	var foreign string
	err = c.DB().QueryRowContext(ctx, `SELECT value FROM watch_state WHERE key = 'mark'`).Scan(&foreign)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	// Rows that others loaded since are no new rows, unless a round was cut off,
	// whose findings must not be lost with theirs.
	others := foreign != w.mark && len(w.left) == 0
	for i := range jobs {
		j := &jobs[i]
		var print string
		var round int64
		err := c.DB().QueryRowContext(ctx, `SELECT fingerprint, round_no FROM watch_rules WHERE rule_key = ?`, j.key).Scan(&print, &round)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if print == j.print && round < w.roundNo {
			w.due[j.key] = true
			continue
		}
		if print == j.print && !others {
			continue
		}
		if err := w.runJob(ctx, c, j, false); err != nil {
			return err
		}
	}
	return nil
}

// runJob runs a rule over the whole case and notes that it was; told says that
// its findings are sent.
func (w *watch) runJob(ctx context.Context, c *store.Case, j *job, told bool) error {
	at := w.o.Now()
	list, err := w.rules.overCase(ctx, c, j, at, told)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		list = nil // it was told, and is run again with the next rows
	}
	var fresh []Finding
	err = transact(ctx, c, func(tx *sql.Tx) error {
		var err error
		if fresh, err = w.keep(ctx, tx, list, w.roundNo, at); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO watch_rules VALUES (?, ?, ?)`, j.key, j.print, w.roundNo)
		return err
	})
	if err != nil {
		return fmt.Errorf("note the findings of %s: %w", j.hunt.ID, err)
	}
	delete(w.due, j.key)
	w.deliver(fresh)
	return nil
}

// deliver gives the lanes findings that are in the outbox.
func (w *watch) deliver(list []Finding) {
	if len(list) == 0 {
		return
	}
	w.lastNo = list[len(list)-1].No
	w.sum.Findings += int64(len(list))
	for _, l := range w.lanes {
		l.add(list)
	}
}

// loop gathers arrivals and runs rounds until there is nothing more to gather.
func (w *watch) loop(ctx, work context.Context) error {
	gatherer, stop := context.WithCancel(ctx)
	defer stop()
	arrivals := make(chan taken, 1000)
	sources, sctx := errgroup.WithContext(gatherer)
	for _, from := range w.o.Arrivals {
		sources.Go(func() error {
			err := from.Run(sctx, w.o.Once, w.known, func(ctx context.Context, a Arrival) error {
				select {
				case arrivals <- taken{a, from}:
					return nil
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			})
			if err != nil && sctx.Err() == nil {
				return fmt.Errorf("watch %s: %w", from.Name(), err)
			}
			return nil
		})
	}
	var ended errgroup.Group
	ended.Go(func() error { defer close(arrivals); return sources.Wait() })
	err := w.rounds(ctx, work, arrivals)
	stop()
	for range arrivals { // what was not taken comes again
	}
	return errors.Join(err, ended.Wait())
}

func (w *watch) rounds(ctx, work context.Context, arrivals <-chan taken) error {
	batch, bytes := w.left, int64(0)
	w.left = nil
	last := time.Time{} // when the last round began; real time
	hunted := time.Now()
	var deadline, noted <-chan time.Time
	if batch != nil {
		deadline = time.After(0)
	}
	for {
		full := len(batch) >= mostFiles || bytes >= mostBytes
		in := arrivals
		if full {
			in = nil
		}
		// Rules over the whole case run as long as nothing else is to be done, and
		// now and then after a round.
		var idle chan struct{}
		if w.owes() && len(batch) == 0 && len(arrivals) == 0 {
			idle = make(chan struct{})
			close(idle)
		}
		select {
		case a, ok := <-in:
			if !ok {
				if len(batch) > 0 {
					if err := w.round(work, batch); err != nil {
						return err
					}
				}
				for w.owes() && ctx.Err() == nil {
					if err := w.overdue(work); err != nil {
						return err
					}
				}
				return nil
			}
			batch, bytes = append(batch, a), bytes+a.Size
			if deadline == nil {
				deadline = time.After(max(gathering, w.o.Every-time.Since(last)))
			}
		case <-deadline:
			last = time.Now()
			if err := w.round(work, batch); err != nil {
				return err
			}
			batch, bytes, deadline, noted = nil, 0, nil, nil
			if w.owes() && time.Since(hunted) > patience {
				if err := w.overdue(work); err != nil {
					return err
				}
				hunted = time.Now()
			}
		case <-idle:
			if err := w.overdue(work); err != nil {
				return err
			}
			hunted = time.Now()
		case <-w.wake:
			if noted == nil {
				noted = time.After(noting)
			}
		case <-noted:
			noted = nil
			if err := w.note(work, nil); err != nil {
				return err
			}
		}
	}
}

// owes reports whether rules over the whole case have not seen all rows.
func (w *watch) owes() bool { return w.allDue || len(w.due) > 0 }

// overdue runs rules over the whole case for a while.
func (w *watch) overdue(ctx context.Context) error {
	start := time.Now()
	before := w.sum.Findings
	err := w.with(ctx, store.Options{Confined: true}, func(c *store.Case) error {
		// What a correlation asks follows from what the case has now.
		jobs, err := w.rules.jobs(ctx, c)
		if err != nil {
			return err
		}
		if w.allDue {
			w.allDue = false
			for _, j := range jobs {
				w.due[j.key] = true
			}
		}
		// The one that ran longest ago comes first: all get their turn, though new
		// rows make all due again.
		slices.SortStableFunc(jobs, func(a, b job) int { return cmp.Compare(w.turns[a.key], w.turns[b.key]) })
		here := map[string]bool{}
		for i := range jobs {
			key := jobs[i].key
			here[key] = true
			if w.due[key] && time.Since(start) < slice {
				if err := w.runJob(ctx, c, &jobs[i], true); err != nil {
					return err
				}
				w.turn++
				w.turns[key] = w.turn
			}
		}
		for key := range w.due {
			if !here[key] {
				delete(w.due, key) // it cannot be asked of this case
			}
		}
		return w.noteIn(ctx, c, nil)
	})
	if err == nil && w.sum.Findings > before {
		w.report(Event{What: "hunts", Findings: w.sum.Findings - before, Seconds: time.Since(start).Seconds()})
	}
	return err
}

// note writes how far targets are, and what more says, in one transaction.
func (w *watch) note(ctx context.Context, more func(tx *sql.Tx) error) error {
	dirty := more != nil
	for _, l := range w.lanes {
		l.mu.Lock()
		dirty = dirty || l.dirty
		l.mu.Unlock()
		_, behind := l.wants()
		dirty = dirty || behind
	}
	if !dirty {
		return nil
	}
	return w.with(ctx, store.Options{Confined: true}, func(c *store.Case) error { return w.noteIn(ctx, c, more) })
}

// noteIn is note in a case that is open. Lanes that are behind get what comes next.
func (w *watch) noteIn(ctx context.Context, c *store.Case, more func(tx *sql.Tx) error) error {
	done := func(bool) {}
	err := transact(ctx, c, func(tx *sql.Tx) error {
		if more != nil {
			if err := more(tx); err != nil {
				return err
			}
		}
		var err error
		if done, err = w.noteLanes(ctx, tx); err != nil {
			return err
		}
		return nil
	})
	done(err == nil)
	if err != nil {
		return fmt.Errorf("write the state of the watch: %w", err)
	}
	for _, l := range w.lanes {
		if err := w.refill(ctx, c, l); err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
	}
	return nil
}

// drain waits for the targets to take what there is, for Drain at most. Once says
// that nothing else ends it: then targets that fail are waited for too.
func (w *watch) drain(ctx context.Context, once bool) error {
	end := time.After(w.o.Drain)
	for {
		busy := false
		for _, l := range w.lanes {
			s := l.state()
			busy = busy || !l.idle() && (once || s.Tries == 0)
		}
		if !busy {
			return nil
		}
		select {
		case <-end:
			return nil
		case <-w.wake:
			if err := w.note(ctx, nil); err != nil {
				return err
			}
		}
	}
}
