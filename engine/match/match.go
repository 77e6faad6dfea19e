// Package match finds indicators in a case.
//
// In: a set of indicators and the case. Out: hits in the order of time, each
// with the event it is in, or one row an indicator. It reads every column that
// holds text of every source, so that no column can be forgotten; it leaves
// telling what stands in a text to indicator, and showing rows to the command.
//
// Most columns hold few different values: of those each is looked at once, and
// DuckDB then joins the rows that have it. The rest, such as ids and JSON, is
// streamed and looked at row by row. What was found is kept in a file, then in
// temporary tables, so memory does not grow with the hits.
package match

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"logquarry/engine/indicator"
	"logquarry/engine/schema"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

// Case is the case that is searched.
type Case interface {
	value.Querier
	Temporary(ctx context.Context, name string, columns []store.TemporaryColumn, next func() ([]any, bool, error)) error
}

// Options say how a case is searched.
type Options struct {
	// Sources are the descriptions that are known; a source of the case without
	// one is searched too, and its hits have no time where it has no events.
	Sources []*schema.Source
	Threads int // that look at texts; 0: one a core
	// Folder is where what was found is kept meanwhile; empty: the system's.
	Folder string
	// Progress, where not nil, is told of each source as it is begun.
	Progress func(source string)
}

// Matches is what a search found; ask it for [Matches.Hits] or [Matches.Summary].
type Matches struct {
	c   Case
	set *indicator.Set
	// columns are those that were searched, by source.
	columns []column
	o       Options

	Rows   int64 // that were searched
	Texts  int64 // that were looked at
	tables []tableOf
}

// tableOf is a source's table in the case.
type tableOf struct {
	name    string
	columns []string // of text
	events  bool     // it has a view of events
	time    string   // its column of time; empty: not known
	rows    int64
}

// column is a column of a source whose hits are in one of the temporary tables.
type column struct {
	table  int
	name   string
	sql    string // of the columns together; empty: it is one column
	url    bool   // only URLs count: the rest is found in the columns themselves
	values bool   // hits are by value, not by row
	hits   int64
}

const (
	// smallTable is how many rows a table may have to be streamed as a whole: a
	// statement a column would cost more.
	smallTable = 50_000
	// sampled is how many rows tell whether a column has few values.
	sampled = 50_000
	// batchTexts and batchBytes bound what is handed to those that look at texts.
	batchTexts = 4096
	batchBytes = 1 << 20
)

// Search looks for the indicators of a set in all of the case.
func Search(ctx context.Context, c Case, set *indicator.Set, o Options) (*Matches, error) {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	m := &Matches{c: c, set: set, o: o}
	if err := m.list(ctx); err != nil {
		return nil, err
	}
	found, err := newSpool(o.Folder)
	if err != nil {
		return nil, err
	}
	defer found.close()
	for t := range m.tables {
		table := &m.tables[t]
		if table.rows == 0 {
			continue
		}
		if o.Progress != nil {
			o.Progress(table.name)
		}
		if err := m.table(ctx, t, found); err != nil {
			return nil, fmt.Errorf("search %s: %w", table.name, err)
		}
		m.Rows += table.rows
	}
	return m, m.keep(ctx, found)
}

// list finds the tables of the case and their columns of text.
func (m *Matches) list(ctx context.Context) error {
	times := map[string]string{}
	for _, s := range m.o.Sources {
		times[s.Name] = s.Time
	}
	err := value.Each(ctx, m.c, `
		SELECT c.table_name, c.column_name, v.view_name IS NOT NULL AS events
		FROM duckdb_columns() c
		LEFT JOIN duckdb_views() v ON v.database_name = c.database_name AND v.schema_name = 'main' AND v.view_name = c.table_name || '_events'
		WHERE c.database_name = current_database() AND c.schema_name = '`+schema.StorageSchema+`' AND c.data_type = 'VARCHAR'
		ORDER BY c.table_name, c.column_index`, nil, func(cells []any) {
		name := value.Text(cells[0])
		if n := len(m.tables); n == 0 || m.tables[n-1].name != name {
			events, _ := cells[2].(bool)
			m.tables = append(m.tables, tableOf{name: name, events: events, time: times[name]})
		}
		last := &m.tables[len(m.tables)-1]
		last.columns = append(last.columns, value.Text(cells[1]))
	})
	if err != nil {
		return err
	}
	for i := range m.tables {
		t := &m.tables[i]
		if err := value.Each(ctx, m.c, "SELECT count(*) FROM "+t.sql(), nil, func(cells []any) { t.rows = value.Int(cells[0]) }); err != nil {
			return err
		}
	}
	return nil
}

// sql is the table's name in statements.
func (t *tableOf) sql() string { return schema.StorageSchema + "." + schema.Quote(t.name) }

// table searches one table.
func (m *Matches) table(ctx context.Context, t int, found *spool) error {
	table := &m.tables[t]
	byRow := table.columns
	if table.rows > smallTable {
		var byValue []string
		var err error
		if byValue, byRow, err = m.part(ctx, table); err != nil {
			return err
		}
		for _, name := range byValue {
			at := m.column(column{table: t, name: name, values: true})
			sql := fmt.Sprintf("SELECT DISTINCT %s FROM %s WHERE %[1]s IS NOT NULL", schema.Quote(name), table.sql())
			if err := m.search(ctx, sql, []int{at}, true, found); err != nil {
				return err
			}
		}
	}
	if len(byRow) > 0 {
		var at []int
		sql := "SELECT file_id, record_no"
		for _, name := range byRow {
			at = append(at, m.column(column{table: t, name: name}))
			sql += ", " + schema.Quote(name)
		}
		if err := m.search(ctx, sql+" FROM "+table.sql(), at, false, found); err != nil {
			return err
		}
	}
	if !m.set.HasURLs() {
		return nil
	}
	for _, u := range urls {
		if u.source != table.name {
			continue
		}
		at := m.column(column{table: t, name: u.columns, sql: u.sql, url: true, values: true})
		sql := fmt.Sprintf("SELECT DISTINCT url FROM (SELECT %s AS url FROM %s) WHERE url IS NOT NULL", u.sql, schema.Quote(table.name))
		if err := m.search(ctx, sql, []int{at}, true, found); err != nil {
			return err
		}
	}
	return nil
}

