package report

import (
	"fmt"
	"strings"
	"time"

	"logquarry/engine/render"
)

// Verification is what was found out about whether the evidence is what was
// delivered and loaded.
type Verification struct {
	Done  bool
	Why   string   // why it was not done, where it was not
	Args  []string // of quarry, to do it
	Sound bool     // nothing that somebody would have to explain
	Keys  int      // public keys of CloudTrail

	Files    int64
	Bytes    int64
	Trails   []Trail
	Unlisted int64 // log files of CloudTrail that no digest lists
	Held     []Tally
	Nowhere  []string // what was loaded and is not to be found
	Rows     int64    // counted again
	Actions  int64    // each with the hash of the one before
	Broken   string   // what is wrong with them; empty: nothing
	Problems []Problem
	Omitted  int64 // problems not listed
	Notes    []string
}

// MaxProblems is how many problems are listed.
const MaxProblems = 200

// Trail is what the digests of one trail prove.
type Trail struct {
	Name          string
	Digests, Logs []Tally
	Spans         []Stretch
}

// Tally is how many have a verdict.
type Tally struct {
	Verdict string
	Count   int64
}

// Stretch is a span of time and what is known of it.
type Stretch struct {
	From, To   time.Time
	State, Why string
}

// Problem is something that does not hold.
type Problem struct{ What, Name, Reason string }

// tallies is "64 valid, 2 unproven".
func tallies(list []Tally) string {
	var parts []string
	for _, t := range list {
		parts = append(parts, render.Thousands(t.Count)+" "+t.Verdict)
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// proven is how many digests are valid.
func (v Verification) proven() (n int64) {
	for _, t := range v.Trails {
		for _, x := range t.Digests {
			if x.Verdict == "valid" {
				n += x.Count
			}
		}
	}
	return n
}

// verdict is what the verification comes to, in a word and in a sentence.
func (v Verification) verdict() (word, sentence string) {
	switch {
	case !v.Done:
		return "not verified", "The evidence was not verified: " + v.Why + "."
	case !v.Sound:
		return "does not hold", "The evidence does not hold in what is listed here."
	case v.proven() == 0:
		return "unchanged, not proven", "Nothing shows that the evidence was changed, and no digest of CloudTrail proves that it was not."
	}
	return "unchanged", fmt.Sprintf("Nothing shows that the evidence was changed; %s of CloudTrail prove what they list.", plural(v.proven(), "valid digest"))
}
