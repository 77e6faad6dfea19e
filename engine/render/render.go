// Package render writes the rows of a query for people and for programs.
//
// Stage: the last one. In: rows of values. Out: text in one of the [Formats],
// written as the rows come, in constant memory. It leaves opening, replacing
// and naming files to the command, and knows nothing of terminals but the
// width and whether there is colour.
//
// The table is our own writer over go-runewidth: go-pretty holds every row
// before it draws the first, which a million rows can not afford.
//
// # What a value becomes
//
// Timestamps are RFC 3339 in UTC with as many fractional digits as they need.
// BLOBs are in DuckDB's spelling: printable ASCII, all else as \xAB. LIST,
// STRUCT and MAP are JSON. Numbers are written exactly and never defused,
// cut or quoted as text. NaN and the infinities are NaN, Infinity, -Infinity,
// and in JSON these words as strings: null there means NULL and nothing else.
//
// Logs are hostile. In table, line and markdown every text goes through
// [Escape]; markdown also neutralises pipes, backticks, HTML and links. JSON
// and NDJSON write controls, bidi and invisible characters as \uNNNN, which a
// reader turns back. TSV writes \t \n \r \\ and \xNN as PostgreSQL's COPY
// does. CSV keeps control characters, so that a reader gets the value back,
// unless [Options.Terminal] is set. Bytes that are not UTF-8 become \xNN, in
// JSON U+FFFD.
//
// In CSV and TSV a text, or a column's name, that begins with = + - @, their
// full-width forms, TAB, CR or LF has an apostrophe put before it, so that no
// spreadsheet runs it; one that
// begins with apostrophes and then one of these gets one more, so that taking
// one away always gives back the text. Numbers stay as they are.
package render

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"logquarry/engine/sqltext"
	"logquarry/engine/value"
)

// Format is the name of a way to write rows.
type Format string

const (
	// Table is columns for a terminal. NULL is ∅, an empty text is blank.
	Table Format = "table"
	// CSV has a header line, RFC 4180 quoting and lines ending in LF. NULL is
	// nothing at all, an empty text is "". A NULL alone in its row is thus an
	// empty line, which some readers skip.
	CSV Format = "csv"
	// TSV has a header line; NULL is \N, an empty text is nothing.
	TSV Format = "tsv"
	// JSON is one array of objects, keys in the order of the columns. When the
	// rows end in an error the array is left open, so that no reader takes the
	// part for the whole.
	JSON Format = "json"
	// NDJSON is one object a line.
	NDJSON Format = "ndjson"
	// Markdown is a GitHub table.
	Markdown Format = "markdown"
	// Line is one column a line, every value whole.
	Line Format = "line"
)

// Formats lists every format, the default first.
func Formats() []Format {
	return []Format{Table, CSV, TSV, JSON, NDJSON, Markdown, Line}
}

// UnknownFormatError says that a name is none of the [Formats].
type UnknownFormatError struct {
	Name    string
	Nearest Format // empty where none is near
}

func (e *UnknownFormatError) Error() string {
	if e.Nearest == "" {
		return fmt.Sprintf("unknown format %q", e.Name)
	}
	return fmt.Sprintf("unknown format %q: did you mean %s?", e.Name, e.Nearest)
}

// Hint lists the formats there are.
func (e *UnknownFormatError) Hint() string {
	names := make([]string, 0, len(Formats()))
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return "formats: " + strings.Join(names, ", ")
}

// ParseFormat reads the name of a format in any case. Its error is an
// [*UnknownFormatError].
func ParseFormat(name string) (Format, error) {
	lower := strings.ToLower(strings.TrimSpace(name))
	for _, f := range Formats() {
		if lower == string(f) {
			return f, nil
		}
	}
	return "", &UnknownFormatError{Name: name, Nearest: nearest(lower)}
}

// otherNames are what other tools call our formats.
var otherNames = map[string]Format{
	"md": Markdown, "jsonl": NDJSON, "jsonlines": NDJSON, "json-lines": NDJSON, "lines": Line,
	"vertical": Line, "expanded": Line, "text": Table, "txt": Table, "tab": TSV, "pretty": Table,
}

func nearest(name string) Format {
	if f, ok := otherNames[name]; ok {
		return f
	}
	var names []string
	for _, f := range Formats() {
		if len(name) > 1 && strings.HasPrefix(string(f), name) {
			return f
		}
		names = append(names, string(f))
	}
	best, _ := sqltext.Nearest(name, names)
	return Format(best)
}

// Options say how rows are written; the zero value is a plain, wide table.
type Options struct {
	Format Format // empty: Table
	// Width is the terminal's in columns. A table is fitted to it: texts are
	// cut with …, and where even that is too wide the last columns are left
	// out, which is said below the table. 0: nothing is cut or left out.
	Width int
	// Colour allows colour in table and line, and nothing else does.
	Colour bool
	// Footer ends table and line with the number of rows.
	Footer bool
	// Terminal says that the output is looked at rather than kept: CSV then
	// goes through EscapeTo. The other formats are always safe to look at.
	Terminal bool
	// Sample is how many rows a table's columns are sized on; 0: 200.
	Sample int
}

// writer is one format at work. begin comes first, then row for each row, then
// end, which is not called when the rows ended in an error; fail is, for what
// is still held back.
type writer interface {
	begin(columns []value.Column)
	row(cells []any)
	end(rows int64)
	fail()
}

// Write writes all rows to w and says how many. It does not close rows. The
// error of rows is returned as it is, after what came before it was written.
func Write(w io.Writer, rows value.Rows, opts Options) (n int64, err error) {
	if opts.Terminal && opts.Format == CSV {
		escaped := EscapeTo(w)
		defer func() {
			if closeErr := escaped.Close(); err == nil {
				err = closeErr
			}
		}()
		w = escaped
	}
	out := bufio.NewWriterSize(w, 64<<10)
	var format writer
	switch opts.Format {
	case Table, "":
		format = &tableWriter{out: out, opts: opts}
	case Line:
		format = &lineWriter{out: out, opts: opts}
	case CSV:
		format = &csvWriter{out: out}
	case TSV:
		format = &tsvWriter{out: out}
	case JSON:
		format = &jsonWriter{out: out, array: true}
	case NDJSON:
		format = &jsonWriter{out: out}
	case Markdown:
		format = &markdownWriter{out: out}
	default:
		return 0, &UnknownFormatError{Name: string(opts.Format), Nearest: nearest(string(opts.Format))}
	}
	if people := opts.Format == Table || opts.Format == Line || opts.Format == ""; people && isPlan(rows.Columns()) {
		format = &planWriter{out}
	}
	format.begin(rows.Columns())
	for rows.Next() {
		format.row(rows.Values())
		n++
		// A bufio.Writer keeps its first error; asking it with nothing to write
		// tells of a reader gone before the query has run to its end.
		if _, err := out.Write(nil); err != nil {
			return n, fmt.Errorf("write rows: %w", err)
		}
	}
	rowsErr := rows.Err()
	if rowsErr == nil {
		format.end(n)
	} else {
		format.fail()
	}
	if err := out.Flush(); err != nil && rowsErr == nil {
		return n, fmt.Errorf("write rows: %w", err)
	}
	return n, rowsErr
}
