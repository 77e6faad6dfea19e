package triage

import (
	"context"
	"encoding/json"
	"slices"

	"logquarry/engine/report"
	"logquarry/engine/value"
)

// How much of the evidence is read again to show records as they stand there.
const (
	originalsAll = 240       // records of a report
	largestAgain = 16 << 20  // bytes of a file, as it lies
	mostAgain    = 512 << 20 // bytes of all files
)

// wanted is a row whose record is looked for by its leading columns.
type wanted struct {
	Row       int64   `json:"k"`
	Micros    int64   `json:"t"`
	Source    string  `json:"s"`
	Principal *string `json:"p"`
	Address   *string `json:"i"`
}

// records finds out from which record each row of a finding comes: its columns
// file_id and record_no say so, or else the first record of its time, source,
// principal and address does.
func (t *triage) records(ctx context.Context) error {
	var list []wanted
	var rows [][2]int
	for f := range t.d.Findings {
		x := &t.d.Findings[f]
		x.Records = make([]report.Record, len(x.Rows))
		at := func(name string) int {
			return slices.IndexFunc(x.Columns, func(c value.Column) bool { return c.Name == name })
		}
		file, no := at("file_id"), at("record_no")
		when, source, principal, address := at("time"), at("source"), at("principal"), at("src_ip")
		for i, row := range x.Rows {
			if file >= 0 && no >= 0 {
				if id, ok := row[file].(int64); ok {
					x.Records[i] = report.Record{FileID: id, RecordNo: value.Int(row[no]), Exact: true}
				}
				continue
			}
			if when < 0 || source < 0 || value.Time(row[when]).IsZero() {
				continue
			}
			text := func(column int) *string {
				if column < 0 || value.Text(row[column]) == "" {
					return nil
				}
				s := value.Text(row[column])
				return &s
			}
			list = append(list, wanted{int64(len(rows)), value.Time(row[when]).UnixMicro(), value.Text(row[source]), text(principal), text(address)})
			rows = append(rows, [2]int{f, i})
		}
	}
	if len(list) > 0 {
		text, err := json.Marshal(list)
		if err != nil {
			return err
		}
		err = t.each(ctx, `
			WITH w AS (SELECT unnest(from_json($wanted, '[{"k":"BIGINT","t":"BIGINT","s":"VARCHAR","p":"VARCHAR","i":"VARCHAR"}]'), recursive := true))
			SELECT w.k, count(*), min(e.file_id), min_by(e.record_no, (e.file_id, e.record_no))
			FROM w JOIN events e ON e.event_time = make_timestamp(w.t) AND e.source = w.s
			WHERE (w.p IS NULL OR e.principal = w.p) AND (w.i IS NULL OR e.src_ip = w.i)
			GROUP BY w.k`, map[string]any{"wanted": string(text)}, func(v []any) {
			at := rows[value.Int(v[0])]
			t.d.Findings[at[0]].Records[at[1]] = report.Record{Matches: value.Int(v[1]), FileID: value.Int(v[2]), RecordNo: value.Int(v[3])}
		})
		if err != nil {
			return err
		}
	}
	return t.originals(ctx)
}

// originals names the files of the records, and reads some of the records again.
func (t *triage) originals(ctx context.Context) error {
	type file struct {
		path  string
		bytes int64
	}
	files := map[int64]*file{}
	for _, f := range t.d.Findings {
		for _, r := range f.Records {
			files[r.FileID] = &file{}
		}
	}
	err := t.each(ctx, "SELECT file_id, path, bytes FROM evidence", nil, func(v []any) {
		if f := files[value.Int(v[0])]; f != nil {
			f.path, f.bytes = value.Text(v[1]), value.Int(v[2])
		}
	})
	if err != nil {
		return err
	}
	records, read := 0, int64(0)
	for f := range t.d.Findings {
		for i := range t.d.Findings[f].Records {
			r := &t.d.Findings[f].Records[i]
			if r.FileID == 0 {
				continue
			}
			from := files[r.FileID]
			r.Path = from.path
			if t.o.Original == nil || i >= report.OriginalsOf || records >= originalsAll || from.bytes > largestAgain || read+from.bytes > mostAgain {
				continue
			}
			records, read = records+1, read+from.bytes
			text, err := t.o.Original(ctx, r.FileID, r.RecordNo)
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil:
				r.Why = err.Error()
			default:
				r.Text = string(text[:min(len(text), report.MaxOriginal)])
				r.Cut = int64(len(text) - len(r.Text))
			}
		}
	}
	return nil
}
