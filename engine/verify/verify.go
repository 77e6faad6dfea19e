// Package verify checks a case and its evidence: digests of CloudTrail, the
// files against the ledger, the rows against their counts, the chain of actions,
// and for which hours there are logs.
//
// In: a case, or folders without one, and public keys. Out: a [Report]. It
// reads the evidence and changes nothing; how files are judged it leaves to
// evidence, and the look of the report to the command.
package verify

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"logquarry/engine/coverage"
	"logquarry/engine/evidence"
	"logquarry/engine/find"
	"logquarry/engine/schema"
	"logquarry/engine/seal"
	"logquarry/engine/store"
)

// Options say what to check.
type Options struct {
	// Case may be nil: then only the digests below Paths are checked.
	Case  *store.Case
	Paths []string // in the place of what the case was loaded from
	Root  string   // folder below which the case's evidence lies now; empty: where it was
	Keys  evidence.Keys
	// Online is asked for the keys that Keys lacks; nil: nobody is. Keys it
	// returns are added to Keys.
	Online KeySource
	// Sources is asked only where there are archives to look into.
	Sources func() ([]*schema.Source, error)
	Scratch string // folder for members of archives
	Threads int
	// Progress is told of each file that was read; it may be nil.
	Progress func(done, total int, bytes int64)
}

// KeySource knows the public keys of CloudTrail.
type KeySource interface {
	// PublicKeys are those of a Region that were used between two times.
	PublicKeys(ctx context.Context, region string, from, to time.Time) ([]evidence.Key, error)
}

// Report is what was found out.
type Report struct {
	Keys     int
	Evidence *evidence.Report
	Files    int
	Bytes    int64
	// Fetched holds the files against the manifests of what was fetched.
	Fetched *evidence.Fetched

	// The rest is of a case, and empty without one.
	Held     []evidence.Held
	Recounts []evidence.Recount
	Rows     int64 // all rows of the case that were recounted
	Actions  int64
	Broken   string   // what is wrong with the chain of actions; empty: nothing
	Nowhere  []string // what was loaded and is not to be found
	Coverage coverage.Map
}

// Sound reports whether nothing was found that somebody would have to explain.
func (r *Report) Sound() bool {
	return len(r.Evidence.Problems()) == 0 && r.Fetched.Sound() && len(r.Recounts) == 0 && r.Broken == "" &&
		!slices.ContainsFunc(r.Held, func(h evidence.Held) bool { return h.Standing.Problem() })
}

// Run checks.
func Run(ctx context.Context, o Options) (*Report, error) {
	r := &Report{Keys: o.Keys.Len()}
	var entries []evidence.Entry
	names := o.Paths
	caseDir := "."
	if o.Case != nil {
		var err error
		if entries, err = ledger(ctx, o.Case.DB()); err != nil {
			return nil, fmt.Errorf("read the ledger: %w", err)
		}
		if len(names) == 0 {
			if names, err = loaded(ctx, o.Case.DB()); err != nil {
				return nil, fmt.Errorf("read the actions: %w", err)
			}
		}
		caseDir = filepath.Dir(o.Case.Path)
		r.Recounts = evidence.CompareCounts(entries)
		for _, e := range entries {
			r.Rows += e.Rows
		}
		if err := r.actions(ctx, o.Case); err != nil {
			return nil, err
		}
		if r.Coverage, err = coverage.Collect(ctx, o.Case); err != nil {
			return nil, fmt.Errorf("coverage: %w", err)
		}
	}
	paths := make([]string, len(entries))
	for i, e := range entries {
		paths[i] = e.Path
	}
	roots := evidence.Locate(names, paths, o.Root, caseDir)
	for _, root := range roots {
		if root.Local == "" {
			r.Nowhere = append(r.Nowhere, root.Name)
		}
	}
	files, faults, err := evidence.Walk(ctx, roots, skips(o.Case, o.Scratch))
	if err != nil {
		return nil, fmt.Errorf("look for the evidence: %w", err)
	}
	opaque(files, entries)
	m := &meter{o: o, r: r, total: len(files)}
	contents, err := m.measure(ctx, files, faults)
	if err != nil {
		return nil, err
	}
	if files, faults, contents, err = m.members(ctx, entries, files, faults, contents); err != nil {
		return nil, fmt.Errorf("unpack archives: %w", err)
	}
	var notes []string
	if o.Online != nil {
		if notes, err = ask(ctx, o, contents); err != nil {
			return nil, err
		}
		r.Keys = o.Keys.Len()
	}
	r.Files = len(files)
	r.Evidence = evidence.Validate(files, contents, faults, o.Keys)
	r.Evidence.Notes = append(r.Evidence.Notes, notes...)
	r.Fetched = evidence.CompareManifests(files, contents, faults)
	if o.Case != nil {
		r.Held = evidence.CompareLedger(entries, files, contents, faults, r.Evidence)
	}
	return r, nil
}

