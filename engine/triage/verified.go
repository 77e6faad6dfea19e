package triage

import (
	"logquarry/engine/evidence"
	"logquarry/engine/render"
	"logquarry/engine/report"
	"logquarry/engine/verify"
)

// Verified is what a report says of a verification.
func Verified(r *verify.Report) report.Verification {
	v := report.Verification{Done: true, Sound: r.Sound(), Keys: r.Keys, Files: int64(r.Files), Bytes: r.Bytes, Nowhere: r.Nowhere,
		Rows: r.Rows, Actions: r.Actions, Broken: r.Broken, Notes: r.Evidence.Notes}
	for _, c := range r.Evidence.Chains {
		t := report.Trail{Name: c.Chain.String(), Digests: verdicts(c.Digests), Logs: verdicts(c.Logs)}
		for _, s := range c.Spans {
			t.Spans = append(t.Spans, report.Stretch{From: s.From, To: s.To, State: string(s.State), Why: s.Why})
		}
		v.Trails = append(v.Trails, t)
	}
	for _, l := range r.Evidence.Logs {
		if l.Chain == (evidence.Chain{}) {
			v.Unlisted++
		}
	}
	for _, c := range r.Evidence.Problems() {
		v.Problems = append(v.Problems, report.Problem{What: c.What(), Name: c.Name(), Reason: c.Reason})
	}
	held := map[evidence.Standing]int64{}
	for _, h := range r.Held {
		held[h.Standing]++
		if h.Standing.Problem() {
			v.Problems = append(v.Problems, report.Problem{What: string(h.Standing), Name: h.Path, Reason: h.Reason})
		}
	}
	for _, s := range evidence.Standings {
		if held[s] > 0 {
			v.Held = append(v.Held, report.Tally{Verdict: string(s), Count: held[s]})
		}
	}
	for _, c := range r.Recounts {
		v.Problems = append(v.Problems, report.Problem{What: "counts", Name: c.Path, Reason: "the case holds " + render.Thousands(c.Rows) + " rows and " + render.Thousands(c.Rejects) +
			" rejects of it, its ledger says " + render.Thousands(c.Loaded) + " and " + render.Thousands(c.Rejected)})
	}
	if n := len(v.Problems); n > report.MaxProblems {
		v.Problems, v.Omitted = v.Problems[:report.MaxProblems], int64(n-report.MaxProblems)
	}
	return v
}

func verdicts(counts map[evidence.Verdict]int) (out []report.Tally) {
	for _, v := range evidence.Verdicts {
		if counts[v] > 0 {
			out = append(out, report.Tally{Verdict: string(v), Count: int64(counts[v])})
		}
	}
	return out
}
