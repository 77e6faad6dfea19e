package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// session is one run of the bench: what it is asked, and what it has measured.
type session struct {
	options
	say func(format string, a ...any)

	loads []load
	// failed is what went wrong with one of the tools. The rest is measured and
	// reported all the same: a full run takes minutes.
	failed []error
	sel    costs  // select 1 on an existing case
	hunts  costs  // hunt all, every shipped hunt, over the case of the three sources
	match  costs  // a million indicators against the same case
	rules  ruled  // Sigma rules over the case of cloudtrail_5x
	copies copied // objects of S3
	watch  followed
	// digests is what it takes to check digests.
	digests validation
}

// load is one corpus and what each tool took to read it.
type load struct {
	logs
	gzip, duckdb, quarry costs
}

// selectRuns is how often select 1 is measured: it is short, and so uneven.
const selectRuns = 10

// caseSources are the corpora that the case of the hunts holds.
var caseSources = []string{"cloudtrail", "vpc_flow", "waf"}

// measure makes what is needed and measures it. Cases are removed again.
func (b *session) measure(ctx context.Context) error {
	for _, name := range kinds {
		if slices.Contains([]string{"case", matched, sigmaRules, fetched, watchedLogs}, name) || !slices.Contains(b.kinds, name) {
			continue
		}
		l, err := b.corpus(ctx, name)
		if err != nil {
			return err
		}
		if name == signed {
			b.digests, err = b.validate(ctx, l)
			if err := b.goOn(ctx, name, err); err != nil {
				return err
			}
			continue
		}
		measured, err := b.load(ctx, l)
		if err := b.goOn(ctx, name, err); err != nil {
			return err
		}
		b.loads = append(b.loads, measured)
	}
	if slices.Contains(b.kinds, "case") || slices.Contains(b.kinds, matched) {
		if err := b.goOn(ctx, "case", b.overCase(ctx)); err != nil {
			return err
		}
	}
	if slices.Contains(b.kinds, sigmaRules) {
		var err error
		b.rules, err = b.huntRules(ctx)
		if err := b.goOn(ctx, sigmaRules, err); err != nil {
			return err
		}
	}
	if slices.Contains(b.kinds, fetched) {
		var err error
		b.copies, err = b.fetch(ctx)
		if err := b.goOn(ctx, fetched, err); err != nil {
			return err
		}
	}
	if slices.Contains(b.kinds, watchedLogs) {
		var err error
		b.watch, err = b.follow(ctx)
		return b.goOn(ctx, watchedLogs, err)
	}
	return nil
}

// goOn notes a failure and lets the bench go on, unless it is to stop.
func (b *session) goOn(ctx context.Context, name string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	b.failed = append(b.failed, fmt.Errorf("%s: %w", name, err))
	return nil
}

func (b *session) corpus(ctx context.Context, name string) (*logs, error) {
	kind, source, scale := name, name, b.scale
	switch name {
	case "tiny", "big", signed:
		source = "cloudtrail"
	case "cloudtrail_5x":
		kind, source, scale = "cloudtrail", "cloudtrail", 5*b.scale
	}
	return keep(ctx, filepath.Join(b.dir, "corpora"), name, source, stamp{Kind: kind, Scale: scale}, b.say)
}

// load measures the tools over one corpus, in turns.
func (b *session) load(ctx context.Context, l *logs) (m load, err error) {
	m = load{logs: *l}
	defer func() {
		err = errors.Join(err, remove(b.temporary("quarry")), remove(b.temporary("duckdb")))
	}()
	runs, compared := b.runs, true
	switch l.name {
	case "big":
		// No gzip; and DuckDB's reader takes no object of this size.
		compared = false
	case "cloudtrail_5x":
		// Its memory is what matters, and more of the same takes no longer than five times.
		runs, compared = 1, false
	}
	paths := l.paths()
	if err := warm(paths); err != nil {
		return m, err
	}
	for i := range runs {
		b.say("%s, run %d of %d", l.name, i+1, runs)
		if compared {
			c, err := gunzip(ctx, paths)
			if err != nil {
				return m, err
			}
			m.gzip = append(m.gzip, c)
			if c, err = b.duckdbLoad(ctx, l); err != nil {
				return m, err
			}
			m.duckdb = append(m.duckdb, c)
		}
		c, err := b.quarryLoad(ctx, b.temporary("quarry"), l)
		if err != nil {
			return m, err
		}
		m.quarry = append(m.quarry, c)
	}
	return m, nil
}

// temporary is the path of a database that lasts for one measurement.
func (b *session) temporary(tool string) string {
	return filepath.Join(b.dir, tool+".duckdb")
}

