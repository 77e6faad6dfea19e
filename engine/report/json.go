package report

import (
	"encoding/json"
	"fmt"
	"io"
	"time"
	"unicode/utf8"

	"logquarry/engine/coverage"
	"logquarry/engine/custody"
	"logquarry/engine/render"
	"logquarry/engine/value"
)

// Type stands in each report of [JSON]. The number goes up should a field ever
// come to mean something else; fields are only added without that.
const Type = "logquarry-report/1"

// object is the report as JSON. Times are RFC 3339 in UTC, null or absent where
// not known; durations are seconds; sizes bytes; cells as quarry's json format
// writes them. Lists are never null.
type object struct {
	Type      string     `json:"type"`
	Case      string     `json:"case"`
	Version   string     `json:"version"`
	Generated *time.Time `json:"generated"`
	Since     *time.Time `json:"since"`
	Until     *time.Time `json:"until"`

	Summary struct {
		Severities map[string]int `json:"findings_by_severity"`
		Hunts      map[string]int `json:"hunts_by_outcome"`
		Files      int64          `json:"files"`
		Bytes      int64          `json:"bytes"`
		Records    int64          `json:"records"`
		Rows       int64          `json:"rows"`
		First      *time.Time     `json:"first_time"`
		Last       *time.Time     `json:"last_time"`
		Evidence   string         `json:"evidence"` // the verdict of verification, in words
	} `json:"summary"`
	Findings     []jsonFinding    `json:"findings"` // worst first
	Attack       jsonAttack       `json:"attack"`
	Timeline     jsonTimeline     `json:"timeline"`
	Principals   []jsonEntity     `json:"principals"`
	Addresses    []jsonEntity     `json:"addresses"`
	Chains       jsonChains       `json:"role_chains"`
	Traffic      *jsonTraffic     `json:"traffic"` // null: no flow logs
	Kept         []jsonKept       `json:"kept"`
	Missing      []jsonGap        `json:"missing"`
	Coverage     *jsonCoverage    `json:"coverage"` // null: no record has a time
	Verification jsonVerification `json:"verification"`
	Sources      []jsonSource     `json:"sources"`
	Aside        []jsonAside      `json:"not_loaded"`
	Notes        []string         `json:"notes"`
	Queries      []jsonQuery      `json:"queries"`     // of the hunts
	Asked        []jsonQuery      `json:"own_queries"` // of the report itself
}

type jsonFinding struct {
	Hunt     string       `json:"hunt"`
	Title    string       `json:"title"`
	Severity string       `json:"severity"`
	Attack   []string     `json:"attack"`
	Tactics  []string     `json:"tactics"`
	Hits     int64        `json:"hits"`
	First    *time.Time   `json:"first_time"`
	Last     *time.Time   `json:"last_time"`
	Meaning  string       `json:"means"`
	Noise    string       `json:"noise"`
	Citation string       `json:"cite"`
	Columns  []jsonColumn `json:"columns"`
	Rows     []jsonRow    `json:"rows"`
	Omitted  int64        `json:"hits_without_row"`
	Next     []jsonNext   `json:"next"`
}

type jsonColumn struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type jsonRow struct {
	Cells  json.RawMessage `json:"cells"` // as many as columns
	Record *jsonRecord     `json:"record,omitempty"`
}

type jsonRecord struct {
	FileID   int64  `json:"file_id"`
	RecordNo int64  `json:"record_no"`
	Path     string `json:"path"`
	Exact    bool   `json:"exact"`             // the hunt says so
	Matches  int64  `json:"matches,omitempty"` // else: records with the row's time, source, principal, address
	Text     string `json:"text,omitempty"`    // as it stands in the file
	Cut      int64  `json:"text_bytes_left_out,omitempty"`
	Why      string `json:"not_read,omitempty"`
}

type jsonNext struct {
	Hunt    string `json:"hunt"`
	Title   string `json:"title"`
	Command string `json:"command"`
}

type jsonAttack struct {
	Version string       `json:"version"`
	Tactics []jsonTactic `json:"tactics"` // all, in the order of the matrix
	Unknown []string     `json:"unknown_ids"`
}

type jsonTactic struct {
	Tactic     string          `json:"tactic"`
	Name       string          `json:"name"`
	Techniques []jsonTechnique `json:"techniques"`
}

type jsonTechnique struct {
	ID       string   `json:"id"`
	Name     string   `json:"name"`
	Severity string   `json:"severity"`
	Hits     int64    `json:"hits"`
	Hunts    []string `json:"hunts"`
}

type jsonTimeline struct {
	Start  *time.Time   `json:"start"`
	Step   float64      `json:"step_seconds"`
	Series []jsonSeries `json:"sources"`
}

type jsonSeries struct {
	Source string  `json:"source"`
	Counts []int64 `json:"events"`
}

