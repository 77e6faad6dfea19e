package main

import (
	"strings"
	"time"

	"logquarry/engine/evidence"
	"logquarry/engine/value"
	"logquarry/engine/verify"
)

// verdictRows are all objects, a row each.
func verdictRows(r *verify.Report) value.Rows {
	var columns []value.Column
	for _, name := range []string{"checked", "verdict", "finding", "reason", "time", "account_id", "region", "trail", "home_region", "backfill", "object", "digest", "path"} {
		typ := "VARCHAR"
		switch name {
		case "time":
			typ = "TIMESTAMP"
		case "backfill":
			typ = "BOOLEAN"
		}
		columns = append(columns, value.Column{Name: name, Type: typ})
	}
	list := value.ListOf(columns)
	text := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	for _, kind := range []struct {
		name string
		list []evidence.Checked
	}{{"digest", r.Evidence.Digests}, {"log file", r.Evidence.Logs}} {
		for _, c := range kind.list {
			var at, backfill, object any
			if !c.At.IsZero() {
				at = c.At
			}
			if c.Object.Key != "" {
				object = c.Object.String()
			}
			if c.Chain != (evidence.Chain{}) {
				backfill = c.Chain.Backfill
			}
			list.Add(kind.name, string(c.Verdict), text(string(c.Finding)), text(c.Reason), at, text(c.Chain.AccountID), text(c.Chain.Region),
				text(c.Chain.Trail), text(c.Chain.HomeRegion), backfill, object, text(c.Digest), text(c.Path))
		}
	}
	for _, h := range r.Fetched.Held {
		list.Add("fetched file", string(h.Standing), nil, text(h.Reason), nil, nil, nil, nil, nil, nil, nil, nil, h.Path)
	}
	for _, b := range r.Fetched.Broken {
		list.Add("manifest", "changed", nil, b, nil, nil, nil, nil, nil, nil, nil, nil, nil)
	}
	for _, h := range r.Held {
		list.Add("file", string(h.Standing), nil, text(h.Reason), nil, nil, nil, nil, nil, nil, nil, nil, h.Path)
	}
	return list
}

// sealDone is the seal in the object of verify --json.
type sealDone struct {
	Good        bool     `json:"good"`
	Why         string   `json:"why,omitempty"`
	KeyID       string   `json:"key_id"`
	Same        bool     `json:"same"`
	Since       int64    `json:"actions_since"`
	Differences []string `json:"differences"`
}

// fetchedDone is the manifests in the object of verify --json.
type fetchedDone struct {
	Manifests int      `json:"manifests"`
	Lines     int64    `json:"lines"`
	Same      int64    `json:"same"`
	NotHad    int64    `json:"not_had"`
	Problems  int      `json:"problems"`
	Broken    []string `json:"broken"`
}

// verifyDone is the object of verify --json.
func verifyDone(r *verify.Report, sealed *sealing, took time.Duration) any {
	type span struct {
		From  time.Time `json:"from"`
		To    time.Time `json:"to"`
		State string    `json:"state"`
		Why   string    `json:"why,omitempty"`
	}
	type chain struct {
		Account    string         `json:"account_id"`
		Region     string         `json:"region"`
		Trail      string         `json:"trail"`
		HomeRegion string         `json:"home_region"`
		Backfill   bool           `json:"backfill"`
		Digests    map[string]int `json:"digests"`
		Logs       map[string]int `json:"log_files"`
		Spans      []span         `json:"spans"`
	}
	type problem struct {
		Verdict string `json:"verdict"`
		Finding string `json:"finding"`
		Object  string `json:"object,omitempty"`
		Path    string `json:"path,omitempty"`
		Reason  string `json:"reason"`
	}
	type gap struct {
		Source string    `json:"source"`
		Where  string    `json:"where"`
		Kind   string    `json:"kind"`
		From   time.Time `json:"from"`
		To     time.Time `json:"to"`
		Detail string    `json:"detail"`
	}
	byName := func(n map[evidence.Verdict]int) map[string]int {
		out := map[string]int{}
		for v, k := range n {
			out[string(v)] = k
		}
		return out
	}
	out := struct {
		Sound    bool           `json:"sound"`
		Files    int            `json:"files"`
		Bytes    int64          `json:"bytes"`
		Keys     int            `json:"public_keys"`
		Digests  map[string]int `json:"digests"`
		Logs     map[string]int `json:"log_files"`
		Trails   []chain        `json:"trails"`
		Problems []problem      `json:"problems"`
		Fetched  *fetchedDone   `json:"fetched,omitempty"`
		Held     map[string]int `json:"ledger,omitempty"`
		Recounts int            `json:"miscounted_files"`
		Actions  int64          `json:"actions"`
		Broken   string         `json:"actions_broken,omitempty"`
		Gaps     []gap          `json:"coverage_gaps"`
		Seal     *sealDone      `json:"seal,omitempty"`
		Seconds  float64        `json:"seconds"`
	}{Sound: r.Sound() && sealed.holds(), Files: r.Files, Bytes: r.Bytes, Keys: r.Keys, Digests: byName(evidence.Count(r.Evidence.Digests)),
		Logs: byName(evidence.Count(r.Evidence.Logs)), Trails: []chain{}, Problems: []problem{}, Gaps: []gap{}, Recounts: len(r.Recounts),
		Actions: r.Actions, Broken: r.Broken, Seconds: took.Seconds()}
	for _, g := range r.Coverage.Gaps {
		out.Gaps = append(out.Gaps, gap{g.Source, g.Where(), g.Kind(), g.From, g.To, g.Detail()})
	}
	if sealed != nil {
		out.Seal = &sealDone{sealed.Good, sealed.Why, sealed.KeyID, sealed.Same, sealed.Since, []string{}}
		for _, d := range sealed.Differences {
			out.Seal.Differences = append(out.Seal.Differences, strings.TrimSpace(d.What+" "+d.Name)+": "+d.How)
		}
	}
	for _, c := range r.Evidence.Chains {
		x := chain{c.Chain.AccountID, c.Chain.Region, c.Chain.Trail, c.Chain.HomeRegion, c.Chain.Backfill, byName(c.Digests), byName(c.Logs), []span{}}
		for _, s := range c.Spans {
			x.Spans = append(x.Spans, span{s.From, s.To, string(s.State), s.Why})
		}
		out.Trails = append(out.Trails, x)
	}
	for _, c := range r.Evidence.Problems() {
		object := ""
		if c.Object.Key != "" {
			object = c.Object.String()
		}
		out.Problems = append(out.Problems, problem{string(c.Verdict), string(c.Finding), object, c.Path, c.Reason})
	}
	if f := r.Fetched; f.Manifests > 0 {
		out.Fetched = &fetchedDone{f.Manifests, f.Lines, f.Same, f.NotHad, len(f.Held), append([]string{}, f.Broken...)}
		for _, h := range f.Held {
			out.Problems = append(out.Problems, problem{string(h.Standing), "fetched", "", h.Path, h.Reason})
		}
	}
	for _, h := range r.Held {
		if out.Held == nil {
			out.Held = map[string]int{}
		}
		out.Held[string(h.Standing)]++
		if h.Standing.Problem() {
			out.Problems = append(out.Problems, problem{string(h.Standing), "", "", h.Path, h.Reason})
		}
	}
	return out
}
