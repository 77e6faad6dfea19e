package evidence

import (
	"slices"
	"strings"
)

// Entry is what a case's ledger has of a file.
type Entry struct {
	FileID int64
	Path   string
	Source string
	Status string
	Sum    string // SHA-256 of the bytes as they lay, hexadecimal; empty: not known
	Bytes  int64
	// Records = Loaded + Duplicates + Rejected.
	Records, Loaded, Duplicates, Rejected int64
	// Rows and Rejects are how many the tables of the case hold of the file.
	Rows, Rejects int64
}

// Standing says how a file stands to the ledger.
type Standing string

const (
	Same         Standing = "same"          // the bytes that were loaded
	Differs      Standing = "changed"       // other bytes
	Recompressed Standing = "re-compressed" // other bytes, and the content CloudTrail delivered
	Vanished     Standing = "vanished"
	New          Standing = "new" // there, and not in the ledger
	NotHashed    Standing = "not hashed"
	NotRead      Standing = "unreadable"
	Stream       Standing = "not kept" // it came from standard input
)

// Standings are all of them, in the order in which they are shown.
var Standings = []Standing{Same, Differs, Recompressed, Vanished, New, NotRead, NotHashed, Stream}

// Problem reports whether the evidence is not what was loaded.
func (s Standing) Problem() bool {
	return s == Differs || s == Recompressed || s == Vanished || s == NotRead
}

// Held is how one file stands to the ledger.
type Held struct {
	Path     string
	Standing Standing
	Reason   string
}

// CompareLedger holds files, whose contents Measure gave and whose paths are
// those of the ledger, against it. checked is what Validate said of them: it
// knows of a log file with other bytes whether its content is as delivered.
func CompareLedger(entries []Entry, files []File, contents []Content, faults []error, checked *Report) []Held {
	type content struct{ i int }
	at := make(map[string][]content, len(files))
	for i, f := range files {
		at[f.Path] = append(at[f.Path], content{i})
	}
	genuine := map[string]bool{}
	if checked != nil {
		for _, c := range checked.Logs {
			genuine[c.Path] = c.Verdict == Valid
		}
		for _, c := range checked.Digests {
			genuine[c.Path] = c.Verdict == Valid
		}
	}
	var out []Held
	known := make(map[string]bool, len(entries))
	for _, e := range entries {
		known[e.Path] = true
		h := Held{Path: e.Path}
		list := at[e.Path]
		if len(list) > 0 && contents[list[0].i].manifest.chained() {
			continue // it grows with what is fetched, and holds itself
		}
		switch {
		case e.Path == "-":
			h.Standing, h.Reason = Stream, "it was read from standard input, which cannot be read again"
		case len(list) == 0:
			h.Standing, h.Reason = Vanished, "it is not there any more"
		case e.Sum == "":
			h.Standing, h.Reason = NotHashed, "it was not read when the case was made: "+e.Status
		default:
			// Two members of an archive may have one name.
			k := slices.IndexFunc(list, func(c content) bool {
				return faults[c.i] == nil && strings.EqualFold(contents[c.i].Raw.String(), e.Sum)
			})
			i := list[0].i
			switch {
			case k >= 0:
				h.Standing = Same
			case faults[i] != nil:
				h.Standing, h.Reason = NotRead, faults[i].Error()
			case genuine[e.Path]:
				h.Standing = Recompressed
				h.Reason = "other bytes than were loaded, but the content is as CloudTrail delivered it"
			default:
				h.Standing, h.Reason = Differs, "its SHA-256 was "+e.Sum+" and is "+contents[i].Raw.String()
			}
		}
		out = append(out, h)
	}
	for i, f := range files {
		if !known[f.Path] && !contents[i].manifest.chained() {
			known[f.Path] = true
			out = append(out, Held{f.Path, New, "it is not in the case: it came later, or lay outside the time asked for"})
		}
	}
	slices.SortStableFunc(out, func(a, b Held) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// Recount is a file whose rows or rejects in the case are not as many as the
// ledger says.
type Recount struct {
	Path                       string
	Loaded, Rows               int64
	Rejected, Rejects          int64
	Records, Duplicates, Total int64 // Total = Loaded + Duplicates + Rejected
}

// CompareCounts recounts the records of all files.
func CompareCounts(entries []Entry) []Recount {
	var out []Recount
	for _, e := range entries {
		total := e.Loaded + e.Duplicates + e.Rejected
		if e.Rows != e.Loaded || e.Rejects != e.Rejected || e.Records != total {
			out = append(out, Recount{e.Path, e.Loaded, e.Rows, e.Rejected, e.Rejects, e.Records, e.Duplicates, total})
		}
	}
	return out
}