type jsonEntity struct {
	Name    string     `json:"name"`
	Events  int64      `json:"events"`
	Denied  int64      `json:"denied"`
	First   *time.Time `json:"first_time"`
	Last    *time.Time `json:"last_time"`
	Sources []string   `json:"sources"`
	Note    string     `json:"note,omitempty"`
}

type jsonChains struct {
	Actors      []jsonActor      `json:"principals"`
	Assumptions []jsonAssumption `json:"assumed"`
	Statement   string           `json:"left_out"` // in words; empty: nothing
}

type jsonActor struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Account  string `json:"account_id,omitempty"`
	Findings int    `json:"findings"`
}

type jsonAssumption struct {
	From  string     `json:"from"`
	To    string     `json:"to"`
	Count int64      `json:"times"`
	First *time.Time `json:"first_time"`
	Last  *time.Time `json:"last_time"`
}

type jsonTraffic struct {
	Start *time.Time  `json:"start"`
	Step  float64     `json:"step_seconds"`
	Out   []jsonFlows `json:"out"`
	In    []jsonFlows `json:"in"`
}

type jsonFlows struct {
	Bytes    int64 `json:"bytes"`
	Accepted int64 `json:"accepted"`
	Rejected int64 `json:"rejected"`
}

type jsonKept struct {
	ID     int64        `json:"finding"`
	At     *time.Time   `json:"kept_at"`
	By     string       `json:"os_user"`
	Host   string       `json:"host"`
	Title  string       `json:"title"`
	Hunt   string       `json:"hunt,omitempty"`
	Note   string       `json:"note"`
	Count  int64        `json:"row_count"`
	SHA256 string       `json:"rows_sha256"`
	Faults []string     `json:"faults"`
	Query  jsonQuery    `json:"query"`
	Column []jsonColumn `json:"columns"`
	Rows   []jsonRow    `json:"rows"`
}

type jsonGap struct {
	Source string     `json:"source"`
	Kind   string     `json:"kind"`
	Where  string     `json:"where"`
	From   *time.Time `json:"from"`
	To     *time.Time `json:"to"`
	Detail string     `json:"detail"`
}

type jsonCoverage struct {
	Start *time.Time        `json:"start"`
	Step  float64           `json:"step_seconds"`
	Rows  []jsonCoverageRow `json:"rows"`
}

type jsonCoverageRow struct {
	Source  string   `json:"source"`
	Account string   `json:"account_id"`
	Region  string   `json:"region"`
	Records []int64  `json:"records"`
	Marks   []string `json:"marks"` // as in the picture: hole, explained, little, skipdata, changed, some, usual, …
}

type jsonVerification struct {
	Done     bool             `json:"done"`
	Why      string           `json:"why_not,omitempty"`
	Command  string           `json:"command,omitempty"` // that does it
	Sound    bool             `json:"sound"`
	Verdict  string           `json:"verdict"`
	Keys     int              `json:"public_keys"`
	Files    int64            `json:"files"`
	Bytes    int64            `json:"bytes"`
	Held     map[string]int64 `json:"ledger"`
	Rows     int64            `json:"rows_counted"`
	Actions  int64            `json:"actions"`
	Broken   string           `json:"actions_broken,omitempty"`
	Nowhere  []string         `json:"not_found"`
	Unlisted int64            `json:"log_files_unlisted"`
	Trails   []jsonTrail      `json:"trails"`
	Problems []jsonProblem    `json:"problems"`
	Omitted  int64            `json:"problems_left_out,omitempty"`
	Notes    []string         `json:"notes"`
}

type jsonTrail struct {
	Trail   string           `json:"trail"`
	Digests map[string]int64 `json:"digests"`
	Logs    map[string]int64 `json:"log_files"`
	Spans   []jsonSpan       `json:"spans"`
}

type jsonSpan struct {
	From  *time.Time `json:"from"`
	To    *time.Time `json:"to"`
	State string     `json:"state"`
	Why   string     `json:"why,omitempty"`
}

type jsonProblem struct {
	Verdict string `json:"verdict"`
	Name    string `json:"name"`
	Reason  string `json:"reason"`
}

type jsonSource struct {
	Source     string     `json:"source"`
	Files      int64      `json:"files"`
	Bytes      int64      `json:"bytes"`
	Records    int64      `json:"records"`
	Rows       int64      `json:"rows"`
	Duplicates int64      `json:"duplicates"`
	Rejects    int64      `json:"rejects"`
	First      *time.Time `json:"first_time"`
	Last       *time.Time `json:"last_time"`
}

type jsonAside struct {
	Path    string `json:"path"`
	Source  string `json:"source,omitempty"`
	Reason  string `json:"reason"`
	Place   string `json:"place,omitempty"`
	Rejects int64  `json:"rejects"`
}

