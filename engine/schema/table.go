package schema

import "strings"

// trailing are the columns every source's table has after its own. They are
// written by the loader, hence have no From.
var trailing = []Column{
	{Name: "extra", Type: JSONText, Compression: "zstd", Unit: "-", Doc: "Fields of the record that have no column, or whose value does not fit theirs, as one JSON object."},
	{Name: "file_id", Type: Bigint, Unit: "-", Doc: "File the row came from: evidence.file_id."},
	{Name: "record_no", Type: Bigint, Unit: "-", Doc: "Number of the record in that file, from 1; .raw shows the record itself."},
}

// AllColumns are the columns of the table in order: the source's own, then
// extra, file_id and record_no. The slice is new.
func (s *Source) AllColumns() []Column {
	out := make([]Column, 0, len(s.Columns)+len(trailing))
	out = append(out, s.Columns...)
	return append(out, trailing...)
}

// Column is the column of that exact name, trailing ones included.
func (s *Source) Column(name string) (Column, bool) {
	for _, cols := range [2][]Column{s.Columns, trailing} {
		for _, c := range cols {
			if c.Name == name {
				return c, true
			}
		}
	}
	return Column{}, false
}

// CreateTable is the statement that makes the source's table where it is not
// there yet, all names quoted, without a semicolon.
func (s *Source) CreateTable() string {
	return s.create(Quote(s.Name), func(c Column) string { return c.Type.SQL() })
}

func (s *Source) create(table string, sqlType func(Column) string) string {
	var b strings.Builder
	b.WriteString("CREATE TABLE IF NOT EXISTS " + table + " (")
	for i, c := range s.AllColumns() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  " + Quote(c.Name) + " " + sqlType(c))
		if c.Compression != "" {
			b.WriteString(" USING COMPRESSION " + c.Compression)
		}
	}
	b.WriteString("\n)")
	return b.String()
}

// Quote is name as an SQL identifier, quoted whether it needs it or not.
func Quote(name string) string {
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}
