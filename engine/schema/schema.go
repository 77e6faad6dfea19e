// Package schema reads the descriptions of log sources: schemas/<source>/source.yaml.
//
// In: a file system with one folder a source. Out: checked [Source] values, from
// which the tables, the decoders' plans, recognition, documentation and
// completion are made. It leaves running SQL to store and reading logs to decode.
package schema

import "slices"

// Shape is how the records of a source lie in its plain bytes.
type Shape string

const (
	// JSON is objects, however they are strung together: in an array under one
	// of [Source.Records], in a bare array, one a line, or one after another.
	JSON Shape = "json"
	// Delimited is one record a line, fields parted by runs of blanks or by
	// [Source.Separator], with an optional header line of field names. A field
	// may be in double quotes; one of a time may be in square brackets.
	Delimited Shape = "delimited"
	// W3C is the extended log file format: a #Fields: line names the fields,
	// which are parted by tabs (or [Source.Separator]).
	W3C Shape = "w3c"
	// CSV is comma-separated values after RFC 4180, with a header line; a field
	// in quotes may hold line ends.
	CSV Shape = "csv"
	// Regex is records that one of [Source.Patterns] fits, whose named groups
	// are the fields. A record is a line, or all lines from one that
	// [Source.Begin] fits up to the next such.
	Regex Shape = "regex"
)

// Keep is the value of [Source.Unmatched] that keeps records no pattern fits.
const Keep = "keep"

// NoTime stands for the column of the event time where a source has none.
const NoTime = "none"

// The values of [Column.Part].
const (
	Address = "address"
	Port    = "port"
)

// Type is what a column holds and how its text is read.
type Type string

const (
	Varchar  Type = "varchar" // text
	JSONText Type = "json"    // VARCHAR holding one JSON document
	// Timestamp is a TIMESTAMP in UTC, read from a date and time as text (see
	// decode.Time), or from a number of seconds, milliseconds or microseconds
	// since 1970, told apart by their size.
	Timestamp   Type = "timestamp"
	TimestampS  Type = "timestamp_s"  // TIMESTAMP, read from epoch seconds
	TimestampMS Type = "timestamp_ms" // TIMESTAMP, read from epoch milliseconds
	Integer     Type = "integer"
	Bigint      Type = "bigint"
	Double      Type = "double"
	Boolean     Type = "boolean"
)

// SQL is the DuckDB type of a column of type t.
func (t Type) SQL() string {
	switch t {
	case Timestamp, TimestampS, TimestampMS:
		return "TIMESTAMP"
	case Integer:
		return "INTEGER"
	case Bigint:
		return "BIGINT"
	case Double:
		return "DOUBLE"
	case Boolean:
		return "BOOLEAN"
	default:
		return "VARCHAR"
	}
}

// Column is one column of a source's table.
type Column struct {
	Name string `yaml:"name"` // snake_case
	// From is AWS's own field. For JSON a path of keys parted by dots
	// (userIdentity.arn). Two steps reach into arrays of objects:
	// headers[name=host].value is the value of the first element whose name is
	// host, in any case; labels[].name is the JSON list of all names.
	// For the other shapes the field's name in the header line or pattern; where
	// no field has a name with a blank in it, the two that it parts are joined by
	// one, as the date and time of W3C.
	// A name with @ in front is not a field but how the record arrived (see
	// [Arrivals]).
	From string `yaml:"from"`
	// Also are other places of the same value, tried where From has none: the
	// spelling of another delivery.
	Also []string `yaml:"also"`
	Type Type     `yaml:"type"`
	// Opened says that a JSON text may itself stand in a string, out of which
	// it is taken.
	Opened bool `yaml:"opened"`
	// OpenedMembers says the same of each member of the object that the field is.
	OpenedMembers bool `yaml:"opened_members"`
	// Quoted says that the field From comes in double quotes. For Delimited that
	// tells where a field ends that has quotes inside; for Regex the field may
	// come without, and quotes around it are taken off, those inside, which are
	// doubled, made single.
	Quoted bool `yaml:"quoted"`
	// Padded says that the field From may be filled up with blanks, which are
	// none of its value. For Regex.
	Padded bool `yaml:"padded"`
	// Items says that the field is a list of items in double quotes with commas
	// between them and no blanks, which is kept as it stands. For Delimited.
	Items bool `yaml:"items"`
	// Part is the part of a field address:port that the column takes, "address"
	// or "port"; the two may share From. Empty: all of it.
	Part string `yaml:"part"`
	// Absent is a further text that stands for no value in this field.
	Absent string `yaml:"absent"`
	// Compression forces one DuckDB compression method, which spares the load
	// trying them all; empty leaves the choice to DuckDB.
	Compression string `yaml:"compression"`
	// Rare says that most files have no such field. A column nobody fills costs
	// a load as much as one that is full, so a rare one gets storage of its own
	// only once a file with a header names it; until then its values stand in
	// extra, and the source's view reads them from there.
	Rare bool `yaml:"rare"`
	// Late says that only some forms of the log have the field: those of another
	// engine, another version, another kind of record. It has no storage until a
	// load comes upon a value; until then the view says NULL. Where it has
	// storage it is a column like others: extra has nothing to do with it.
	Late bool   `yaml:"late"`
	Unit string `yaml:"unit"` // "-" where the value has none
	Doc  string `yaml:"doc"`
	Cite string `yaml:"cite"` // empty: the source's own Cite
}

