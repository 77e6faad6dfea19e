package evidence

import (
	"slices"
	"strings"
	"time"
)

// Verdict is what can be said of a log file or a digest.
type Verdict string

const (
	Valid      Verdict = "valid"       // as CloudTrail delivered it
	Changed    Verdict = "changed"     // not as CloudTrail delivered it
	Missing    Verdict = "missing"     // delivered, and not in the evidence
	NotCovered Verdict = "not covered" // no digest speaks of it
	Unproven   Verdict = "unproven"    // nothing here proves it, or the contrary
)

// Verdicts are all verdicts, in the order in which they are shown.
var Verdicts = []Verdict{Valid, Changed, Missing, NotCovered, Unproven}

// Finding says what of its kind a verdict is.
type Finding string

const (
	Sound        Finding = ""
	Altered      Finding = "altered"             // its content is another
	Damaged      Finding = "damaged"             // it cannot be unpacked to its end
	Appended     Finding = "appended"            // bytes stand behind what was delivered
	Resigned     Finding = "re-signed"           // its signature is not CloudTrail's
	Replaced     Finding = "replaced"            // another digest lies in its place
	Moved        Finding = "moved"               // it lies where it was not delivered to
	Renamed      Finding = "renamed"             // it has another name, in no folder of AWS's
	Deleted      Finding = "deleted"             // named by a digest, and not there
	Before       Finding = "before the evidence" // named by the oldest digest of all
	Unlisted     Finding = "unlisted"            // no digest lists it, though those of its time are proven
	NoDigest     Finding = "no digest"           // no digest of its time is there, or none of its kind
	Unsigned     Finding = "unsigned"            // its signature is not to be had
	NoKey        Finding = "no key"              // the public key is not to be had
	Contradicted Finding = "contradicted"        // differs from what something unproven says of it
	Distrusted   Finding = "distrusted"          // vouched for only by what is unproven or changed
	Unreadable   Finding = "unreadable"          // the file cannot be read
)

// Problem reports whether a finding says that somebody laid hands on the
// evidence, or may have.
func (f Finding) Problem() bool {
	switch f {
	case Altered, Damaged, Appended, Resigned, Replaced, Moved, Deleted, Unlisted, Contradicted, Unreadable:
		return true
	}
	return false
}

// Checked is what was found out about one object.
type Checked struct {
	Object  Object // as its digest has it; zero where no digest speaks of it
	Path    string // of the file; empty where there is none
	Chain   Chain  // of the digest, or the one that lists the log file
	At      time.Time
	Verdict Verdict
	Finding Finding
	Reason  string
	// Digest is the key of the digest that lists a log file.
	Digest string
}

// What is the verdict with its finding.
func (c Checked) What() string {
	if c.Finding == Sound {
		return string(c.Verdict)
	}
	return string(c.Verdict) + ", " + string(c.Finding)
}

// Name is the file, or where there is none the object.
func (c Checked) Name() string {
	if c.Path != "" {
		return c.Path
	}
	return c.Object.String()
}

// State is what is known about a stretch of time of a chain.
type State string

const (
	Proven   State = "proven"   // its digest is valid
	Open     State = "unproven" // its digest is not proven, or changed
	Lost     State = "missing"  // its digest is named and not there
	Silent   State = "gap"      // no digest says that there was one
	Restart  State = "restart"  // a chain ended and another began
	Overlaps State = "overlap"  // two digests for one time
)

// Span is a stretch of time of a chain.
type Span struct {
	From, To time.Time
	State    State
	Why      string
}

// ChainReport is what was found out about the digests of one trail.
type ChainReport struct {
	Chain         Chain
	Bucket        string
	Digests, Logs map[Verdict]int
	Spans         []Span
}

// Report is the result of [Validate].
type Report struct {
	Chains  []ChainReport
	Digests []Checked // by chain and time
	Logs    []Checked
	Notes   []string // what else is to be said, such as a manifest that cannot be read
}

// Problems are the objects that show, or may show, that somebody laid hands on
// the evidence.
func (r *Report) Problems() []Checked {
	var out []Checked
	for _, list := range [][]Checked{r.Digests, r.Logs} {
		for _, c := range list {
			if c.Finding.Problem() {
				out = append(out, c)
			}
		}
	}
	return out
}

// Count is how many of list have a verdict.
func Count(list []Checked) map[Verdict]int {
	n := map[Verdict]int{}
	for _, c := range list {
		n[c.Verdict]++
	}
	return n
}

func sortChecked(list []Checked) {
	slices.SortFunc(list, func(a, b Checked) int {
		if c := strings.Compare(a.Chain.order(), b.Chain.order()); c != 0 {
			return c
		}
		if c := a.At.Compare(b.At); c != 0 {
			return c
		}
		if c := strings.Compare(a.Object.Key, b.Object.Key); c != 0 {
			return c
		}
		return strings.Compare(a.Path, b.Path)
	})
}

func (c Chain) order() string {
	s := strings.Join([]string{c.Prefix, c.AccountID, c.HomeRegion, c.Trail, c.Region}, "\x00")
	if c.Backfill {
		s += "\x00b"
	}
	return s
}
