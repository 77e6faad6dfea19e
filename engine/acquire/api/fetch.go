// Package api asks the APIs of AWS for what they hold and writes what they answer
// into an evidence folder: CloudTrail's event history, CloudWatch Logs, Config,
// GuardDuty, Security Hub, and the interfaces and addresses of EC2.
//
// In: a session, a folder with its manifest, what is wanted. Out: files of one
// answer a line, each as the service gave it but for a member "@request" put in
// front, which says what was asked, and a line of the manifest for each file, which
// also says what there was nothing of. What the answers mean it leaves to the
// loader.
//
// A run that was killed goes on where it was: what the manifest says was fetched is
// not asked for again, and a file that was being written is gone.
package api

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"golang.org/x/sync/errgroup"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/policy"
	"logquarry/engine/manifest"
)

// Fetch is a run. Session, Dir and Log must be set; its methods may be called one
// after the other.
type Fetch struct {
	Session *acquire.Session
	// Dir is the evidence folder, Log its manifest, open. Before the first method
	// every line the manifest had is to be handed to Seen.
	Dir string
	Log *manifest.Log
	// Regions are those to be asked; empty: all that are enabled.
	Regions []string
	// Since and Until bound the times of what is asked for: Since included, Until
	// not. Zero Since: as far back as the service goes; zero Until: now.
	Since, Until time.Time
	// Progress is called after each answer, from several goroutines at once; nil:
	// nobody asks.
	Progress func(Progress)
	// Each is called with the line of each file once that is in its place, from
	// several goroutines at once; nil: nobody waits for them.
	Each func([]manifest.Entry)
	// Now is the clock; nil: time.Now.
	Now func() time.Time
	// Pace is how long lies between two calls of LookupEvents in a Region; zero: what
	// AWS allows.
	Pace time.Duration
	// Roll is after how many pages a file is ended and the next begun, and with it
	// what a kill can lose; zero: 40.
	Roll int

	skew atomic.Int64 // of the clock of AWS against ours, nanoseconds

	mu       sync.Mutex
	retryers map[string]aws.RetryerV2
	paces    map[string]*pace
	account  string
	seen     map[about][]seen
	paths    map[string]bool // of files, with slashes
	sum      Summary
}

// Progress says what came in.
type Progress struct {
	Region       string
	Items, Bytes int64 // of one answer
}

// Summary is what a run came to.
type Summary struct {
	Account string   `json:"account"`
	Regions []string `json:"regions"`
	Calls   int64    `json:"calls"`
	Items   int64    `json:"items"` // events, findings, resources
	Bytes   int64    `json:"bytes"` // of answers
	Files   int64    `json:"files"`
	// Kept is how much of what was asked for had been fetched before: windows, or
	// resources.
	Kept int64 `json:"kept"`
	// Failed are what could not be had, each an *[acquire.Error] or another error
	// with its hint; the manifest has them too.
	Failed []error `json:"-"`
	// Notes are what is to be known of what was fetched.
	Notes []string `json:"notes,omitempty"`
}

func (f *Fetch) now() time.Time {
	if f.Now != nil {
		return f.Now()
	}
	return time.Now()
}

// about is what an answer is about.
type about struct{ service, operation, region, account, request string }

// seen is what was fetched of it.
type seen struct {
	window  span
	fetched time.Time
	targets []string
}

// parameters are what the manifest says of a call.
type parameters struct {
	// Window is the time it is for; both zero: none.
	Window span `json:"window,omitzero"`
	// Request is what else was asked.
	Request json.RawMessage `json:"request,omitempty"`
	// Targets are what it was asked of one by one, such as resources.
	Targets []string `json:"targets,omitempty"`
}

// Seen takes up a line the manifest already has.
func (f *Fetch) Seen(e *manifest.Entry) {
	if e.API == nil || e.Status != manifest.Fetched {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.paths == nil {
		f.paths = map[string]bool{}
	}
	f.paths[e.Path] = true
	var p parameters
	if json.Unmarshal(e.API.Parameters, &p) != nil {
		return // of another make
	}
	if e.Path != "" {
		if info, err := os.Stat(filepath.Join(f.Dir, filepath.FromSlash(e.Path))); err != nil || info.Size() != e.Size {
			return // it is not there any more
		}
	}
	key := about{e.API.Service, e.API.Operation, e.API.Region, e.API.Account, string(p.Request)}
	if f.seen == nil {
		f.seen = map[about][]seen{}
	}
	f.seen[key] = append(f.seen[key], seen{p.Window, e.Fetched, p.Targets})
}

// settled is how long after a time services may still get events of it: 15 minutes
// are usual, and what was asked for earlier is asked for again.
const settled = time.Hour

// missing are the parts of w that have not been fetched of key.
func (f *Fetch) missing(key about, w span) []span {
	f.mu.Lock()
	defer f.mu.Unlock()
	var have []span
	for _, s := range f.seen[key] {
		if end := s.fetched.Add(-settled); s.window.Until.After(end) {
			s.window.Until = end.Truncate(time.Second)
		}
		if s.window.Since.Before(s.window.Until) {
			have = append(have, s.window)
		}
	}
	rest := w.without(have)
	for _, h := range have {
		if h.Until.After(w.Since) && h.Since.Before(w.Until) {
			f.sum.Kept++
		}
	}
	return rest
}

// window is what is asked for, with an end; oldest is how far back the service
// goes, zero: there is no bound. Ends are whole seconds.
func (f *Fetch) window(oldest time.Duration) (span, error) {
	now := f.now().UTC()
	w := span{f.Since.UTC().Truncate(time.Second), f.Until.UTC().Truncate(time.Second)}
	if f.Until.IsZero() {
		w.Until = now.Truncate(time.Second)
	}
	if oldest > 0 && !f.Until.IsZero() && !w.Until.After(now.Add(-oldest)) {
		return w, &acquire.Error{Reason: fmt.Sprintf("nothing is kept longer than %d days, and %s is longer ago", int(oldest/(24*time.Hour)), w.Until.Format("2006-01-02")), Advice: "a trail keeps events for as long as its bucket does: quarry fetch cloudtrail --bucket BUCKET"}
	}
	switch {
	case oldest > 0 && (f.Since.IsZero() || w.Since.Before(now.Add(-oldest))):
		if !f.Since.IsZero() {
			f.note("nothing is kept longer than %d days: asked from %s on", int(oldest/(24*time.Hour)), now.Add(-oldest).Format("2006-01-02"))
		}
		// The beginning of the hour, so that the next run has the same.
		w.Since = now.Add(-oldest).Truncate(time.Hour).Add(time.Hour)
	case f.Since.IsZero():
		w.Since = time.Unix(0, 0).UTC()
	}
	if !w.Since.Before(w.Until) {
		return w, &acquire.Error{Reason: fmt.Sprintf("there is nothing between %s and %s", w.Since.Format(time.RFC3339), w.Until.Format(time.RFC3339)), Advice: "check --since and --until"}
	}
	return w, nil
}

func (f *Fetch) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if text := fmt.Sprintf(format, args...); !slices.Contains(f.sum.Notes, text) {
		f.sum.Notes = append(f.sum.Notes, text)
	}
}