// ask gets the public keys that are wanted. Of a Region that does not answer the
// digests stay unproven, which is noted; where none answers, it fails.
func ask(ctx context.Context, o Options, contents []evidence.Content) (notes []string, err error) {
	needs := evidence.Needs(contents, o.Keys)
	var last error
	for _, n := range needs {
		keys, err := o.Online.PublicKeys(ctx, n.Region, n.From, n.To)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			last = err
			notes = append(notes, err.Error())
			continue
		}
		for _, k := range keys {
			o.Keys.Put(k)
		}
	}
	if len(notes) > 0 && len(notes) == len(needs) {
		return nil, last
	}
	return notes, nil
}

// meter reads files and tells how far it is.
type meter struct {
	o     Options
	r     *Report
	mu    sync.Mutex
	done  int
	total int
}

// measure reads files, and adds to faults those that cannot be read.
func (m *meter) measure(ctx context.Context, files []evidence.File, faults []error) ([]evidence.Content, error) {
	contents, unread, err := evidence.Measure(ctx, files, m.o.Case != nil, m.o.Threads, func(c evidence.Content) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.done++
		m.r.Bytes += c.Size
		if m.o.Progress != nil {
			m.o.Progress(m.done, m.total, m.r.Bytes)
		}
	})
	for i := range faults {
		if faults[i] == nil && err == nil {
			faults[i] = unread[i]
		}
	}
	return contents, err
}

