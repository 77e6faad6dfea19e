package load

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"logquarry/engine/decode"
	"logquarry/engine/find"
)

// span is a stretch of time in microseconds since 1970 UTC: from <= t < to.
type span struct{ from, to int64 }

var everything = span{math.MinInt64, math.MaxInt64}

func spanOf(since, until time.Time) span {
	s := everything
	if !since.IsZero() {
		s.from = since.UnixMicro()
	}
	if !until.IsZero() {
		s.to = until.UnixMicro()
	}
	return s
}

func (s span) holds(t int64) bool { return s.from <= t && t < s.to }

// hull is the shortest span that holds both.
func (s span) hull(o span) span { return span{min(s.from, o.from), max(s.to, o.to)} }

// entry is a row of the table evidence.
type entry struct {
	fileID       int64
	path         string
	local        string // not in the table
	source       string
	by           string
	status       string
	sum          string
	bytes        int64
	unpacked     int64
	compression  string
	records      int64
	loaded       int64
	duplicates   int64
	rejected     int64
	outside      int64
	repaired     int64
	first, last  int64 // microseconds; both 0: none
	since, until time.Time
	sameAs       int64 // 0: none
	fields       string
	note         string
	arrival      string
	object       Origin
	loadedAt     time.Time
	loadedBy     string
	replaces     bool // the table has a row of this file_id already
}

func (e *entry) span() span { return spanOf(e.since, e.until) }

// covers reports whether everything wanted of the file is in the case.
func (e *entry) covers(since, until time.Time) bool {
	return e.span().hull(spanOf(since, until)) == e.span()
}

// reject is a row of the table rejects.
type reject struct {
	fileID int64
	path   string
	source string
	decode.Reject
}

// ledger is the table evidence as it was when the load began, and what the
// load adds.
type ledger struct {
	sums  map[string]*entry   // files whose records are in the case
	sizes map[int64]bool      // of those
	paths map[string][]*entry // every row
	last  int64               // highest file_id
	// written are the entries of this load, which those before it do not see.
	written []*entry
	// origin is the object that a file is a copy of.
	origin func(path string) Origin
}

