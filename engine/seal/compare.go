package seal

import (
	"fmt"

	"logquarry/engine/custody"
)

// Now is a case as it is today, to be compared with its seal.
type Now struct {
	SHA256 string // of the case file
	Bytes  int64
	// Hashes are those of all actions, in order, as the case's chain gives them.
	Hashes   []string
	Evidence []Evidence
	Findings []custody.Finding
}

// Comparison is how a case differs from what was sealed.
type Comparison struct {
	// Same: the case file is the very bytes that were sealed. All else is empty
	// then.
	Same bool
	// ActionsHold: the actions of the seal are all there, unchanged; Since is
	// how many came after.
	ActionsHold bool
	Since       int64
	// Differences say what else is not as it was sealed.
	Differences []Difference
}

// Difference is one thing that is not as it was sealed.
type Difference struct {
	What string // case, actions, evidence or finding
	Name string // path of the evidence, id of the finding
	How  string // in words
}

// Compare compares a case with the manifest. It neither reads nor proves
// anything: that the manifest is what was signed is for [Check], and that the
// hashes of today are right is for whoever made them.
func (m *Manifest) Compare(now Now) Comparison {
	var c Comparison
	add := func(what, name, how string, args ...any) {
		c.Differences = append(c.Differences, Difference{what, name, fmt.Sprintf(how, args...)})
	}
	n := m.Case.Actions
	c.ActionsHold = int64(len(now.Hashes)) >= n && (n == 0 || now.Hashes[n-1] == m.Case.LastAction)
	if c.ActionsHold {
		c.Since = int64(len(now.Hashes)) - n
	} else if int64(len(now.Hashes)) < n {
		add("actions", "", "%d of the %d that were sealed are there", len(now.Hashes), n)
	} else {
		add("actions", "", "action %d is another than the one that was sealed", n)
	}
	if c.Same = now.SHA256 == m.Case.SHA256 && now.Bytes == m.Case.Bytes; c.Same {
		return c
	}
	if c.ActionsHold && c.Since == 0 {
		add("case", m.Case.Name, "the file was changed and no action says how: its SHA-256 is %s, sealed was %s", now.SHA256, m.Case.SHA256)
	}
	evidence := map[int64]Evidence{}
	for _, e := range now.Evidence {
		evidence[e.FileID] = e
	}
	for _, e := range m.Evidence {
		got, ok := evidence[e.FileID]
		switch delete(evidence, e.FileID); {
		case !ok:
			add("evidence", e.Path, "it is not in the ledger any more")
		case got.Path != e.Path:
			add("evidence", e.Path, "the ledger has %s in its place", got.Path)
		case got.SHA256 != e.SHA256:
			add("evidence", e.Path, "its SHA-256 in the ledger is %s, sealed was %s", or(got.SHA256, "none"), or(e.SHA256, "none"))
		case got != e:
			add("evidence", e.Path, "its account in the ledger is another: %s, sealed was %s", got.account(), e.account())
		}
	}
	for _, e := range now.Evidence {
		if _, left := evidence[e.FileID]; left {
			add("evidence", e.Path, "it came after the seal")
		}
	}
	findings := map[int64]Finding{}
	for i := range now.Findings {
		findings[now.Findings[i].ID] = FindingOf(&now.Findings[i])
	}
	for _, f := range m.Findings {
		got, ok := findings[f.ID]
		switch delete(findings, f.ID); {
		case !ok:
			add("finding", fmt.Sprint(f.ID), "it is not in the case any more")
		case got.RowsSHA256 != f.RowsSHA256:
			add("finding", fmt.Sprint(f.ID), "the hash of its rows is %s, sealed was %s", got.RowsSHA256, f.RowsSHA256)
		case got != f:
			add("finding", fmt.Sprint(f.ID), "it was changed: its SHA-256 is %s, sealed was %s", got.SHA256, f.SHA256)
		}
	}
	for _, f := range now.Findings {
		if _, left := findings[f.ID]; left {
			add("finding", fmt.Sprint(f.ID), "it came after the seal")
		}
	}
	return c
}

func (e Evidence) account() string {
	return fmt.Sprintf("%s, %d bytes, source %s, %d records = %d loaded + %d duplicates + %d rejected",
		e.Status, e.Bytes, or(e.Source, "unknown"), e.Records, e.Loaded, e.Duplicates, e.Rejected)
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
