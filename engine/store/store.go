// Package store holds a case: one DuckDB file with the tables of all sources,
// their views, the evidence ledger, the rejects and the actions.
//
// In: SQL and rows from load. Out: result rows. It and load are the only
// packages that know DuckDB. It leaves rendering to render.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	duckdb "github.com/duckdb/duckdb-go/v2"
	"github.com/duckdb/duckdb-go/v2/mapping"
	"golang.org/x/sync/errgroup"

	"logquarry/engine/schema"
)

// Options say how a case is opened.
type Options struct {
	// Create makes the case where there is none, and brings an older one's
	// tables and views up to date. It needs Sources.
	Create   bool
	ReadOnly bool
	// Confined keeps statements to the case: see [Case.Confine]. With Create,
	// tables and views are made that way too.
	Confined bool
	// Schemas are the files from which sources are read, and their macros and
	// views; nil where the case is opened as it is.
	Schemas fs.FS
	// Sources are those of Schemas, where the caller has read them already;
	// nil: they are read where they are needed.
	Sources []*schema.Source
	// ViewsLater has Open return as soon as a new case can be loaded into. Its
	// views are made meanwhile; see Ready. It is for definitions that are known
	// to be sound: a fault in them shows only when the load is done.
	ViewsLater bool
	// Functions are scalar functions of ours that statements may call.
	Functions []Function
	Threads   int    // 0: one a core
	Memory    string // DuckDB's own limit, such as 1GB; empty: see defaultMemory
}

// defaultMemory bounds DuckDB's buffers. It spills to disk beyond.
const defaultMemory = "2GB"

// Case is an open case. Query may be used by one goroutine at a time; DB by any.
type Case struct {
	Path string

	db   *sql.DB
	opts Options

	mu      sync.Mutex // held while a statement of the session runs
	session mapping.Connection
	serial  atomic.Int64
	around  func(context.Context) func()

	confined bool
	making   errgroup.Group // what makes the views, with ViewsLater
}

// Around has f called before each statement of Query, with its context, and
// what f returns once the statement holds nothing any more. It is for table
// functions, which are not told when a statement that reads them ends. There
// is one; nil takes it away. Not to be called while a statement runs.
func (c *Case) Around(f func(ctx context.Context) (ended func())) { c.around = f }

// ErrBusy says that another process has the case open.
var ErrBusy = errors.New("the case is in use by another process")

// ErrNotCase says that a file is no case.
var ErrNotCase = errors.New("not a LogQuarry case")

// ErrUnfinished says that the process which made the case ended before its
// tables and views were whole. Opening it with Create finishes them.
var ErrUnfinished = errors.New("the load that made the case was cut off before the case had its views")

// Open opens the case at path. Errors are ErrBusy, ErrNotCase, fs.ErrNotExist
// and ErrUnfinished (both without Create) or DuckDB's own, wrapped with the path.
func Open(ctx context.Context, path string, opts Options) (*Case, error) {
	c, err := open(ctx, path, opts)
	if err != nil {
		return nil, fmt.Errorf("open case %s: %w", path, err)
	}
	return c, nil
}

