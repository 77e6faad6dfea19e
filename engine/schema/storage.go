package schema

import (
	"fmt"
	"strconv"
	"strings"
)

// StorageSchema is the SQL schema of the tables that hold the sources' rows.
// Under its own name a source is a view over its table, with every column.
const StorageSchema = "stored"

// StorageTable is the table that holds the rows of s, as an SQL name.
func (s *Source) StorageTable() string { return StorageSchema + "." + Quote(s.Name) }

// Stored is s with the columns only that have storage of their own: those neither
// rare nor late, and those for which also is true.
func (s *Source) Stored(also func(name string) bool) *Source {
	return s.only(func(c Column) bool { return !c.Rare && !c.Late || also(c.Name) })
}

// Decoded is s with the columns only that decoders give values: a load watches
// those that are late. The values of rare ones for which stored is false are
// kept in extra.
func (s *Source) Decoded(stored func(name string) bool) *Source {
	return s.only(func(c Column) bool { return !c.Rare || stored(c.Name) })
}

func (s *Source) only(want func(c Column) bool) *Source {
	x := *s
	x.Columns = nil
	for _, c := range s.Columns {
		if want(c) {
			x.Columns = append(x.Columns, c)
		}
	}
	return &x
}

// StoredType is the SQL type a column is stored as. A time that the log gives in
// seconds is stored in seconds, a third of the size of microseconds; the view
// shows it as a TIMESTAMP. The event time stays one in storage too: filters on
// it must reach the table as they are.
func (s *Source) StoredType(c Column) string {
	if c.Type == TimestampS && c.Name != s.Time {
		return "TIMESTAMP_S"
	}
	return c.Type.SQL()
}

// CreateStorage is the statement that makes the table of the columns of s,
// which is what [Source.Stored] returned.
func (s *Source) CreateStorage() string { return s.create(s.StorageTable(), s.StoredType) }

// CreateView is the statement that makes the view of a source over its table,
// which has the stored columns.
func (s *Source) CreateView(stored func(name string) bool) string {
	// The objects that decoders look into: the parents of stored columns.
	open := map[string]bool{}
	for _, c := range s.Decoded(stored).Columns {
		for _, from := range c.places() {
			for at, r := range from {
				if r == '.' {
					open[from[:at]] = true
				}
			}
		}
	}
	var cols []string
	for _, c := range s.AllColumns() {
		if c.Late && !stored(c.Name) {
			cols = append(cols, fmt.Sprintf("CAST(NULL AS %s) AS %s", c.Type.SQL(), Quote(c.Name)))
			continue
		}
		own := Quote(c.Name)
		if s.StoredType(c) != c.Type.SQL() {
			own = fmt.Sprintf("CAST(%s AS %s)", own, c.Type.SQL())
		}
		if stored(c.Name) && !c.Rare || c.From == "" {
			cols = append(cols, own+" AS "+Quote(c.Name))
			continue
		}
		var exprs []string
		if stored(c.Name) {
			// Files whose header did not name it can have it all the same.
			exprs = append(exprs, own)
		}
		for _, from := range c.places() {
			exprs = append(exprs, c.fromExtra(s.steps(from), open))
		}
		expr := exprs[0]
		if len(exprs) > 1 {
			expr = "coalesce(" + strings.Join(exprs, ", ") + ")"
		}
		cols = append(cols, fmt.Sprintf("%s AS %s", expr, Quote(c.Name)))
	}
	return fmt.Sprintf("-- %s\nCREATE OR REPLACE VIEW %s AS\nSELECT %s\nFROM %s",
		s.Title, Quote(s.Name), strings.Join(cols, ",\n  "), s.StorageTable())
}

// places are From and Also.
func (c Column) places() []string { return append([]string{c.From}, c.Also...) }

// steps takes a place apart: only JSON has objects in objects.
func (s *Source) steps(from string) []string {
	if s.Shape != JSON {
		return []string{from}
	}
	return strings.Split(from, ".")
}

// fromExtra reads the column out of extra, where decoders keep what has no
// storage: under its dotted path as far as they looked into objects, the rest
// as it stood in the log.
func (c Column) fromExtra(steps []string, open map[string]bool) string {
	key, rest := steps[0], steps[1:]
	for len(rest) > 0 && open[key] {
		key, rest = key+"."+rest[0], rest[1:]
	}
	path := "$." + strconv.Quote(key)
	for _, step := range rest {
		path += "." + strconv.Quote(step)
	}
	path = "'" + strings.ReplaceAll(path, "'", "''") + "'"
	text := fmt.Sprintf("json_extract_string(extra, %s)", path)
	switch c.Type {
	case JSONText:
		return fmt.Sprintf("CAST(json_extract(extra, %s) AS VARCHAR)", path)
	case TimestampS:
		return fmt.Sprintf("make_timestamp(TRY_CAST(%s AS BIGINT) * 1000000)", text)
	case TimestampMS:
		return fmt.Sprintf("make_timestamp(TRY_CAST(%s AS BIGINT) * 1000)", text)
	case Varchar:
		return text
	default:
		return fmt.Sprintf("TRY_CAST(%s AS %s)", text, c.Type.SQL())
	}
}
