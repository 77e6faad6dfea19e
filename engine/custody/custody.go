// Package custody says who made what from which evidence: the record that goes
// with each file written, and the hashes it is made of.
//
// In: a file that is being written, and what is known of where its content
// comes from. Out: the file in its place, and beside it FILE.custody.json. It
// leaves asking the case to the store, and errors and notes to the command. It
// knows no DuckDB.
package custody

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"
)

// Suffix is what the name of a file's record adds to that of the file.
const Suffix = ".custody.json"

// Type stands in each record, by which a program tells that a file is one.
const Type = "logquarry-custody/1"

// By is who did something, where, when and with which version of the program.
type By struct {
	OSUser  string    `json:"os_user"`
	Host    string    `json:"host"`
	Version string    `json:"version"`
	At      time.Time `json:"at"` // UTC, microseconds
}

// Now is the user and machine of this process. A zero at is now.
func Now(version string, at time.Time) By {
	if at.IsZero() {
		at = time.Now()
	}
	b := By{Version: version, At: at.UTC().Truncate(time.Microsecond)}
	// What the system does not say stays empty.
	if u, err := user.Current(); err == nil {
		b.OSUser = u.Username
	}
	if host, err := os.Hostname(); err == nil {
		b.Host = host
	}
	return b
}

// State is what a case holds at one moment.
type State struct {
	Path       string `json:"path"`        // absolute
	Actions    int64  `json:"actions"`     // how many
	LastAction string `json:"last_action"` // hash of the last one, which covers all before it; empty: none
	Files      int64  `json:"evidence_files"`
	Ledger     string `json:"evidence_sha256"` // see [Ledger]
}

// Record is what FILE.custody.json holds.
type Record struct {
	Type string `json:"type"`
	File File   `json:"file"`
	By
	Command string     `json:"command"`           // such as hunt
	Args    []string   `json:"arguments"`         // as given
	Since   *time.Time `json:"since,omitempty"`   // the window of hunts
	Until   *time.Time `json:"until,omitempty"`   //
	Queries []Query    `json:"queries,omitempty"` // whose results the file holds, in order
	Parts   []Part     `json:"parts,omitempty"`   // of a folder, by path
	// Databases are those beside the case that were asked for the content.
	Databases []Database `json:"databases,omitempty"`
	// Case is nil where the content comes from none.
	Case *State `json:"case"`
}

// Database is a file that says what is known beside the logs: where an address
// is, whose it is.
type Database struct {
	Path   string    `json:"path"` // absolute
	Type   string    `json:"type"` // what it says it is, such as GeoLite2-City
	Built  time.Time `json:"built"`
	SHA256 string    `json:"sha256"`
	Bytes  int64     `json:"size_bytes"`
}

// File is the file a record is of.
type File struct {
	Name   string `json:"name"` // without the folder: it may be moved
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"size_bytes"`
	Format string `json:"format"`
	Rows   int64  `json:"rows"`
}

// Part is a file of a folder that was written as one. The folder's own SHA-256
// is the [Ledger] of its parts, each a [Line] with its path in the folder.
type Part struct {
	Path   string `json:"path"` // with slashes
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"size_bytes"`
}

// Query is a statement and what it gave.
type Query struct {
	Hunt       string      `json:"hunt,omitempty"` // id
	Title      string      `json:"title,omitempty"`
	SQL        string      `json:"sql"`
	Parameters []Parameter `json:"parameters,omitempty"`
	Rows       int64       `json:"rows"`
}

// Add notes that the rows of q went into the file.
func (r *Record) Add(q Query) {
	r.Queries = append(r.Queries, q)
	r.File.Rows += q.Rows
}

// Line is a file as it stands in a [Ledger]: its SHA-256 in hexadecimal, two
// blanks, its path. A file that could not be hashed has - for a hash; a
// backslash in the path is \\, the end of a line \n.
func Line(sum, path string) string {
	if sum == "" {
		sum = "-"
	}
	return sum + "  " + oneLine.Replace(path)
}

var oneLine = strings.NewReplacer(`\`, `\\`, "\n", `\n`)

// Ledger is the SHA-256 of lines in the order of their bytes, each ended by \n.
// It sorts them where they lie.
func Ledger(lines []string) string {
	slices.Sort(lines)
	h := sha256.New()
	for _, l := range lines {
		io.WriteString(h, l)
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Fields is the SHA-256 of texts, one a line, with the backslashes and line
// ends in them escaped as [Line] does.
func Fields(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		oneLine.WriteString(h, t)
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Encode is v as JSON for people and programs: indented, and with < > & as they
// are, for they stand in SQL.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// TextSum is the SHA-256 of a text.
func TextSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Sum is the SHA-256 and the size of the file at path. A file that changes
// while it is read is an error.
func Sum(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return "", 0, err
	}
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return "", 0, fmt.Errorf("hash %s: %w", path, err)
	}
	after, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	if size != after.Size() || !after.ModTime().Equal(before.ModTime()) {
		return "", 0, fmt.Errorf("hash %s: it was changed meanwhile", path)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