func openLedger(ctx context.Context, conn session) (*ledger, error) {
	l := &ledger{sums: map[string]*entry{}, sizes: map[int64]bool{}, paths: map[string][]*entry{}}
	rows, err := conn.QueryContext(ctx, `
		SELECT file_id, path, coalesce(source, ''), status, coalesce(sha256, ''), coalesce(bytes, 0),
		       coalesce(decompressed_bytes, 0), records, loaded, duplicates, rejected, outside, repaired,
		       coalesce(epoch_us(first_event_time), 0), coalesce(epoch_us(last_event_time), 0), since, until,
		       coalesce(same_as, 0), coalesce(fields, ''), coalesce(note, ''), coalesce(compression, ''), coalesce(identified_by, ''), coalesce(arrival, '')
		FROM evidence ORDER BY file_id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e := &entry{replaces: true}
		var since, until sql.NullTime
		err := rows.Scan(&e.fileID, &e.path, &e.source, &e.status, &e.sum, &e.bytes, &e.unpacked, &e.records, &e.loaded,
			&e.duplicates, &e.rejected, &e.outside, &e.repaired, &e.first, &e.last, &since, &until, &e.sameAs, &e.fields, &e.note, &e.compression, &e.by, &e.arrival)
		if err != nil {
			return nil, err
		}
		e.since, e.until = since.Time, until.Time
		l.paths[e.path] = append(l.paths[e.path], e)
		l.last = max(l.last, e.fileID)
		if e.wasRead() && e.sum != "" {
			l.sums[e.sum] = e
			l.sizes[e.bytes] = true
		}
	}
	return l, rows.Err()
}

// wasRead reports whether the file went through a decoder.
func (e *entry) wasRead() bool {
	return e.status == "loaded" || e.status == "partial" || e.status == "empty" || e.status == "unreadable" && e.records > 0
}

func (l *ledger) hasSize(n int64) bool     { return l.sizes[n] }
func (l *ledger) bySum(sum string) *entry  { return l.sums[sum] }
func (l *ledger) byPath(p string) []*entry { return l.paths[p] }

func (l *ledger) hasPath(path, sum string) bool {
	for _, e := range l.byPath(path) {
		if e.sum == sum {
			return true
		}
	}
	return false
}

// nextID is the file_id for a file that is not in the case: that of an earlier
// row of the path that was never read, or a new one.
func (l *ledger) nextID(path string) int64 {
	for _, e := range l.byPath(path) {
		if !e.wasRead() && e.status != "same" {
			return e.fileID
		}
	}
	l.last++
	return l.last
}

// enter begins the entry of a file that is not read.
func (l *ledger) enter(f find.File) *entry {
	before := l.last
	e := &entry{fileID: l.nextID(f.Path), path: f.Path, local: f.Local, by: f.By, bytes: f.Size, compression: f.Compression, arrival: f.Arrival}
	e.replaces = e.fileID <= before
	if f.Source != nil {
		e.source = f.Source.Name
	}
	return e
}

func (l *ledger) sameAs(f find.File, sum string, fileID int64) *entry {
	e := l.enter(f)
	e.status, e.sum, e.sameAs = "same", sum, fileID
	return e
}

// account is the entry of a file that was read.
func (l *ledger) account(j *job, t *task, opts Options) *entry {
	e := &entry{
		fileID: j.fileID, path: j.Path, source: j.Source.Name, by: j.By, sum: t.sum, bytes: t.read,
		unpacked: t.tally.Bytes, compression: j.Compression, fields: t.tally.Format, note: t.tally.Note, arrival: j.Arrival,
		since: opts.Since, until: opts.Until, loadedAt: opts.Now().UTC(), loadedBy: opts.Version,
	}
	if n := t.tally.Control; n > 0 {
		e.note = joinNotes(fmt.Sprintf("control messages of CloudWatch Logs, which are no records: %d", n), e.note)
	}
	if j.Note != "" {
		e.note = joinNotes(j.Note, e.note)
	}
	for _, old := range l.byPath(j.Path) {
		e.replaces = e.replaces || old.fileID == j.fileID
	}
	if old := j.again; old != nil {
		e.replaces = true
		// What cannot be read was counted the first time.
		t.tally.Records -= t.tally.Rejected
		t.tally.Rejected, t.tally.Rejects = 0, nil
		e.rejected = old.rejected
		e.records, e.loaded, e.duplicates, e.repaired = old.records, old.loaded, old.duplicates, old.repaired
		if old.first != 0 || old.last != 0 {
			t.tally.Observe(old.first)
			t.tally.Observe(old.last)
		}
		if old.since.IsZero() || !e.since.IsZero() && old.since.Before(e.since) {
			e.since = old.since
		}
		if old.until.IsZero() || !e.until.IsZero() && old.until.After(e.until) {
			e.until = old.until
		}
	}
	e.records += t.tally.Records
	e.loaded += t.tally.Rows
	e.duplicates += t.tally.Duplicates
	e.rejected += t.tally.Rejected
	e.outside = t.tally.Outside
	e.repaired += t.tally.Repaired
	e.first, e.last = t.tally.First, t.tally.Last
	switch {
	case e.rejected == 0 && e.records == 0:
		e.status = "empty"
	case e.rejected == 0:
		e.status = "loaded"
	case e.records == e.rejected:
		e.status = "unreadable"
	default:
		e.status = "partial"
	}
	if e.outside > 0 && e.status == "empty" {
		e.status = "loaded"
	}
	return e
}

func joinNotes(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}

// write puts entries and rejects into their tables, in the transaction that is
// open on conn.
func (l *ledger) write(ctx context.Context, conn session, entries []*entry, rejects []reject) error {
	l.written = append(l.written, entries...)
	for _, e := range entries {
		e.object = l.origin(e.path)
		if e.replaces {
			if _, err := conn.ExecContext(ctx, `DELETE FROM evidence WHERE file_id = ?`, e.fileID); err != nil {
				return err
			}
		}
	}
	err := appendRows(conn, "evidence", len(entries), func(i int) []driver.Value { return entries[i].row() })
	if err != nil {
		return err
	}
	return appendRows(conn, "rejects", len(rejects), func(i int) []driver.Value {
		r := rejects[i]
		return []driver.Value{r.fileID, r.path, text(r.source), r.RecordNo, r.Line, r.Offset, r.Reason, r.Raw}
	})
}

func (e *entry) row() []driver.Value {
	at := func(us int64) driver.Value {
		if e.first == 0 && e.last == 0 {
			return nil
		}
		return time.UnixMicro(us).UTC()
	}
	var sameAs driver.Value
	if e.sameAs != 0 {
		sameAs = e.sameAs
	}
	return []driver.Value{
		e.fileID, e.path, text(e.source), text(e.by), e.status, text(e.sum), e.bytes, e.unpacked, text(e.compression),
		e.records, e.loaded, e.duplicates, e.rejected, e.outside, e.repaired, at(e.first), at(e.last),
		moment(e.since), moment(e.until), moment(e.loadedAt), text(e.loadedBy), sameAs, text(e.fields), text(e.note),
		text(e.object.Bucket), text(e.object.Key), text(e.object.Version), text(e.object.ETag), text(e.object.Encryption), text(e.object.KMSKey), text(e.arrival),
	}
}

// text is s for the database: NULL where it is empty.
func text(s string) driver.Value {
	if s == "" {
		return nil
	}
	return s
}

func moment(t time.Time) driver.Value {
	if t.IsZero() {
		return nil
	}
	return t.UTC()
}

// appendRows adds n rows to a table through DuckDB's appender, which takes
// part in the open transaction and is many times faster than INSERTs.
func appendRows(conn session, table string, n int, row func(i int) []driver.Value) error {
	if n == 0 {
		return nil
	}
	return conn.Raw(func(c any) error {
		a, err := duckdb.NewAppenderFromConn(c.(driver.Conn), "", table)
		if err != nil {
			return fmt.Errorf("append to %s: %w", table, err)
		}
		for i := range n {
			if err := a.AppendRow(row(i)...); err != nil {
				return errors.Join(fmt.Errorf("append to %s: %w", table, err), a.Close())
			}
		}
		if err := a.Close(); err != nil {
			return fmt.Errorf("append to %s: %w", table, err)
		}
		return nil
	})
}
