package watch

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// Bounds of a lane.
const (
	firstPause = time.Second
	lastPause  = time.Minute
	// leastTries is how often a finding is tried before its age alone ends it.
	leastTries = 3
	// mostTried is how many findings may have failed and wait for their next try:
	// while that many do, no others are tried. It bounds what a target that is
	// down costs, here and in the case.
	mostTried = 100
	// mostHeld is how many findings a lane holds in memory; the others wait in the case.
	mostHeld = 10_000
	// sendTime bounds one call of Send.
	sendTime = 30 * time.Second
)

// item is a finding that its target has not taken yet.
type item struct {
	Finding
	tries int
	next  time.Time
	err   string
}

// dead is a finding that was given up.
type dead struct {
	item
	at time.Time
}

// lane is the way to one target. One goroutine runs it; the rest goes through mu.
type lane struct {
	target Target
	giveUp time.Duration
	now    func() time.Time
	jitter func() float64 // 0 … 1
	wake   chan struct{}  // told when something was settled; one place
	more   chan struct{}  // told when there is more to do; one place

	mu      sync.Mutex
	items   []*item // in the order of their numbers
	through int64   // the last number that was put into items, or settled
	behind  bool    // the case holds findings after through
	// early are findings with higher numbers than through had when the lane was
	// made: they had been tried before the process ended.
	early  map[int64]bool
	fails  int // calls that failed, one after the other
	until  time.Time
	sent   int64
	died   int64
	graves []dead // not yet in the case
	err    string
	dirty  bool
}

func newLane(t Target, o *Options, wake chan struct{}) *lane {
	return &lane{target: t, giveUp: o.GiveUp, now: o.Now, jitter: rand.Float64, wake: wake, more: make(chan struct{}, 1), early: map[int64]bool{}}
}

func tell(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// add gives the lane findings, in order and after all it was given before.
func (l *lane) add(list []Finding) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range list {
		if f.No <= l.through {
			continue
		}
		if l.behind || len(l.items) >= mostHeld {
			l.behind = true
			break
		}
		if !l.early[f.No] {
			l.items = append(l.items, &item{Finding: f})
		}
		l.through = f.No
	}
	tell(l.more)
}

// wants is after which number the lane is to be given findings out of the case.
func (l *lane) wants() (after int64, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.through, l.behind && len(l.items) < mostHeld/2
}

// refill is add for findings out of the case; whole says that there are no more.
func (l *lane) refill(list []Finding, whole bool) {
	l.mu.Lock()
	l.behind = false
	l.mu.Unlock()
	l.add(list)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.behind = l.behind || !whole
}

// pick chooses what to send now; where that is nothing, how long to wait: 0
// until there is more.
func (l *lane) pick() (list []*item, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	if len(l.items) == 0 {
		return nil, 0
	}
	if wait := l.until.Sub(now); wait > 0 {
		return nil, wait
	}
	tried := 0
	for _, i := range l.items {
		if i.tries > 0 {
			tried++
		}
	}
	var due []*item
	for _, i := range l.items {
		switch {
		case i.tries == 0 && tried >= mostTried:
		case i.next.After(now):
			if w := i.next.Sub(now); wait == 0 || w < wait {
				wait = w
			}
		default:
			due = append(due, i)
		}
	}
	// One that failed again and again does not keep those behind it.
	slices.SortStableFunc(due, func(a, b *item) int { return a.tries - b.tries })
	if len(due) > 0 {
		return due[:min(len(due), max(1, l.target.Most()))], 0
	}
	return nil, wait
}

// settle notes how a call went.
func (l *lane) settle(list []*item, errs []error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	gone := map[*item]bool{}
	good, bad := 0, 0
	for k, i := range list {
		err := errs[k]
		if err == nil {
			gone[i] = true
			l.sent++
			good++
			continue
		}
		bad++
		i.tries++
		i.err, l.err = err.Error(), err.Error()
		i.next = now.Add(pause(i.tries, l.jitter()))
		var no *Refusal
		refused := errors.As(err, &no)
		if refused {
			good++ // the target answers
		}
		if refused || i.tries >= leastTries && now.Sub(i.Found) >= l.giveUp {
			gone[i] = true
			l.died++
			l.graves = append(l.graves, dead{*i, now})
		}
	}
	l.items = slices.DeleteFunc(l.items, func(i *item) bool { return gone[i] })
	if good > 0 {
		l.fails, l.until = 0, time.Time{}
	} else {
		l.fails++
		l.until = now.Add(pause(l.fails, l.jitter()))
	}
	if bad == 0 {
		l.err = ""
	}
	l.dirty = true
	tell(l.wake)
}

// pause is how long to wait after so many failures: twice as long each time,
// with up to a half less so that many do not come back at once.
func pause(fails int, jitter float64) time.Duration {
	d := lastPause
	if shift := fails - 1; shift < 6 {
		d = min(lastPause, firstPause<<shift)
	}
	return d - time.Duration(jitter*float64(d)/2)
}

// run sends until ctx ends.
func (l *lane) run(ctx context.Context) error {
	for {
		list, wait := l.pick()
		if list == nil {
			var timer <-chan time.Time
			if wait > 0 {
				timer = time.After(wait)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-l.more:
			case <-timer:
			}
			continue
		}
		findings := make([]Finding, len(list))
		for k, i := range list {
			findings[k] = i.Finding
		}
		sctx, cancel := context.WithTimeout(ctx, sendTime)
		errs := l.target.Send(sctx, findings)
		cancel()
		if len(errs) != len(list) {
			panic("watch: internal error: " + l.target.Name() + " gave another number of results than it got findings")
		}
		if ctx.Err() != nil {
			// What was cut off by the end has not failed; what was delivered is.
			for k := range errs {
				if errs[k] != nil {
					list[k], errs[k] = nil, nil
				}
			}
			list = slices.DeleteFunc(list, func(i *item) bool { return i == nil })
			if len(list) > 0 {
				l.settle(list, make([]error, len(list)))
			}
			return nil
		}
		l.settle(list, errs)
	}
}

// state is how the lane stands, for people.
func (l *lane) state() TargetState {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := TargetState{Name: l.target.Name(), Sent: l.sent, Waiting: int64(len(l.items)), Dead: l.died, Tries: l.fails, Error: l.err}
	if l.fails > 0 {
		next := l.until.UTC()
		s.Next = &next
	}
	return s
}

// idle reports whether nothing waits.
func (l *lane) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.items) == 0 && !l.behind
}
