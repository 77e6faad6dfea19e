package incident

import "github.com/goccy/go-yaml"

// Finding is one thing planted in the evidence, and what a hunt must say of it.
type Finding struct {
	Hunt      string   `yaml:"hunt"` // topic id
	First     string   `yaml:"first"`
	Last      string   `yaml:"last"`
	Principal string   `yaml:"principal,omitempty"`
	SrcIP     string   `yaml:"src_ip,omitempty"`
	Target    string   `yaml:"target,omitempty"`
	Says      string   `yaml:"says"`
	Count     int      `yaml:"records"` // planted records
	Keys      []string `yaml:"keys"`    // eventIDs, WAF request ids, or "start eni src:port>dst:port" of flows; the first ones
}

// Load is what a correct load of a source gives: records are rows, duplicates
// and rejects together.
type Load struct {
	Files      int `yaml:"files" json:"files"`
	Records    int `yaml:"records" json:"records"`
	Rows       int `yaml:"rows" json:"rows"`
	Duplicates int `yaml:"duplicates" json:"duplicates"`
	Rejects    int `yaml:"rejects" json:"rejects"`
}

// plus is the load of both.
func (l Load) plus(m Load) Load {
	return Load{l.Files + m.Files, l.Records + m.Records, l.Rows + m.Rows, l.Duplicates + m.Duplicates, l.Rejects + m.Rejects}
}

// Answers is what stands beside a folder of logs.
type Answers struct {
	Totals   Load            `yaml:"totals"`
	Sources  map[string]Load `yaml:"sources"`
	Unknown  []string        `yaml:"unknown_files,omitempty"` // of no source
	Damaged  []Damage        `yaml:"damaged_files,omitempty"`
	Findings []Finding       `yaml:"findings,omitempty"`
	Near     []NearMiss      `yaml:"near_misses,omitempty"`
}

// NearMiss is ordinary work close to what a hunt looks for.
type NearMiss struct {
	Hunt string `yaml:"hunt"`
	Who  string `yaml:"who"` // principal, address or interface
	Says string `yaml:"says"`
}

// Damage is a file that cannot be read whole.
type Damage struct {
	Path    string `yaml:"path"`
	Why     string `yaml:"why"`
	Rows    int    `yaml:"rows"`
	Rejects int    `yaml:"rejects"`
}

// keysShown is how many of a finding's keys the answers list.
const keysShown = 12

const answersHead = `# What is planted in the evidence folder beside this file, and what a correct load of it gives.
# Written by logmaker evidence together with the folder; do not edit.
# hunt is a topic, of which several findings may be planted.
`

const damagedHead = `# What a correct load of the folder beside this file gives: damaged copies of files that the evidence folder holds whole.
# Written by logmaker evidence -damaged together with the folder; do not edit.
# A truncated gzip counts as one reject: the record it breaks off in.
`

// text is the answers as YAML below head.
func (a *Answers) text(head string) ([]byte, error) {
	shown := *a
	shown.Findings = append([]Finding(nil), a.Findings...)
	for i := range shown.Findings {
		if f := &shown.Findings[i]; len(f.Keys) > keysShown {
			f.Keys = f.Keys[:keysShown]
		}
	}
	b, err := yaml.Marshal(shown)
	return append([]byte(head), b...), err
}