// ledger reads the table evidence, with how many rows and rejects the case holds
// of each file.
func ledger(ctx context.Context, db *sql.DB) ([]evidence.Entry, error) {
	tables, err := texts(ctx, db, `SELECT table_name FROM duckdb_columns() WHERE schema_name = ? AND column_name = 'file_id' ORDER BY 1`, schema.StorageSchema)
	if err != nil {
		return nil, err
	}
	counts := []string{"SELECT CAST(NULL AS BIGINT) AS file_id, 0 AS n WHERE false"}
	for _, t := range tables {
		counts = append(counts, fmt.Sprintf("SELECT file_id, count(*) FROM %s.%s GROUP BY file_id", schema.StorageSchema, schema.Quote(t)))
	}
	rows, err := db.QueryContext(ctx, `
		WITH r AS (SELECT file_id, CAST(sum(n) AS BIGINT) AS n FROM (`+strings.Join(counts, " UNION ALL ")+`) GROUP BY file_id),
		     j AS (SELECT file_id, count(*) AS n FROM rejects GROUP BY file_id)
		SELECT e.file_id, e.path, coalesce(e.source, ''), e.status, coalesce(e.sha256, ''), coalesce(e.bytes, 0),
		       e.records, e.loaded, e.duplicates, e.rejected, coalesce(r.n, 0), coalesce(j.n, 0)
		FROM evidence e LEFT JOIN r ON r.file_id = e.file_id LEFT JOIN j ON j.file_id = e.file_id
		ORDER BY e.path, e.file_id`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []evidence.Entry
	for rows.Next() {
		var e evidence.Entry
		if err := rows.Scan(&e.FileID, &e.Path, &e.Source, &e.Status, &e.Sum, &e.Bytes,
			&e.Records, &e.Loaded, &e.Duplicates, &e.Rejected, &e.Rows, &e.Rejects); err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, rows.Err()
}

func texts(ctx context.Context, db *sql.DB, query string, args ...any) ([]string, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// loaded are the paths that were loaded into the case.
func loaded(ctx context.Context, db *sql.DB) ([]string, error) {
	details, err := texts(ctx, db, `SELECT detail FROM actions WHERE action IN ('load', 'triage') AND detail IS NOT NULL ORDER BY action_no`)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, d := range details {
		var j struct {
			Paths []string `json:"paths"`
		}
		if err := json.Unmarshal([]byte(d), &j); err != nil {
			return nil, err
		}
		out = append(out, j.Paths...)
	}
	return out, nil
}

func (r *Report) actions(ctx context.Context, c *store.Case) error {
	chain, err := c.CheckActions(ctx)
	if err == nil {
		err = chain.Err()
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.Actions = int64(len(chain.Hashes)); err != nil {
		r.Broken = err.Error()
	}
	return nil
}

// skips tells the case's own files and the scratch folder from evidence.
func skips(c *store.Case, scratch string) func(string) bool {
	var own []string
	add := func(p string) {
		if abs, err := filepath.Abs(p); err == nil {
			own = append(own, abs)
		}
	}
	if c != nil {
		add(c.Path)
		add(c.Path + ".wal")
		add(c.Path + ".tmp")
		add(c.Path + seal.Suffix)
		add(c.Path + seal.Suffix + seal.SignatureSuffix)
	}
	if scratch != "" {
		add(scratch)
	}
	return func(p string) bool {
		return slices.ContainsFunc(own, func(o string) bool {
			if filepath.Base(o) != filepath.Base(p) {
				return false
			}
			abs, err := filepath.Abs(p)
			return err == nil && abs == o
		})
	}
}

// members puts the members of archives, which the ledger has one by one, in the
// place of the archives. Without a case every archive is looked into.
func (m *meter) members(ctx context.Context, entries []evidence.Entry, files []evidence.File, faults []error, contents []evidence.Content) ([]evidence.File, []error, []evidence.Content, error) {
	listed := make(map[string]bool, len(entries))
	for _, e := range entries {
		listed[e.Path] = true
	}
	whole := files
	files, faults, contents = nil, slices.Clone(faults), slices.Clone(contents)
	var keptFaults []error
	var keptContents []evidence.Content
	var finder *find.Finder
	for i, f := range whole {
		if faults[i] != nil || !contents[i].Archive || listed[f.Path] {
			files, keptFaults, keptContents = append(files, f), append(keptFaults, faults[i]), append(keptContents, contents[i])
			continue
		}
		if finder == nil {
			sources, err := m.o.Sources()
			if err != nil {
				return nil, nil, nil, err
			}
			if finder, err = find.NewFinder(find.Options{Sources: sources, Scratch: m.o.Scratch, Threads: m.o.Threads}); err != nil {
				return nil, nil, nil, err
			}
		}
		list, err := finder.Find(ctx, []string{f.Local})
		if err != nil {
			return nil, nil, nil, err
		}
		var inner []evidence.File
		var innerFaults []error
		for _, x := range list {
			member := evidence.File{Path: f.Path + strings.TrimPrefix(x.Path, f.Local), Local: x.Local}
			var fault error
			if _, err := os.Stat(x.Local); err != nil {
				fault = errors.New(x.Problem)
			}
			inner, innerFaults = append(inner, member), append(innerFaults, fault)
		}
		opaque(inner, entries)
		m.total += len(inner) - 1
		read, err := m.measure(ctx, inner, innerFaults)
		if err != nil {
			return nil, nil, nil, err
		}
		files, keptFaults, keptContents = append(files, inner...), append(keptFaults, innerFaults...), append(keptContents, read...)
	}
	return files, keptFaults, keptContents, nil
}

// opaque marks the files of which only the bytes as they lie matter: those the
// ledger has for another source than CloudTrail.
func opaque(files []evidence.File, entries []evidence.Entry) {
	other := map[string]bool{}
	for _, e := range entries {
		if e.Source != "" && !strings.HasPrefix(e.Source, "cloudtrail") {
			other[e.Path] = true
		}
	}
	for i := range files {
		files[i].Opaque = other[files[i].Path]
	}
}