// urls are how the parts of a URL that stand in columns of their own make it up
// again.
var urls = []struct{ source, columns, sql string }{
	{"waf", "host, uri, args", "coalesce(host, header_host) || uri || CASE WHEN args <> '' THEN '?' || args ELSE '' END"},
	{"cloudfront", "x_host_header, cs_uri_stem, cs_uri_query", "coalesce(x_host_header, cs_host) || cs_uri_stem || CASE WHEN cs_uri_query <> '' THEN '?' || cs_uri_query ELSE '' END"},
	{"cloudfront", "cs_host, cs_uri_stem, cs_uri_query", "cs_host || cs_uri_stem || CASE WHEN cs_uri_query <> '' THEN '?' || cs_uri_query ELSE '' END"},
	{"s3_access", "host_header, request_uri", "host_header || regexp_extract(request_uri, '^[A-Z]+ (/[^ ]*)', 1)"},
	{"api_gateway", "domain_name, path", "domain_name || path"},
	{"network_firewall", "http_hostname, http_url", "http_hostname || http_url"},
	{"ocsf", "http_host, http_path", "http_host || http_path"},
}

// column notes a column, and gives its number.
func (m *Matches) column(c column) int {
	m.columns = append(m.columns, c)
	return len(m.columns) - 1
}

// part parts the columns of a big table into those with few different values
// and the others, by its first rows.
func (m *Matches) part(ctx context.Context, t *tableOf) (few, many []string, err error) {
	var counts, names []string
	for _, name := range t.columns {
		q := schema.Quote(name)
		counts = append(counts, "approx_count_distinct("+q+")", "count("+q+")")
		names = append(names, q)
	}
	sql := fmt.Sprintf("SELECT %s FROM (SELECT %s FROM %s LIMIT %d)", strings.Join(counts, ", "), strings.Join(names, ", "), t.sql(), sampled)
	err = value.Each(ctx, m.c, sql, nil, func(cells []any) {
		for i, name := range t.columns {
			if distinct, filled := value.Int(cells[2*i]), value.Int(cells[2*i+1]); filled > 1000 && distinct*2 > filled {
				many = append(many, name)
			} else {
				few = append(few, name)
			}
		}
	})
	return few, many, err
}

// batch is texts to be looked at.
type batch struct {
	texts []string
	// Of each text the column, and where it does not go by value its row.
	columns []int32
	rows    [][2]int64
	bytes   int
}

// search looks at the texts that a statement gives: its only column, or those
// behind file_id and record_no.
func (m *Matches) search(ctx context.Context, sql string, columns []int, byValue bool, found *spool) error {
	rows, err := m.c.Query(ctx, sql, nil)
	if err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	work := make(chan *batch, m.o.Threads)
	free := make(chan *batch, 2*m.o.Threads)
	var texts atomic.Int64
	for range m.o.Threads {
		g.Go(func() error {
			s := indicator.NewScanner(m.set)
			for b := range work {
				texts.Add(int64(len(b.texts)))
				if err := m.look(s, b, byValue, found); err != nil {
					return err
				}
				select {
				case free <- b:
				default:
				}
			}
			return nil
		})
	}
	g.Go(func() (err error) {
		defer close(work)
		defer func() { err = errors.Join(err, rows.Close()) }()
		fresh := func() *batch {
			select {
			case b := <-free:
				clear(b.texts)
				*b = batch{texts: b.texts[:0], columns: b.columns[:0], rows: b.rows[:0]}
				return b
			default:
				return new(batch)
			}
		}
		b := fresh()
		send := func() error {
			select {
			case work <- b:
				b = fresh()
				return nil
			case <-gctx.Done():
				return context.Cause(gctx)
			}
		}
		for rows.Next() {
			cells := rows.Values()
			var row [2]int64
			if !byValue {
				row, cells = [2]int64{value.Int(cells[0]), value.Int(cells[1])}, cells[2:]
			}
			for i, cell := range cells {
				text, ok := cell.(string)
				if !ok || len(text) < 3 {
					continue
				}
				b.texts, b.columns, b.bytes = append(b.texts, text), append(b.columns, int32(columns[i])), b.bytes+len(text)
				if !byValue {
					b.rows = append(b.rows, row)
				}
			}
			if len(b.texts) >= batchTexts || b.bytes >= batchBytes {
				if err := send(); err != nil {
					return err
				}
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		return send()
	})
	err = g.Wait()
	m.Texts += texts.Load()
	return err
}

// look looks at the texts of a batch.
func (m *Matches) look(s *indicator.Scanner, b *batch, byValue bool, found *spool) error {
	for i, text := range b.texts {
		for _, hit := range s.Find(text) {
			c := m.columns[b.columns[i]]
			if c.url && !m.set.IsURL(hit) {
				continue
			}
			f := finding{column: b.columns[i], hit: hit}
			if byValue {
				f.value = text
			} else {
				f.file, f.record = b.rows[i][0], b.rows[i][1]
			}
			if err := found.add(f); err != nil {
				return err
			}
		}
	}
	return nil
}
