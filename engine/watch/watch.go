// Package watch follows logs as they arrive, runs rules on what is new, and
// tells each finding once.
//
// In: arrivals, which are local files that a source ([Arrivals]) says are there
// and whole. Out: findings at targets ([Target]). The walk of an event:
//
//	arrivals ─ gather ─ take ─ load ─ copy ─ rules on new rows ─┐
//	                     │      │      │                        ├ outbox ─ lanes ─ targets
//	               watch_arrivals  side case   rules over case ─┘   │
//	                     └ in the case ──────────────────── watch_findings
//
// A round takes what has been gathered. It notes the arrivals in the case as
// taken (commit), loads their files (load commits), and copies the new rows into
// a side case: a second file with the same tables and views, which holds the rows
// of this round and nothing else. Then it closes the case, so that others may
// ask it, runs the rules that judge one event at a time on the side case, opens
// the case again, and writes their findings and the end of the round in one
// transaction. A process that is killed leaves either arrivals that are taken,
// which the next one takes again (load knows the files that are loaded), or a
// round that is whole. So each finding is in the outbox once, whatever happens.
//
// Which rows a rule sees follows from what it asks:
//
//   - Sigma rules, EventBridge patterns, and hunts that are one SELECT over one
//     source without anything that puts rows together ([EventWise]): the new
//     rows alone. A finding's id is made of the rule and the event.
//   - All other hunts, and Sigma correlations, need what was before: they run
//     over the whole case, from Options.Since on. Of their findings those are
//     new that the same rule did not give before: only new rows can have made
//     them. What the case gave when the rule was first watched is noted and not
//     told. The id is made of the rule and the finding's time, source, principal,
//     src_ip and target, so that one whose counts grow stays the same finding.
//     They run after the first kind: as long as nothing waits, and for about a
//     second every few seconds where arrivals keep coming, those that have not
//     seen the newest rows in turn.
//
// Each target has a lane of its own with its own retries: see [Target].
//
// It leaves reading queues and buckets to whoever implements Arrivals, the
// network to whoever implements Target, and the command line to cmd.
package watch

import (
	"context"
	"errors"
	"time"

	"logquarry/engine/hunt"
	"logquarry/engine/pattern"
	"logquarry/engine/schema"
	"logquarry/engine/sigma"
	"logquarry/engine/store"
)

// Arrival is a file that has arrived and is whole.
type Arrival struct {
	// ID names what arrived: another arrival has the same one only where it is
	// the same file, which is not taken a second time.
	ID   string
	Path string // where it lies, as the ledger is to name it
	Size int64  // bytes
	At   time.Time
	// Parts are the ids of the messages that the file is made of, where it is:
	// they are remembered with the round, so that a message which comes again is
	// known. See [Known].
	Parts []string
	// Problem is why it cannot be loaded: it is noted and told, not retried.
	Problem string
}

// Known says what earlier rounds took. Any goroutine may call it.
type Known interface {
	// Arrival reports whether an arrival with that id was taken.
	Arrival(id string) bool
	// Part reports whether a message with that id was.
	Part(id string) bool
}

// Arrivals is a place to which logs come. Run is called once, in a goroutine of
// its own, and hands each arrival to out, which waits while rounds are behind. It
// returns when ctx ends, or with once as soon as everything that is there has been
// handed out; its error ends the watch. Done is called from another goroutine
// after the round of these arrivals is committed, findings and all: only then
// may a source give up what it would need to hand them out again. An error of
// Done is told and nothing else; what it was about will come again and be known.
type Arrivals interface {
	Name() string
	Run(ctx context.Context, once bool, known Known, out func(context.Context, Arrival) error) error
	Done(ctx context.Context, list []Arrival) error
}

// Finding is a finding on its way to a target.
type Finding struct {
	No    int64 // place in the outbox; there may be gaps
	ID    string
	Found time.Time
	Body  []byte // JSON object on one line, without a line end
}

