package export

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"logquarry/engine/attack"
	"logquarry/engine/hunt"
)

// The versions of the layer's format and of the Navigator it was first read by.
// https://github.com/mitre-attack/attack-navigator/blob/master/layers/spec/v4.5/layerformat.md
const (
	layerVersion     = "4.5"
	navigatorVersion = "5.1.0"
)

type layer struct {
	Name        string            `json:"name"`
	Versions    map[string]string `json:"versions"`
	Domain      string            `json:"domain"`
	Description string            `json:"description"`
	Sorting     int               `json:"sorting"` // 3: by falling score
	Techniques  []layerTechnique  `json:"techniques"`
	Gradient    layerGradient     `json:"gradient"`
	Legend      []layerLegend     `json:"legendItems"`
	Metadata    []layerMeta       `json:"metadata"`
}

type layerTechnique struct {
	ID       string      `json:"techniqueID"`
	Score    *int        `json:"score,omitempty"`
	Comment  string      `json:"comment"`
	Enabled  bool        `json:"enabled"`
	Metadata []layerMeta `json:"metadata"`
	Open     bool        `json:"showSubtechniques"`
}

type layerGradient struct {
	Colors []string `json:"colors"`
	Min    int      `json:"minValue"`
	Max    int      `json:"maxValue"`
}

type layerLegend struct {
	Label string `json:"label"`
	Color string `json:"color"`
}

type layerMeta struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// layerColours are those of the scores 0 to 5.
var layerColours = []string{"#d5e8d4", "#dbe9f6", "#fff2b3", "#fdc078", "#f0764c", "#b30000"}

// Navigator writes an ATT&CK Navigator layer of all techniques the hunts look
// for. A technique's score is that of the worst hunt with a finding: 1 info to 5
// critical, 0 where hunts ran and found nothing. Techniques that no hunt could
// look for, for want of logs, have no score and say so.
func Navigator(w io.Writer, name string, found []Found) error {
	type seen struct {
		score             int
		ran               bool
		findings          int
		hits, clean, lack []string
	}
	by := map[string]*seen{}
	hunts, hit, rows := 0, 0, 0
	for i := range found {
		f := &found[i]
		if f.ran() {
			hunts++
			rows += len(f.Findings)
			if len(f.Findings) > 0 {
				hit++
			}
		}
		for _, id := range f.Hunt.Attack {
			if t, ok := attack.Current(id); ok {
				id = t.ID // a rule may name one that was revoked
			}
			s := by[id]
			if s == nil {
				s = &seen{}
				by[id] = s
			}
			switch {
			case f.Failed != nil:
				s.lack = append(s.lack, f.Hunt.ID+": failed")
			case !f.ran():
				s.lack = append(s.lack, f.Hunt.ID+": no "+strings.Join(f.Missing, ", "))
			case len(f.Findings) == 0:
				s.ran, s.clean = true, append(s.clean, f.Hunt.ID)
			default:
				s.ran, s.findings = true, s.findings+len(f.Findings)
				s.hits = append(s.hits, fmt.Sprintf("%s: %d", f.Hunt.ID, len(f.Findings)))
				s.score = max(s.score, f.Hunt.Severity.Rank()+1)
			}
		}
	}
	l := layer{
		Name: name, Domain: "enterprise-attack", Sorting: 3,
		Versions:    map[string]string{"attack": attack.Version, "navigator": navigatorVersion, "layer": layerVersion},
		Description: fmt.Sprintf("LogQuarry: %d hunts ran, %d with findings, %d findings. Score: the worst severity found, 1 info to 5 critical; 0: looked for, nothing found; none: not looked for.", hunts, hit, rows),
		Gradient:    layerGradient{Colors: layerColours, Min: 0, Max: len(layerColours) - 1},
		Legend:      []layerLegend{{"looked for, nothing found", layerColours[0]}},
		Metadata:    []layerMeta{},
	}
	for i, s := range []hunt.Severity{hunt.Info, hunt.Low, hunt.Medium, hunt.High, hunt.Critical} {
		l.Legend = append(l.Legend, layerLegend{string(s), layerColours[i+1]})
	}
	ids := make([]string, 0, len(by))
	for id := range by {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		s := by[id]
		t := layerTechnique{ID: id, Enabled: true, Metadata: []layerMeta{}}
		say := func(what string, hunts []string) {
			if len(hunts) > 0 {
				t.Metadata = append(t.Metadata, layerMeta{what, strings.Join(hunts, "; ")})
			}
		}
		say("found by", s.hits)
		say("nothing found by", s.clean)
		say("not run", s.lack)
		switch {
		case !s.ran:
			t.Comment = "not looked for: " + strings.Join(s.lack, "; ")
		default:
			t.Score = &s.score
			t.Comment = fmt.Sprintf("%d findings", s.findings)
		}
		l.Techniques = append(l.Techniques, t)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(l)
}