type jsonQuery struct {
	ID      string            `json:"id,omitempty"`
	Title   string            `json:"title"`
	Outcome string            `json:"outcome,omitempty"`
	Reason  string            `json:"reason,omitempty"`
	SQL     string            `json:"sql"`
	Params  map[string]string `json:"parameters"`
	Rows    int64             `json:"rows"`
	Seconds float64           `json:"seconds"`
}

// JSON writes the report as one object. Characters that could act on a terminal,
// or hide, are \uNNNN.
func JSON(w io.Writer, d Data) error {
	text, err := custody.Encode(jsonOf(d))
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if _, err := w.Write(visible(text)); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// visible escapes what encoding/json leaves as it is. Beyond ASCII there is
// nothing but within strings.
func visible(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for i := 0; i < len(text); {
		if c := text[i]; c < utf8.RuneSelf && c != 0x7f {
			out, i = append(out, c), i+1
			continue
		}
		_, n := utf8.DecodeRune(text[i:])
		quoted := render.AppendJSON(nil, string(text[i:i+n]))
		out, i = append(out, quoted[1:len(quoted)-1]...), i+n
	}
	return out
}

func moment(t time.Time) *time.Time { return custody.Moment(t) }

// some is a list that is not nil.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// each makes one list of another.
func each[A, B any](list []A, f func(A) B) []B {
	out := make([]B, len(list))
	for i, x := range list {
		out[i] = f(x)
	}
	return out
}

func counts(list []Tally) map[string]int64 {
	out := map[string]int64{}
	for _, t := range list {
		out[t.Verdict] += t.Count
	}
	return out
}

func columnsOf(list []value.Column) []jsonColumn {
	return each(list, func(c value.Column) jsonColumn { return jsonColumn(c) })
}

// cellsOf are cells as JSON, huge ones cut as in the other forms.
func cellsOf(row []any) json.RawMessage {
	cells := make([]any, len(row))
	for i, c := range row {
		if cells[i] = c; len(render.Text(c)) > longestCell {
			cells[i] = cellText(c)
		}
	}
	return render.AppendJSON(nil, cells)
}

func queryOf(id, title string, sql string, params []Param, rows int64, took time.Duration) jsonQuery {
	q := jsonQuery{ID: id, Title: title, SQL: sql, Params: map[string]string{}, Rows: rows, Seconds: took.Seconds()}
	for _, p := range params {
		q.Params[p.Name] = p.Value
	}
	return q
}

func entitiesOf(list []Entity) []jsonEntity {
	return each(list, func(e Entity) jsonEntity {
		return jsonEntity{e.Name, e.Events, e.Denied, moment(e.First), moment(e.Last), some(e.Sources), e.Note}
	})
}

func (d Data) jsonFinding(f Finding) jsonFinding {
	rows := f.Rows[:min(MaxRows, len(f.Rows))]
	out := jsonFinding{Hunt: f.Hunt, Title: f.Title, Severity: string(f.Severity), Attack: some(f.Attack), Tactics: some(tactics(f.Attack)), Hits: f.Count,
		First: moment(f.First), Last: moment(f.Last), Meaning: f.Meaning, Noise: f.Noise, Citation: f.Citation, Columns: columnsOf(f.Columns),
		Rows: []jsonRow{}, Omitted: max(0, f.Count-int64(len(rows))),
		Next: each(f.Next, func(n Next) jsonNext { return jsonNext{n.Hunt, n.Title, d.command(n.Args...)} })}
	for i, row := range rows {
		r := jsonRow{Cells: cellsOf(row)}
		if i < len(f.Records) && f.Records[i].FileID != 0 {
			x := f.Records[i]
			r.Record = &jsonRecord{x.FileID, x.RecordNo, x.Path, x.Exact, x.Matches, x.Text, x.Cut, x.Why}
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

func jsonOf(d Data) object {
	t := total(d.Sources)
	o := object{Type: Type, Case: d.Case, Version: d.Version, Generated: moment(d.Generated), Since: moment(d.Since), Until: moment(d.Until),
		Principals: entitiesOf(d.Principals), Addresses: entitiesOf(d.Addresses), Notes: some(d.Notes)}
	s := &o.Summary
	s.Severities, s.Hunts = map[string]int{}, map[string]int{}
	for _, c := range bySeverity(d.Findings) {
		s.Severities[string(c.Severity)] += c.Count
	}
	for outcome, n := range outcomes(d.Hunts) {
		s.Hunts[string(outcome)] = n
	}
	s.Files, s.Bytes, s.Records, s.Rows, s.First, s.Last = t.Files, t.Bytes, t.Records, t.Rows, moment(t.First), moment(t.Last)
	s.Evidence, _ = d.Verification.verdict()
	findings := sorted(d.Findings)
	o.Findings = each(findings, d.jsonFinding)
	m := layMatrix(findings)
	o.Attack = jsonAttack{m.Version, each(m.Columns, func(c tactic) jsonTactic {
		return jsonTactic{c.Short, c.Name, each(c.Cells, func(x technique) jsonTechnique {
			return jsonTechnique{x.ID, x.Name, string(x.Severity), x.Hits, x.Hunts}
		})}
	}), some(m.Unknown)}
	o.Timeline = jsonTimeline{moment(d.Timeline.Start), d.Timeline.Step.Seconds(), each(d.Timeline.Series, func(s Series) jsonSeries { return jsonSeries{s.Source, some(s.Counts)} })}
	o.Chains = jsonChains{each(d.Chains.Actors, func(a Actor) jsonActor { return jsonActor{a.Name, a.Kind, a.Account, a.Findings} }),
		each(d.Chains.Rows(), func(r chainRow) jsonAssumption {
			return jsonAssumption{r.From, r.To, r.Count, moment(r.First), moment(r.Last)}
		}), d.Chains.statement()}
	if d.Traffic.Any {
		flows := func(f Flows) jsonFlows { return jsonFlows(f) }
		o.Traffic = &jsonTraffic{moment(d.Traffic.Start), d.Traffic.Step.Seconds(), each(d.Traffic.Out, flows), each(d.Traffic.In, flows)}
	}
	o.Kept = each(d.Kept, func(k Kept) jsonKept {
		q := queryOf(k.Hunt, k.Title, k.SQL, nil, k.Rows, 0)
		for _, p := range k.Parameters {
			q.Params[p.Name] = fmt.Sprint(p.Value)
		}
		return jsonKept{k.ID, moment(k.At), k.OSUser, k.Host, k.Name(), k.Hunt, k.Note, k.Rows, k.RowsSHA256, some(k.Faults), q, columnsOf(k.Columns),
			each(k.Sample[:min(MaxRows, len(k.Sample))], func(row []any) jsonRow { return jsonRow{Cells: cellsOf(row)} })}
	})
	o.Missing = each(d.Missing, func(g Gap) jsonGap {
		return jsonGap{g.Source, g.Kind, g.Where, moment(g.From), moment(g.To), g.Detail}
	})
	if d.Coverage.N > 0 {
		o.Coverage = coverageOf(d.Coverage)
	}
	o.Verification = d.verificationOf()
	o.Sources = each(d.Sources, func(s Source) jsonSource {
		return jsonSource{s.Name, s.Files, s.Bytes, s.Records, s.Rows, s.Duplicates, s.Rejects, moment(s.First), moment(s.Last)}
	})
	o.Aside = each(d.Aside, func(a Aside) jsonAside { return jsonAside(a) })
	o.Queries = each(d.Hunts, func(h Hunt) jsonQuery {
		q := queryOf(h.ID, h.Title, h.SQL, h.Params, h.Rows, h.Elapsed)
		q.Outcome, q.Reason = string(h.Outcome), h.Reason
		return q
	})
	o.Asked = each(d.Asked, func(a Asked) jsonQuery { return queryOf("", a.What, a.SQL, a.Params, a.Rows, a.Elapsed) })
	return o
}

func coverageOf(m coverage.Map) *jsonCoverage {
	return &jsonCoverage{moment(m.Start), m.Step.Seconds(), each(m.Rows, func(r coverage.Row) jsonCoverageRow {
		median := r.Median()
		return jsonCoverageRow{r.Source, r.Account, r.Region, each(r.Cells, func(c coverage.Cell) int64 { return c.Records }),
			each(r.Cells, func(c coverage.Cell) string { return heatClass[c.Of(median)] })}
	})}
}

func (d Data) verificationOf() jsonVerification {
	v := d.Verification
	_, verdict := v.verdict()
	out := jsonVerification{Done: v.Done, Why: v.Why, Sound: v.Sound, Verdict: verdict, Keys: v.Keys, Files: v.Files, Bytes: v.Bytes, Held: counts(v.Held), Rows: v.Rows,
		Actions: v.Actions, Broken: v.Broken, Nowhere: some(v.Nowhere), Unlisted: v.Unlisted, Omitted: v.Omitted, Notes: some(v.Notes),
		Problems: each(v.Problems, func(p Problem) jsonProblem { return jsonProblem{p.What, p.Name, p.Reason} })}
	if !v.Done {
		out.Command = d.command(v.Args...)
	}
	out.Trails = each(v.Trails, func(t Trail) jsonTrail {
		return jsonTrail{t.Name, counts(t.Digests), counts(t.Logs), each(t.Spans, func(s Stretch) jsonSpan {
			return jsonSpan{moment(s.From), moment(s.To), s.State, s.Why}
		})}
	})
	return out
}
