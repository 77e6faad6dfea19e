// Package decode is what all decoders share: the account of one file while it
// is decoded. In: plain bytes of a file of a known source (from unpack). Out:
// cells in a [batch.Batch] and a [Tally]. The shapes are in the folders beside.
package decode

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"logquarry/engine/batch"
	"logquarry/engine/schema"
)

// MaxRecord is the longest record that is read, in bytes. CloudTrail's own
// limit is 256 KB an event (1 MB in Lake stores), WAF's about 1 MB a line; the
// rest is room for what others made of them. A longer one is a reject.
const MaxRecord = 64 << 20

// RawLimit is how many bytes of a reject are kept.
const RawLimit = 4096

// Reject is a part of a file that could not be read as a record.
type Reject struct {
	RecordNo int64  // its place among the file's records, from 1
	Line     int64  // the line it begins in, from 1
	Offset   int64  // of its first byte in the unpacked file
	Reason   string // what is wrong, and where
	Raw      []byte // the bytes themselves, at most RawLimit
}

// Tally is the account of one file. Records = Rows + Duplicates + rejects.
// Records of other sources in the same file and records outside the wanted
// times are not among Records; they are counted beside.
type Tally struct {
	FileID     int64 // goes into each row
	Number     int64 // of the last record, counted through the file from 1
	Records    int64
	Rows       int64
	Duplicates int64
	Rejected   int64
	Outside    int64 // not between since and until
	// Foreign counts records of other sources that stood in the file.
	Foreign map[string]int64
	// Repaired counts rows in which a value did not fit its column or had
	// bytes that are no text; the first such place is in Note.
	Repaired int64
	Note     string
	Format   string // the header line's field names, where there is one
	Bytes    int64  // of the unpacked file
	// Control counts messages of the carrier itself, which are no records: what
	// CloudWatch Logs sends to ask whether a destination is there.
	Control int64
	// First and Last are the earliest and latest event times among rows and
	// duplicates, in microseconds since 1970 UTC; both 0 where none has one.
	First, Last int64
	Rejects     []Reject // at most MaxRejects, and as many as Room allows
	// Origin is how the record at hand arrived; nil where it lies in the file
	// as it is.
	Origin *Origin
	// Room is how many bytes of memory the rejects of all files of a load that
	// are not yet written may take; nil: no bound.
	Room *atomic.Int64
}

// MaxRejects bounds how many rejects of one file are kept with their bytes;
// further ones are counted in Rejected.
const MaxRejects = 1000

// Reject records that a part of the file could not be read.
func (t *Tally) Reject(r Reject) {
	t.Records++
	t.Rejected++
	if len(r.Raw) > RawLimit {
		r.Raw = r.Raw[:RawLimit]
	}
	if len(t.Rejects) >= MaxRejects || t.Room != nil && t.Room.Add(-r.room()) < 0 {
		return
	}
	r.Raw = append([]byte(nil), r.Raw...)
	t.Rejects = append(t.Rejects, r)
}

// room is how many bytes of memory r takes.
func (r *Reject) room() int64 {
	const overhead = 256 // beside its bytes
	return int64(len(r.Raw) + overhead)
}

// Restart makes t the account of a file that is read from its beginning again.
func (t *Tally) Restart() {
	for i := range t.Rejects {
		if t.Room != nil {
			t.Room.Add(t.Rejects[i].room())
		}
	}
	*t = Tally{FileID: t.FileID, Room: t.Room}
}

// Repair notes that the row of the given record was kept with a change.
func (t *Tally) Repair(recordNo int64, what string) {
	t.Repaired++
	if t.Note == "" {
		t.Note = fmt.Sprintf("record %d: %s", recordNo, what)
	}
}

// Observe widens First and Last by an event time.
func (t *Tally) Observe(at int64) {
	if t.First == 0 && t.Last == 0 {
		t.First, t.Last = at, at
	}
	t.First, t.Last = min(t.First, at), max(t.Last, at)
}

// Keep decides about a decoded row before it is finished: false drops it. It
// may read the current row of b. It counts what it drops in t itself.
type Keep func(b *batch.Batch, t *Tally, recordNo int64) bool

// Decoder reads the records of one file after another. One goroutine uses it
// at a time.
type Decoder interface {
	// Reset starts on a new file, whose account is kept in t.
	Reset(r io.Reader, t *Tally)
	// Fill adds rows to b until it is full (false) or the file has ended
	// (true). An error means that the file could not be read further; rows
	// before it stand, and the tally says what was lost.
	Fill(b *batch.Batch) (done bool, err error)
	// Record skips to record recordNo and returns its bytes as they stand in
	// the file; io.EOF where the file has fewer records.
	Record(recordNo int64) ([]byte, error)
	// Begin starts on a new file whose records come as messages, and Message
	// hands over the next one, once Fill or Record has come to the end of the
	// one before. Its records are numbered on from the tally's Number.
	Begin(t *Tally)
	Message(m Message)
}

// Message is one record, or a few, taken out of what it arrived in.
type Message struct {
	// Text is valid until Fill or Record has come to its end.
	Text []byte
	// Offset and Line are where in the unpacked file the message begins.
	Offset, Line int64
	Origin       *Origin // valid as long as Text
}

// Origin is what the way of arrival says of a message. Empty: nothing.
type Origin struct {
	Via       string // the name of the way
	Log       bool   // it is a log event of CloudWatch Logs
	Owner     string // account
	Region    string
	LogGroup  string
	LogStream string
	ID        []byte // of the log event or envelope; valid as long as the message's text
	Time      int64  // of the log event or envelope, microseconds since 1970 UTC; 0: none
}

// Columns are the places of a source's columns in a batch: the source's own in
// their order, then extra, file_id and record_no.
type Columns struct {
	Extra, FileID, RecordNo int
	Time                    int // -1 where the source has no event time
	Key, State              []int

	arrivals []arrival // in the order they are tried
}

// Layout is where the columns of s stand in a batch.
func Layout(s *schema.Source) Columns {
	n := len(s.Columns)
	l := Columns{Extra: n, FileID: n + 1, RecordNo: n + 2, Time: -1}
	for i, c := range s.Columns {
		if c.Name == s.Time {
			l.Time = i
		}
		for _, name := range append([]string{c.From}, c.Also...) {
			if strings.HasPrefix(name, "@") && !schema.IsText(name) {
				l.arrivals = append(l.arrivals, arrival{i, name, c.Type.SQL() == "TIMESTAMP"})
			}
		}
	}
	places := func(names []string) (at []int) {
		for _, name := range names {
			for i, c := range s.Columns {
				if c.Name == name {
					at = append(at, i)
				}
			}
		}
		return at
	}
	l.Key, l.State = places(s.Key), places(s.State)
	return l
}

// Types are the column types of a batch for s, in Layout's order.
func Types(s *schema.Source) []schema.Type {
	var ts []schema.Type
	for _, c := range s.Columns {
		ts = append(ts, c.Type)
	}
	return append(ts, schema.JSONText, schema.Bigint, schema.Bigint)
}