// Target is where findings go. Send is called by one goroutine at a time, with
// at least one finding and at most Most, oldest first. It returns an error for
// each, nil where it was delivered. Those that failed come again, after a time
// that doubles with each try; those whose error is a [Refusal] do not. A finding
// may come again although it was delivered, where the process ended before that
// was noted: receivers tell by its ID.
type Target interface {
	// Name is the target for people and for the case: the same in every run,
	// and without anything secret.
	Name() string
	Most() int
	Send(ctx context.Context, list []Finding) []error
}

// Refusal is the error of a finding that its target will never take.
type Refusal struct{ Err error }

func (r *Refusal) Error() string { return r.Err.Error() }
func (r *Refusal) Unwrap() error { return r.Err }

// Rules are what to look for.
type Rules struct {
	Hunts    []hunt.Hunt
	Params   map[string]string // of hunts
	Sigma    *sigma.Collection // nil: none
	Patterns []pattern.Rule
}

// Options of a watch. Case, Open, Sources and Report must be set.
type Options struct {
	Case string // path
	// Open opens a case as the command does.
	Open     func(ctx context.Context, path string, o store.Options) (*store.Case, error)
	Sources  []*schema.Source
	Arrivals []Arrivals
	Rules    Rules
	Targets  []Target
	// Every is the least time from one round to the next; 0: a second.
	Every time.Duration
	// Since is where the case begins for hunts that look at all of it; zero: at
	// its first event.
	Since time.Time
	// GiveUp is how long after it was found a finding is tried; 0: a day.
	GiveUp time.Duration
	// Drain is how long the end waits for targets.
	Drain   time.Duration
	Once    bool // end when nothing is left
	Threads int
	Memory  string
	Scratch string // folder for archives
	Version string
	Now     func() time.Time // nil: time.Now
	Report  func(Event)      // called by one goroutine
}

// Event is something that a watch tells while it runs.
type Event struct {
	At   time.Time `json:"time"`
	What string    `json:"event"` // start, round, hunts, problem, waiting, end
	// Of a round.
	Files    int64   `json:"files,omitempty"`
	Rows     int64   `json:"rows,omitempty"`
	Findings int64   `json:"findings,omitempty"`
	Seconds  float64 `json:"seconds,omitempty"`
	// Oldest is how long the round's first arrival had waited when its findings were written.
	Oldest float64       `json:"oldest_seconds,omitempty"`
	Text   string        `json:"text,omitempty"` // of a problem, or of what is waited for
	Hint   string        `json:"hint,omitempty"`
	Lanes  []TargetState `json:"targets,omitempty"`
}

// Summary is what a watch did.
type Summary struct {
	Rounds   int64         `json:"rounds"`
	Files    int64         `json:"files"`
	Rows     int64         `json:"rows"`
	Aside    int64         `json:"files_set_aside"`
	Rejects  int64         `json:"rejects"`
	Findings int64         `json:"findings"`
	Failed   int64         `json:"rules_failed"` // those that failed in their last run
	Targets  []TargetState `json:"targets"`
	Seconds  float64       `json:"seconds"`
}

// TargetState is how a target stands.
type TargetState struct {
	Name    string     `json:"target"`
	Sent    int64      `json:"sent"`
	Waiting int64      `json:"waiting"`
	Dead    int64      `json:"dead_letters"`
	Tries   int        `json:"failed_tries,omitempty"` // one after the other, now
	Error   string     `json:"last_error,omitempty"`
	Next    *time.Time `json:"next_try,omitempty"`
}

func (o *Options) defaults() {
	if o.Every == 0 {
		o.Every = time.Second
	}
	if o.GiveUp == 0 {
		o.GiveUp = 24 * time.Hour
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Threads == 0 {
		o.Threads = 2
	}
}

// ErrUndelivered says that a watch ended with findings which targets have not
// taken yet. They are in the case and go out when the watch runs again.
var ErrUndelivered = errors.New("some findings were not delivered yet")