// gunzip is gzip -dc over the files, as xargs calls it: by no more processes
// than the length of a command line asks for.
func gunzip(ctx context.Context, paths []string) (cost, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return cost{}, err
	}
	defer null.Close()
	c := exec.CommandContext(ctx, "xargs", "-0", "gzip", "-dc")
	c.Stdin = bytes.NewReader([]byte(strings.Join(paths, "\x00")))
	c.Stdout = null
	_, used, err := spend(c)
	return used, err
}

func (b *session) duckdbLoad(ctx context.Context, l *logs) (cost, error) {
	file := b.temporary("duckdb")
	if err := remove(file); err != nil {
		return cost{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return cost{}, err
	}
	text, err := json.Marshal(job{Case: file, Source: l.source, Groups: l.groups, Threads: b.threads})
	if err != nil {
		return cost{}, err
	}
	order := filepath.Join(b.dir, "job.json")
	defer os.Remove(order)
	if err := os.WriteFile(order, text, 0o644); err != nil {
		return cost{}, err
	}
	out, used, err := spend(exec.CommandContext(ctx, self, childDuckDB, order))
	if err != nil {
		return cost{}, err
	}
	rows, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
	if err != nil {
		return cost{}, fmt.Errorf("rows that DuckDB's reader loaded: %w", err)
	}
	if rows != l.totals.Records {
		return cost{}, fmt.Errorf("DuckDB's reader loaded %d rows of %s, which has %d records", rows, l.name, l.totals.Records)
	}
	used.size, err = size(file)
	return used, err
}

// quarryLoad loads corpora into a case that is not there yet. A load that is not
// complete is an error: its time would mean nothing.
func (b *session) quarryLoad(ctx context.Context, file string, corpora ...*logs) (cost, error) {
	if err := remove(file); err != nil {
		return cost{}, err
	}
	args := []string{"load", "--case", file, "--quiet", "--json", "--threads", strconv.Itoa(b.threads)}
	var records int64
	for _, l := range corpora {
		args = append(args, l.dir)
		records += l.totals.Records
	}
	out, used, err := spend(exec.CommandContext(ctx, b.quarry, args...))
	if err != nil {
		return cost{}, err
	}
	var did struct{ Rows, Duplicates, Rejects int64 }
	if err := json.Unmarshal(out, &did); err != nil {
		return cost{}, fmt.Errorf("what quarry load says it did: %w: %s", err, out)
	}
	if did.Rows != records {
		return cost{}, fmt.Errorf("quarry loaded %d rows, %d duplicates and %d rejects of %d records", did.Rows, did.Duplicates, did.Rejects, records)
	}
	used.size, err = size(file)
	return used, err
}

// overCase loads the three sources into one case and asks it.
func (b *session) overCase(ctx context.Context) (err error) {
	var corpora []*logs
	for _, name := range caseSources {
		l, err := b.corpus(ctx, name)
		if err != nil {
			return err
		}
		corpora = append(corpora, l)
	}
	file := b.temporary("case")
	defer func() { err = errors.Join(err, remove(file)) }()
	b.say("loading the case of %s", strings.Join(caseSources, ", "))
	if _, err := b.quarryLoad(ctx, file, corpora...); err != nil {
		return err
	}
	if slices.Contains(b.kinds, matched) {
		if err := b.matchLists(ctx, file); err != nil {
			return err
		}
	}
	if !slices.Contains(b.kinds, "case") {
		return nil
	}
	for range selectRuns {
		c, err := b.ask(ctx, "-e", "select 1", "--case", file)
		if err != nil {
			return err
		}
		b.sel = append(b.sel, c)
	}
	for i := range b.runs {
		b.say("hunt all, run %d of %d", i+1, b.runs)
		c, err := b.ask(ctx, "hunt", "all", "--case", file, "--format", "ndjson", "--quiet")
		if err != nil {
			return err
		}
		b.hunts = append(b.hunts, c)
	}
	return nil
}

// ask runs quarry with its results going nowhere.
func (b *session) ask(ctx context.Context, args ...string) (cost, error) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return cost{}, err
	}
	defer null.Close()
	c := exec.CommandContext(ctx, b.quarry, args...)
	c.Stdout = null
	_, used, err := spend(c)
	return used, err
}

// remove removes a database and what DuckDB keeps beside it.
func remove(file string) error {
	var problems []error
	for _, path := range []string{file, file + ".wal", file + ".tmp"} {
		if err := os.RemoveAll(path); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

// size is that of a database with the log that is not merged into it yet.
func size(file string) (sum int64, err error) {
	for _, path := range []string{file, file + ".wal"} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) && path != file {
			continue
		}
		if err != nil {
			return 0, err
		}
		sum += info.Size()
	}
	return sum, nil
}
