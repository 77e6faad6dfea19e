package custody

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"logquarry/engine/value"
)

// Finding is a result that was kept in a case.
type Finding struct {
	ID int64
	By
	// Query is what it is the result of, with the number of its rows.
	Query
	Note    string
	Columns []value.Column
	// RowsSHA256 is the hash of the rows, which does not depend on their order:
	// the [Ledger] of the [RowSum] of each.
	RowsSHA256 string
}

// RowSum is the SHA-256 of a row's cells, a JSON array as they are stored.
func RowSum(cells string) string { return TextSum(cells) }

// Cells are the cells of a row to be shown: nil, bool, string, value.Number; a
// list or a document is its JSON.
func Cells(cells string) ([]any, error) {
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(cells), &raw); err != nil {
		return nil, fmt.Errorf("cells of a kept row: %w", err)
	}
	out := make([]any, len(raw))
	for i, r := range raw {
		switch r[0] {
		case 'n':
		case 't', 'f':
			out[i] = r[0] == 't'
		case '"':
			var s string
			if err := json.Unmarshal(r, &s); err != nil {
				return nil, fmt.Errorf("cells of a kept row: %w", err)
			}
			out[i] = s
		case '[', '{':
			out[i] = string(r)
		default:
			out[i] = value.Number(r)
		}
	}
	return out, nil
}

// findingTime is how the time stands in the hash: microseconds, as DuckDB keeps them.
const findingTime = "2006-01-02T15:04:05.000000Z"

// Hash is the SHA-256 over all that the finding says, its rows by their hash.
func (f *Finding) Hash() string {
	return Fields(strconv.FormatInt(f.ID, 10), f.At.UTC().Format(findingTime), f.OSUser, f.Host, f.Version, f.Hunt, f.Title, f.Note,
		f.SQL, f.ParametersJSON(), f.ColumnsJSON(), strconv.FormatInt(f.Rows, 10), f.RowsSHA256)
}

// ParametersJSON are the parameters as they are stored.
func (f *Finding) ParametersJSON() string { return list(f.Parameters) }

type column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// ColumnsJSON are the columns as they are stored.
func (f *Finding) ColumnsJSON() string {
	var all []column
	for _, c := range f.Columns {
		all = append(all, column(c))
	}
	return list(all)
}

// list is JSON of a list; none is an empty one.
func list[T any](all []T) string {
	if all == nil {
		return "[]"
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic("custody: internal error: " + err.Error())
	}
	return string(text)
}

// SetJSON reads parameters and columns as they are stored.
func (f *Finding) SetJSON(parameters, columns string) error {
	f.Parameters, f.Columns = nil, nil
	if err := json.Unmarshal([]byte(parameters), &f.Parameters); err != nil {
		return err
	}
	var all []column
	if err := json.Unmarshal([]byte(columns), &all); err != nil {
		return err
	}
	for _, c := range all {
		f.Columns = append(f.Columns, value.Column(c))
	}
	if len(f.Parameters) == 0 {
		f.Parameters = nil
	}
	return nil
}

// KeptDetail is the detail of the action that keeps a finding.
type KeptDetail struct {
	Finding    int64  `json:"finding"`
	SHA256     string `json:"sha256"` // [Finding.Hash]
	Title      string `json:"title,omitempty"`
	Hunt       string `json:"hunt,omitempty"`
	Rows       int64  `json:"rows"`
	RowsSHA256 string `json:"rows_sha256"`
}

// Detail is what the action says that keeps f.
func (f *Finding) Detail() KeptDetail {
	return KeptDetail{f.ID, f.Hash(), f.Title, f.Hunt, f.Rows, f.RowsSHA256}
}

// Moment is t, or nil where it is zero.
func Moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// Checked is a finding compared with what it is today.
type Checked struct {
	Finding
	// Faults say what of the finding itself is not as it was kept, and why its
	// query could not be run.
	Faults []string
	// Columns say how the columns of today's answer differ.
	Columns        []string
	Now            int64 // rows of today's answer
	Added, Removed int64 // rows that only today's answer has, and that it has not
	// Reordered: the same rows in another order than the query's ORDER BY gave
	// them then. Rows it does not tell apart may come in any order.
	Reordered bool
}

// Same reports whether nothing changed.
func (c *Checked) Same() bool {
	return len(c.Faults)+len(c.Columns) == 0 && c.Added+c.Removed == 0
}

// String says what changed, in one line.
func (c *Checked) String() string {
	parts := append([]string(nil), c.Faults...)
	for _, text := range c.Columns {
		parts = append(parts, "column "+text)
	}
	if c.Added+c.Removed > 0 {
		parts = append(parts, fmt.Sprintf("its query gives %s now, kept were %d: %d added, %d removed", rows(c.Now), c.Rows, c.Added, c.Removed))
	}
	switch {
	case len(parts) > 0:
		return strings.Join(parts, "; ")
	case c.Reordered:
		return "same rows, in another order"
	}
	return "same"
}

func rows(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.FormatInt(n, 10) + " rows"
}