// Recognise tells files of a source by their content, then by their name.
type Recognise struct {
	// All, Any and None are field names at the top level of a record (JSON),
	// in the header line (Delimited) or columns of a Parquet file: every one
	// of All, at least one of Any where Any is not empty, none of None.
	All  []string `yaml:"all"`
	Any  []string `yaml:"any"`
	None []string `yaml:"none"`
	// Line is a regular expression for a data line without a header. For Regex
	// the patterns themselves where empty.
	Line string `yaml:"line"`
	// With is another source whose files bear the same names: a name alone tells
	// that one, the content this.
	With string `yaml:"with"`
	// Group holds regular expressions for the log group of a message that came
	// through CloudWatch Logs and whose content no source knows.
	Group []string `yaml:"group"`
	// Messages says that the source takes every message of CloudWatch Logs that
	// no other source knows.
	Messages bool `yaml:"messages"`
	// Path holds regular expressions, tried on the slash-separated path.
	Path []string `yaml:"path"`
}

// Names reports whether a record with the names for which has is true is one of
// the source, as far as names tell.
func (r *Recognise) Names(has func(name string) bool) bool {
	lacks := func(name string) bool { return !has(name) }
	return !slices.ContainsFunc(r.All, lacks) && !slices.ContainsFunc(r.None, has) && (len(r.Any) == 0 || slices.ContainsFunc(r.Any, has))
}

// Source is one kind of log and the table it is loaded into.
type Source struct {
	Name      string    `yaml:"name"` // folder, table
	Title     string    `yaml:"title"`
	Doc       string    `yaml:"doc"`
	Cite      string    `yaml:"cite"`
	Shape     Shape     `yaml:"shape"`
	Parquet   bool      `yaml:"parquet"` // also delivered as Parquet, "-" in names written "_"
	Records   []string  `yaml:"records"` // keys of an object whose array holds the records; for JSON, and for Regex that also comes as objects
	Fold      bool      `yaml:"fold"`    // JSON: keys name their columns in any case
	Recognise Recognise `yaml:"recognise"`
	// Default is the field order of a file without a header line.
	Default []string `yaml:"default"`
	// Least is the smallest number of fields of a line without a header; 0: all
	// of Default. A line may have more than Default: they are kept in extra.
	Least int `yaml:"least"`
	// Separator is the one character between fields; empty: the shape's own.
	Separator string `yaml:"separator"`
	// Patterns are the regular expressions of a Regex source; the first that
	// fits a record counts. Begin fits the first line of a record of several.
	Patterns []string `yaml:"patterns"`
	Begin    string   `yaml:"begin"`
	// Unmatched, where it is [Keep], makes a row also of a Regex record that no
	// pattern fits.
	Unmatched string `yaml:"unmatched"`
	// Absent is the text that stands for no value in a field.
	Absent string `yaml:"absent"`
	// Time is the column of the event time; empty, in the file [NoTime], for a
	// source of what is there, not of what happened: it is loaded whatever the
	// time that is asked for.
	Time string `yaml:"time"`
	// Key are the columns that together name one event: a second row with the
	// same key, none of them NULL, is a duplicate. Empty: no duplicates.
	Key []string `yaml:"key"`
	// State are columns in which rows of the same key differ without being
	// duplicates of each other: what became of the event. NULL is a state too.
	State   []string `yaml:"state"`
	Columns []Column `yaml:"columns"`

	Views    string `yaml:"-"` // the text of views.sql
	Examples string `yaml:"-"` // the text of examples.sql
}

// Arrivals are the names, beginning with @, that From and Also may bear beside
// fields: what the way of arrival says of a record, and its text as a whole.
var Arrivals = []Arrival{
	{Name: "@time", Doc: "When the log event happened, as CloudWatch Logs or EventBridge says; of an answer that quarry fetched, when it came."},
	{Name: "@log_group", Doc: "Log group of CloudWatch Logs."},
	{Name: "@log_stream", Doc: "Log stream of CloudWatch Logs."},
	{Name: "@owner", Doc: "Account whose log group or event bus it came from, or that was asked."},
	{Name: "@region", Doc: "Region that was asked, of an answer that quarry fetched."},
	{Name: "@id", Doc: "Id of the log event or the envelope."},
	{Name: "@via", Doc: "How the record arrived."},
	{"@message", "The record's whole text (shape regex).", true},
	{"@unmatched", "The record's whole text where no pattern fits it (shape regex).", true},
	{"@json", "The record's whole text where that is one JSON object or array (shape regex).", true},
}

// Arrival is one such name.
type Arrival struct {
	Name, Doc string
	Text      bool // it is about the record's own text, which the decoder gives
}

// IsText reports whether a name in From or Also is an [Arrival] about the text.
func IsText(from string) bool {
	return slices.ContainsFunc(Arrivals, func(a Arrival) bool { return a.Name == from && a.Text })
}