func open(ctx context.Context, path string, opts Options) (*Case, error) {
	_, statErr := os.Stat(path)
	if statErr != nil && !opts.Create {
		return nil, statErr
	}
	if statErr == nil {
		if err := checkMagic(path, opts.Create); err != nil {
			return nil, err
		}
	}
	if opts.Memory == "" {
		opts.Memory = defaultMemory
	}
	q := url.Values{
		"memory_limit":                 {opts.Memory},
		"temp_directory":               {path + ".tmp"},
		"autoinstall_known_extensions": {"false"},
		"autoload_known_extensions":    {"false"},
	}
	if opts.Threads > 0 {
		q.Set("threads", strconv.Itoa(opts.Threads))
	}
	c := &Case{Path: path, opts: opts}
	// The case is attached to a database in memory, for only so can its row
	// groups have another size. Every connection then works in the case.
	var attached atomic.Bool
	enter := "USE " + catalog + ";" + inFront(opts.Functions)
	connector, err := duckdb.NewConnector(":memory:?"+q.Encode(), func(conn driver.ExecerContext) error {
		if !attached.Load() {
			return nil
		}
		_, err := conn.ExecContext(context.WithoutCancel(ctx), enter, nil)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.db = sql.OpenDB(connector)
	if err = c.connect(connector); err == nil {
		err = c.attach(ctx, statErr != nil, enter)
	}
	if err == nil {
		attached.Store(true)
		err = c.prepare(ctx, statErr != nil)
	}
	if err != nil {
		c.Close()
		if errors.Is(statErr, fs.ErrNotExist) {
			// A case that was made for nothing is not left behind.
			os.Remove(path)
			os.Remove(path + ".wal")
		}
		return nil, err
	}
	return c, nil
}

// catalog is what the attached case is called inside DuckDB.
const catalog = "logquarry"

// rowGroup is how many rows DuckDB writes and compresses together; its own
// choice is 122,880. Rows of logs are wide, and a load's last row groups are
// compressed by one thread: with a quarter of the rows they fit the cores'
// caches, and most are full, hence written by all threads, before the end.
const rowGroup = 30720

// attach opens the file. enter is what each connection is told then.
func (c *Case) attach(ctx context.Context, fresh bool, enter string) error {
	how := fmt.Sprintf("ROW_GROUP_SIZE %d, STORAGE_VERSION 'latest'", rowGroup)
	if c.opts.ReadOnly {
		how = "READ_ONLY"
	}
	_, err := c.db.ExecContext(ctx, fmt.Sprintf("ATTACH '%s' AS %s (%s); %s",
		strings.ReplaceAll(c.Path, "'", "''"), catalog, how, enter))
	if err != nil {
		return openError(err)
	}
	if err := c.direct(enter); err != nil {
		return err
	}
	if fresh {
		// Evidence is nobody else's business.
		return os.Chmod(c.Path, 0o600)
	}
	return nil
}

// checkMagic refuses a file that is no database before DuckDB sees it, for
// DuckDB makes a new database over a short file of anything.
func checkMagic(path string, create bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	// DuckDB's main header: eight bytes of checksum, then the mark.
	head := make([]byte, 12)
	n, err := io.ReadFull(f, head)
	switch {
	case n == 0 && err == io.EOF && create:
		return nil // an empty file is a database that is about to be
	case err == nil && string(head[8:]) == "DUCK":
		return nil
	case err != nil && err != io.EOF && err != io.ErrUnexpectedEOF:
		return err
	}
	return fmt.Errorf("%w: it is no DuckDB database", ErrNotCase)
}

var lockHolder = regexp.MustCompile(`PID (\d+)`)

// openError says what DuckDB's failure to open a file means.
func openError(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "Could not set lock"), strings.Contains(text, "Conflicting lock"):
		if m := lockHolder.FindStringSubmatch(text); m != nil {
			return fmt.Errorf("%w (process %s)", ErrBusy, m[1])
		}
		return ErrBusy
	case strings.Contains(text, "not a valid DuckDB database"):
		return fmt.Errorf("%w: it is no DuckDB database", ErrNotCase)
	}
	return err
}

// prepare checks or makes the tables.
func (c *Case) prepare(ctx context.Context, fresh bool) error {
	if c.opts.Confined {
		if err := c.Confine(ctx); err != nil {
			return err
		}
	}
	n, any := 0, 0
	if !fresh {
		err := c.db.QueryRowContext(ctx, `SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database() AND table_name IN ('evidence', 'rejects', 'actions', 'case_info')`).Scan(&n)
		if err != nil {
			return openError(err)
		}
		if err := c.db.QueryRowContext(ctx, `SELECT count(*) FROM duckdb_tables() WHERE database_name = current_database()`).Scan(&any); err != nil {
			return err
		}
		if n < 4 && any > 0 {
			return fmt.Errorf("%w: it is a DuckDB database of something else", ErrNotCase)
		}
	}
	if c.opts.Create && !c.opts.ReadOnly {
		return c.define(ctx)
	}
	if any == 0 {
		return ErrUnfinished
	}
	have, err := c.defined(ctx)
	if err == nil && have == "" {
		err = ErrUnfinished
	}
	return err
}

// connect opens the connection on which Query runs, through the bindings that
// duckdb-go is built on, and makes the functions known to the database. duckdb-go keeps the database's handle in an unexported
// field, which reflect may read; where it is missing (another version) connect
// fails loudly.
func (c *Case) connect(connector *duckdb.Connector) error {
	db := reflect.ValueOf(connector).Elem().FieldByName("db")
	if !db.IsValid() || db.Type() != reflect.TypeFor[mapping.Database]() {
		return errors.New("store: internal error: this duckdb-go keeps its database another way")
	}
	if mapping.Connect(mapping.Database{Ptr: db.Field(0).UnsafePointer()}, &c.session) == mapping.StateError {
		return errors.New("connect to the database")
	}
	return register(c.session, c.opts.Functions)
}

// Ready waits until the case has its views, and says why it has not got them.
// Only a case opened with ViewsLater may lack them at first. Query and Close
// wait by themselves; any goroutine may wait.
func (c *Case) Ready() error {
	if err := c.making.Wait(); err != nil {
		return fmt.Errorf("make the views of case %s: %w", c.Path, err)
	}
	return nil
}

// DB is the case through database/sql, for statements of our own. Those that
// read more than tables need Ready first.
func (c *Case) DB() *sql.DB { return c.db }

// ReadOnly reports whether the case cannot be written.
func (c *Case) ReadOnly() bool { return c.opts.ReadOnly }

// Close writes what is pending into the file and closes it. Views that are in
// the making are made first, so that the case is whole.
func (c *Case) Close() error {
	_ = c.making.Wait() // its error is Ready's
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session.Ptr != nil {
		mapping.Disconnect(&c.session)
	}
	if err := c.db.Close(); err != nil {
		return fmt.Errorf("close case %s: %w", c.Path, err)
	}
	return nil
}

// Serial is a number that no other call on this case returned.
func (c *Case) Serial() int64 { return c.serial.Add(1) }
