// Package schema reads the descriptions of log sources: schemas/<source>/source.yaml.
//
// In: a file system with one folder a source. Out: checked [Source] values, from
// which the tables, the decoders' plans, recognition, documentation and
// completion are made. It leaves running SQL to store and reading logs to decode.
package schema

// Shape is how the records of a source lie in its plain bytes.
type Shape string

const (
	// JSON is objects, however they are strung together: in an array under one
	// of [Source.Records], in a bare array, one a line, or one after another.
	JSON Shape = "json"
	// Delimited is one record a line, fields parted by runs of blanks, with
	// an optional header line of field names.
	Delimited Shape = "delimited"
)

// Type is what a column holds and how its text is read.
type Type string

const (
	Varchar     Type = "varchar"      // text
	JSONText    Type = "json"         // VARCHAR holding one JSON document
	Timestamp   Type = "timestamp"    // TIMESTAMP in UTC, read from ISO 8601
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
	// For Delimited the field's name in the header line.
	From string `yaml:"from"`
	Type Type   `yaml:"type"`
	// Compression forces one DuckDB compression method, which spares the load
	// trying them all; empty leaves the choice to DuckDB.
	Compression string `yaml:"compression"`
	// Rare says that most files have no such field. A column nobody fills costs
	// a load as much as one that is full, so a rare one gets storage of its own
	// only once a file with a header names it; until then its values stand in
	// extra, and the source's view reads them from there.
	Rare bool   `yaml:"rare"`
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
	// Line is a regular expression for a data line without a header.
	Line string `yaml:"line"`
	// Path holds regular expressions, tried on the slash-separated path.
	Path []string `yaml:"path"`
}

// Source is one kind of log and the table it is loaded into.
type Source struct {
	Name      string    `yaml:"name"` // folder, table
	Title     string    `yaml:"title"`
	Doc       string    `yaml:"doc"`
	Cite      string    `yaml:"cite"`
	Shape     Shape     `yaml:"shape"`
	Parquet   bool      `yaml:"parquet"` // also delivered as Parquet, "-" in names written "_"
	Records   []string  `yaml:"records"` // JSON: keys whose array holds the records
	Recognise Recognise `yaml:"recognise"`
	// Default is the field order of a Delimited file without a header line.
	Default []string `yaml:"default"`
	// Absent is the text that stands for no value in a Delimited field.
	Absent string `yaml:"absent"`
	// Time is the column of the event time.
	Time string `yaml:"time"`
	// Key are the columns that together name one event: a second row with the
	// same key, none of them NULL, is a duplicate. Empty: no duplicates.
	Key     []string `yaml:"key"`
	Columns []Column `yaml:"columns"`

	Views string `yaml:"-"` // the text of views.sql
}