// begin finds out in which account and Regions it is, and clears the folder's part
// that is to be written to.
func (f *Fetch) begin(ctx context.Context, top string) error {
	f.sum = Summary{}
	if err := f.sweep(ctx, top); err != nil {
		return err
	}
	// Other partitions know nothing of the keys of this one.
	home := ""
	if len(f.Regions) > 0 && policy.Partition(f.Regions[0]) != "aws" {
		home = f.Regions[0]
	}
	if f.account == "" {
		got, err := f.ask(ctx, call{op: policy.GetCallerIdentity, region: home})
		if err != nil {
			return err
		}
		var who struct {
			Account string `xml:"GetCallerIdentityResult>Account"`
		}
		if err := xml.Unmarshal(got.body, &who); err != nil || who.Account == "" {
			return &acquire.Error{What: "STS GetCallerIdentity", Reason: "the answer names no account", Err: err}
		}
		f.account = who.Account
	}
	regions := slices.Clone(f.Regions)
	if len(regions) == 0 {
		got, err := f.ask(ctx, call{op: policy.DescribeRegions})
		if err != nil {
			return withHint(err, "or name the Regions: --regions eu-west-1,us-east-1")
		}
		var out struct {
			Names []string `xml:"regionInfo>item>regionName"`
		}
		if err := xml.Unmarshal(got.body, &out); err != nil {
			return &acquire.Error{What: "EC2 DescribeRegions", Reason: "the answer cannot be read", Err: err}
		}
		regions = out.Names
	}
	slices.Sort(regions)
	f.sum.Account, f.sum.Regions = f.account, slices.Compact(regions)
	return nil
}

// withHint adds advice to what an error has.
func withHint(err error, advice string) error {
	var e *acquire.Error
	if !errors.As(err, &e) {
		return err
	}
	more := *e
	if more.Advice != "" {
		more.Advice += "; "
	}
	more.Advice += advice
	return &more
}

// everywhere runs do in all Regions at once. What fails in one does not end the
// others; what a folder or a manifest says, and an end of ctx, ends all.
func (f *Fetch) everywhere(ctx context.Context, top string, op policy.Operation, do func(ctx context.Context, region string) error) (*Summary, error) {
	if err := f.begin(ctx, top); err != nil {
		return nil, err
	}
	g, gctx := errgroup.WithContext(ctx)
	for _, region := range f.sum.Regions {
		g.Go(func() error { return f.survive(gctx, op, region, nil, do(gctx, region)) })
	}
	if err := g.Wait(); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return &f.sum, err
	}
	slices.Sort(f.sum.Notes)
	return &f.sum, nil
}

// idle are the codes by which services say that they are not switched on in a
// Region: Security Hub, Config.
var idle = map[string]bool{"InvalidAccessException": true, "NoAvailableConfigurationRecorderException": true, "NoSuchConfigurationRecorderException": true}

// survive puts what a service refused into the manifest and the summary, and goes
// on; any other error it hands back.
func (f *Fetch) survive(ctx context.Context, op policy.Operation, region string, request json.RawMessage, err error) error {
	var refused *acquire.Error
	if err == nil || ctx.Err() != nil || !errors.As(err, &refused) {
		return err
	}
	if idle[refused.Code] {
		f.note("%s is not in use in %s", services[op.Service].name, region)
		return nil
	}
	f.mu.Lock()
	f.sum.Failed = append(f.sum.Failed, err)
	f.mu.Unlock()
	p, jerr := json.Marshal(parameters{Request: request})
	if jerr != nil {
		return jerr
	}
	return f.Log.Append(ctx, manifest.Entry{
		Status: manifest.Failed, Problem: refused.Error(), Hint: refused.Hint(), RequestID: refused.RequestID,
		API: &manifest.Call{Service: op.Service, Operation: op.Name, Region: region, Account: f.account, Parameters: p},
	})
}

// count adds an answer to the summary.
func (f *Fetch) count(region string, items, size int64) {
	f.mu.Lock()
	f.sum.Calls++
	f.sum.Items += items
	f.sum.Bytes += size
	f.mu.Unlock()
	if f.Progress != nil {
		f.Progress(Progress{region, items, size})
	}
}
