package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"logquarry/engine/custody"
	"logquarry/engine/export"
	"logquarry/engine/hunt"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

// found runs the hunts, confined, and holds what they find.
func (x *exporting) found(ctx context.Context) ([]export.Found, error) {
	var all []export.Found
	for i := range x.hunts {
		all = append(all, export.Found{Hunt: x.hunts[i]})
	}
	at := 0
	opts := hunt.Options{Params: x.values, Since: x.since, Until: x.until}
	opts.Rows = func(_ hunt.Hunt, rows value.Rows) error {
		for rows.Next() {
			all[at].Findings = append(all[at].Findings, export.FindingOf(rows.Columns(), slices.Clone(rows.Values())))
		}
		return nil
	}
	opts.Done = func(r hunt.Result) error {
		all[at].Missing, all[at].Failed = r.Missing, r.Err
		switch {
		case r.Err != nil:
			x.notes = append(x.notes, "hunt "+r.Hunt.ID+" failed: "+r.Err.Error())
		case len(r.Missing) == 0:
			x.record.Add(custody.Query{Hunt: r.Hunt.ID, Title: r.Hunt.Title, SQL: r.Hunt.SQL, Parameters: custody.Parameters(r.Params), Rows: r.Count})
		}
		at++
		return nil
	}
	confined, err := x.a.openCase(ctx, x.o.Case().Path, store.Options{ReadOnly: true, Confined: true})
	if err != nil {
		return nil, err
	}
	_, err = hunt.Run(ctx, confined, x.hunts, opts)
	if err := errors.Join(err, confined.Close()); err != nil {
		return nil, err
	}
	return all, nil
}

// findingsFile writes a format that is of findings alone.
func (x *exporting) findingsFile(ctx context.Context, w io.Writer) error {
	found, err := x.found(ctx)
	if err != nil {
		return err
	}
	for _, f := range found {
		x.did.Tables = append(x.did.Tables, exportedRows{f.Hunt.ID, int64(len(f.Findings))})
	}
	if x.format == stixBundle {
		return export.STIX(w, time.Now(), found)
	}
	return export.Navigator(w, filepath.Base(x.o.Case().Path), found)
}

// workbook writes a sheet for each table, and for each hunt with findings.
func (x *exporting) workbook(ctx context.Context, w io.Writer, names []string) (err error) {
	b, err := export.NewWorkbook()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	add := func(name, about, sql string, rows value.Rows) error {
		s, err := b.Add(name, about, rows)
		x.wrote(name, sql, s.Rows)
		if s.Cut > 0 {
			x.notes = append(x.notes, fmt.Sprintf("%s: %s cut to the 32,767 characters a cell can hold; another format has them whole", name, plural(s.Cut, "text")))
		}
		return err
	}
	for _, name := range names {
		if name == foundRows {
			found, err := x.found(ctx)
			if err != nil {
				return err
			}
			if err := add(foundRows, "all findings", "", export.Rows(found)); err != nil {
				return err
			}
			for i := range found {
				if f := &found[i]; len(f.Findings) > 0 {
					if err := add(f.Hunt.ID, strings.TrimSpace(string(f.Hunt.Severity)+" "+f.Hunt.Title), "", export.Rows(found[i:i+1])); err != nil {
						return err
					}
				}
			}
			continue
		}
		sql, err := x.sql(ctx, name, false)
		if err != nil {
			return err
		}
		rows, err := x.o.Case().Query(ctx, sql, nil)
		if err != nil {
			return err
		}
		if err := errors.Join(add(name, "table", sql, rows), rows.Close()); err != nil {
			return err
		}
	}
	return b.WriteTo(w, "LogQuarry "+version+", "+time.Now().UTC().Format("2006-01-02 15:04:05")+" UTC",
		"case "+x.record.Case.Path, "all times UTC; absent values are empty cells; texts that look like formulas begin with an apostrophe")
}
