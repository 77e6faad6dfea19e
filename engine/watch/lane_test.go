package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// fake is a target whose answers a test gives.
type fake struct {
	most   int
	answer func(f Finding, at time.Time) error
	got    []int64 // numbers that were delivered, in order
	calls  atomic.Int64
}

func (f *fake) Name() string { return "fake" }
func (f *fake) Most() int    { return f.most }

func (f *fake) Send(_ context.Context, list []Finding) []error {
	f.calls.Add(1)
	errs := make([]error, len(list))
	for i, x := range list {
		if errs[i] = f.answer(x, time.Now()); errs[i] == nil {
			f.got = append(f.got, x.No)
		}
	}
	return errs
}

func findings(from, n int64) []Finding {
	var out []Finding
	for no := from; no < from+n; no++ {
		out = append(out, Finding{No: no, ID: fmt.Sprint(no), Found: time.Now(), Body: []byte("{}")})
	}
	return out
}

// running runs a lane in a bubble of made-up time.
func running(t *testing.T, target *fake, giveUp time.Duration, f func(l *lane)) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := newLane(target, &Options{GiveUp: giveUp, Now: time.Now}, make(chan struct{}, 1))
		l.jitter = func() float64 { return 0 }
		done := make(chan error)
		go func() { done <- l.run(ctx) }()
		f(l)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestLaneDown: a target that is down for a minute loses nothing, gets each
// finding once, and is not called more often than the back-off says.
func TestLaneDown(t *testing.T) {
	var up time.Time
	target := &fake{most: 10, answer: func(_ Finding, at time.Time) error {
		if at.Before(up) {
			return errors.New("connection refused")
		}
		return nil
	}}
	running(t, target, time.Hour, func(l *lane) {
		up = time.Now().Add(time.Minute)
		for i := range int64(60) {
			l.add(findings(1+i*10, 10))
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if s := l.state(); s.Sent != 0 || s.Waiting != 600 || s.Error != "connection refused" || s.Tries == 0 || s.Next == nil {
			t.Errorf("down: %+v", s)
		}
		if n := target.calls.Load(); n > 8 {
			t.Errorf("%d calls in the minute that it was down", n)
		}
		time.Sleep(2 * lastPause)
		synctest.Wait()
		if s := l.state(); s.Sent != 600 || s.Waiting != 0 || s.Dead != 0 || s.Error != "" || !l.idle() {
			t.Errorf("up: %+v", s)
		}
	})
	slices.Sort(target.got)
	if n := len(target.got); n != 600 || len(slices.Compact(target.got)) != 600 {
		t.Errorf("%d findings delivered, not each of 600 once", n)
	}
}

// TestLanePoison: one finding that always fails does not keep others, and ends as
// a dead letter; one that is refused is not tried again.
func TestLanePoison(t *testing.T) {
	tries := map[int64]int{}
	target := &fake{most: 1, answer: func(f Finding, _ time.Time) error {
		tries[f.No]++
		switch f.No {
		case 1:
			return errors.New("500")
		case 5:
			return &Refusal{errors.New("too large")}
		}
		return nil
	}}
	running(t, target, 10*time.Minute, func(l *lane) {
		l.add(findings(1, 20))
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if s := l.state(); s.Sent != 18 || s.Waiting != 1 || s.Dead != 1 {
			t.Errorf("after 5 s: %+v", s)
		}
		time.Sleep(15 * time.Minute)
		synctest.Wait()
		if s := l.state(); s.Sent != 18 || s.Waiting != 0 || s.Dead != 2 {
			t.Errorf("after a quarter of an hour: %+v", s)
		}
		if len(l.graves) != 2 || l.graves[0].No != 5 || l.graves[0].tries != 1 || l.graves[1].No != 1 || l.graves[1].err != "500" {
			t.Errorf("dead: %+v", l.graves)
		}
	})
	if tries[5] != 1 || tries[1] < 10 || tries[1] > 20 {
		t.Errorf("tries %v", tries)
	}
}

// TestLaneAge: a finding is tried three times however old it is.
func TestLaneAge(t *testing.T) {
	target := &fake{most: 1, answer: func(Finding, time.Time) error { return errors.New("no") }}
	running(t, target, time.Nanosecond, func(l *lane) {
		l.add(findings(1, 1))
		time.Sleep(time.Minute)
		synctest.Wait()
		if s := l.state(); s.Dead != 1 || target.calls.Load() != leastTries {
			t.Errorf("%+v after %d calls", s, target.calls.Load())
		}
	})
}

// TestLaneFull: what a lane does not hold waits in the case, and comes in order.
func TestLaneFull(t *testing.T) {
	up := false
	target := &fake{most: 1000, answer: func(Finding, time.Time) error {
		if up {
			return nil
		}
		return errors.New("down")
	}}
	running(t, target, time.Hour, func(l *lane) {
		l.add(findings(1, mostHeld+500))
		synctest.Wait()
		if _, ok := l.wants(); ok || l.idle() {
			t.Error("a lane that is full wants more, or is idle")
		}
		up = true
		l.add(findings(mostHeld+501, 10)) // behind those it has not got
		time.Sleep(2 * lastPause)
		synctest.Wait()
		after, ok := l.wants()
		if !ok || after != mostHeld || l.idle() {
			t.Fatalf("wants after %d, %v", after, ok)
		}
		l.refill(findings(after+1, 510), true)
		synctest.Wait()
		if _, ok := l.wants(); ok || !l.idle() {
			t.Error("not idle after all was delivered")
		}
	})
	if len(target.got) != mostHeld+510 || !slices.IsSorted(target.got) {
		t.Errorf("%d delivered, in order: %v", len(target.got), slices.IsSorted(target.got))
	}
}

// TestLaneEnd: the end cuts off what is being sent, which has not failed.
func TestLaneEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		l := newLane(blocked{}, &Options{GiveUp: time.Hour, Now: time.Now}, make(chan struct{}, 1))
		l.add(findings(1, 1))
		done := make(chan error)
		go func() { done <- l.run(ctx) }()
		synctest.Wait()
		cancel()
		<-done
		if s := l.state(); s.Waiting != 1 || s.Tries != 0 || s.Error != "" {
			t.Errorf("%+v", s)
		}
	})
}

// blocked is a target that answers when the call is ended.
type blocked struct{}

func (blocked) Name() string { return "blocked" }
func (blocked) Most() int    { return 1 }
func (blocked) Send(ctx context.Context, list []Finding) []error {
	<-ctx.Done()
	return all(list, ctx.Err())
}

func TestPause(t *testing.T) {
	for fails, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second, 7: time.Minute, 1000: time.Minute} {
		if got := pause(fails, 0); got != want {
			t.Errorf("after %d failures %v, want %v", fails, got, want)
		}
		if got := pause(fails, 1); got != want/2 {
			t.Errorf("after %d failures with jitter %v, want %v", fails, got, want/2)
		}
	}
}
