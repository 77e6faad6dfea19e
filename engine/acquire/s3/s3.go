// Package s3 copies objects of S3 into an evidence folder.
//
// In: buckets and prefixes, and a session. Out: a file for each object, checked
// against what S3 says of it, and a line in the folder's manifest, which vouches
// for a file only once it stands on the disk. Which prefixes hold the logs of
// which day it leaves to layout, and what the logs say to load.
package s3

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"logquarry/engine/acquire"
	"logquarry/engine/manifest"
)

// Place is a bucket and what the keys wanted of it begin with.
type Place struct {
	Bucket string // its name, or the ARN of an access point
	Prefix string // empty: the whole bucket
}

func (p Place) String() string { return "s3://" + p.Bucket + "/" + p.Prefix }

// ParsePlace reads s3://bucket/prefix, in which the bucket may be the ARN of an
// access point.
func ParsePlace(text string) (Place, error) {
	rest, ok := strings.CutPrefix(text, "s3://")
	if !ok {
		return Place{}, fmt.Errorf("%s: not of the form s3://bucket/prefix", text)
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	if strings.HasPrefix(bucket, "arn:") {
		// arn:aws:s3:eu-west-1:111122223333:accesspoint/name
		name, behind, _ := strings.Cut(prefix, "/")
		if !strings.HasSuffix(bucket, ":accesspoint") || name == "" {
			return Place{}, fmt.Errorf("%s: not the ARN of an access point", text)
		}
		bucket, prefix = bucket+"/"+name, behind
	}
	if bucket == "" {
		return Place{}, fmt.Errorf("%s: it names no bucket", text)
	}
	return Place{bucket, prefix}, nil
}

// Object is an object, or a version of one, as a listing has it.
type Object struct {
	Bucket, Key  string
	VersionID    string // empty: versions were not listed
	Latest       *bool  // nil: versions were not listed
	DeleteMarker bool
	ETag         string // without quotes
	Size         int64  // bytes
	LastModified time.Time
	StorageClass string
	Owner        string
}

// String is the object's address.
func (o *Object) String() string {
	s := "s3://" + o.Bucket + "/" + o.Key
	if o.VersionID != "" {
		s += " version " + o.VersionID
	}
	return s
}

// Options say what to fetch and where to.
type Options struct {
	Session *acquire.Session
	Places  []Place
	Dir     string // the evidence folder, made where it is not there
	// AllVersions fetches what was overwritten and deleted, too, and notes delete
	// markers.
	AllVersions bool
	// Since and Until bound when objects were last written: since <= time <
	// until. Zero: no bound.
	Since, Until time.Time
	// Want picks from what is listed; nil: everything.
	Want          func(*Object) bool
	RequesterPays bool
	// CustomerKey is the key of objects encrypted with SSE-C, 32 bytes; nil: none.
	CustomerKey []byte
	// Parallel is how many requests are under way at a time; 0: 64.
	Parallel int
	// PartBytes is how much of a large object is asked for at a time; 0: 16 MiB.
	PartBytes int64
	// Stall is for how long nothing may come of an object before it is asked for
	// again; 0: a minute.
	Stall    time.Duration
	Progress *Progress // nil: nobody looks
	// Each is called with the lines of the manifest once their files stand in
	// their places, in order and by one goroutine; nil: nobody waits for them.
	Each func([]manifest.Entry)
	Now  func() time.Time // nil: time.Now

	endpoint string // see [clients.endpoint]
}

// Problem is an object or place that could not be had.
type Problem struct {
	What       string `json:"what"`
	Reason     string `json:"reason"`
	Hint       string `json:"hint,omitempty"`
	Permission string `json:"permission,omitempty"` // the IAM action that is missing
}

// Summary is what a fetch did.
type Summary struct {
	Listed        int64 `json:"objects"` // objects, versions and delete markers that are wanted
	ListedBytes   int64 `json:"bytes"`
	Fetched       int64 `json:"fetched"`
	FetchedBytes  int64 `json:"fetched_bytes"`
	Have          int64 `json:"there"` // already
	HaveBytes     int64 `json:"there_bytes"`
	DeleteMarkers int64 `json:"delete_markers"` // noted by this run
	Failed        int64 `json:"failed"`
	Unlisted      int64 `json:"places_unlisted"` // places that could not be listed to their end
	Requests      int64 `json:"requests"`        // made; what the SDK tried again counts once
	// Moved is how many objects lie under another path than their key, which is in
	// the manifest.
	Moved int64 `json:"moved"`
	// Changed is how many were changed between listing and reading, and are
	// there as they were read.
	Changed int64   `json:"changed"`
	Torn    int64   `json:"torn_bytes"` // of a line that an earlier run left unfinished
	Seconds float64 `json:"seconds"`

	// Problems are at most maxProblems; Failed and Unlisted count all.
	Problems []Problem `json:"problems"`
	Notes    []string  `json:"notes"`
}

// maxProblems bounds the memory of a fetch that is denied everything. The manifest
// has them all.
const maxProblems = 10_000

// Progress is how far a fetch is. It may be read while it runs.
type Progress struct {
	Listed, ListedBytes   atomic.Int64
	AllListed             atomic.Bool
	Fetched, FetchedBytes atomic.Int64 // of this run, with what was there already
	Failed                atomic.Int64
}

const (
	defaultParallel  = 64
	defaultPartBytes = 16 << 20
	defaultStall     = time.Minute
	// listers is how many places are listed at a time.
	listers = 16
)

// defaults fills in what is not said.
func (o Options) defaults() Options {
	if o.Parallel <= 0 {
		o.Parallel = defaultParallel
	}
	if o.PartBytes <= 0 {
		o.PartBytes = defaultPartBytes
	}
	if o.Stall <= 0 {
		o.Stall = defaultStall
	}
	if o.Progress == nil {
		o.Progress = new(Progress)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Places = apart(o.Places)
	return o
}

// apart leaves out the places that lie within others: an object is fetched once.
func apart(list []Place) []Place {
	var out []Place
	for i, p := range list {
		within := false
		for k, q := range list {
			if k != i && p.Bucket == q.Bucket && strings.HasPrefix(p.Prefix, q.Prefix) && (p != q || k < i) {
				within = true
				break
			}
		}
		if !within {
			out = append(out, p)
		}
	}
	return out
}

// wanted says whether an object is one of those asked for.
func (o *Options) wanted(x *Object) bool {
	switch {
	case !o.Since.IsZero() && x.LastModified.Before(o.Since), !o.Until.IsZero() && !x.LastModified.Before(o.Until):
		return false
	}
	return o.Want == nil || o.Want(x)
}

// tally is a summary that many goroutines add to.
type tally struct {
	mu sync.Mutex
	s  Summary
}

func (t *tally) add(f func(*Summary)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.s)
}

// problem notes what could not be had. It returns the error instead where no other
// request would fare better.
func (t *tally) problem(ctx context.Context, err error, count func(*Summary)) (Problem, error) {
	if ctx.Err() != nil {
		return Problem{}, context.Cause(ctx)
	}
	p := problemOf(err)
	if fatal(err) {
		return p, err
	}
	t.add(func(s *Summary) {
		count(s)
		if len(s.Problems) < maxProblems {
			s.Problems = append(s.Problems, p)
		}
	})
	return p, nil
}
