// Package repl is the shell: statements and meta-commands from a terminal, a
// file or a pipe.
//
// In: lines of text. Out: results on the output stream, prompts and errors on
// the error stream. It leaves running statements and hunts to its [Engine] and
// the look of results to its [Renderer].
package repl

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"golang.org/x/term"

	"logquarry/engine/custody"
	"logquarry/engine/value"
)

// Engine is the case and its hunts. The shell calls one method at a time.
type Engine interface {
	// Query runs one statement; params are bound to $name. The shell closes
	// the rows. The statement stops once ctx ends, before or after the return.
	Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error)
	// Catalogue is what completion and .describe know. It is asked for at the
	// start and again after statements that may have changed it.
	Catalogue(ctx context.Context) (*Catalogue, error)
	// Hunts are all hunts, in the order they are shown.
	Hunts() []Hunt
	// RunHunt runs a hunt that Hunts names; params override its defaults.
	RunHunt(ctx context.Context, id string, params map[string]string) (value.Rows, error)
	// Pivot is everything about an address, ARN, key, instance or domain.
	Pivot(ctx context.Context, v string) (value.Rows, error)
	// Raw writes the original record from the evidence.
	Raw(ctx context.Context, w io.Writer, fileID, recordNo int64) error
	// Keep asks q again and keeps its rows in the case.
	Keep(ctx context.Context, q custody.Query, note string) (custody.Finding, error)
	// Findings are those kept, in order.
	Findings(ctx context.Context) ([]custody.Finding, error)
	// CheckFindings compares findings with what their queries give today. No
	// ids: all.
	CheckFindings(ctx context.Context, ids []int64) ([]custody.Checked, error)
}

// Answer is what the rows of an [Engine] may be: rows that know what they
// answer. Only such can be kept.
type Answer interface {
	value.Rows
	Question() custody.Query
}

// Custodian is asked about the files that results are written to.
type Custodian interface {
	// Describe completes the record of a file before it is written.
	Describe(ctx context.Context, r *custody.Record) error
	// Exported is told of a file that is in place with its record.
	Exported(path string, r custody.Record)
}

// Catalogue is what there is to name in a statement.
type Catalogue struct {
	Relations []Relation
	Functions []string
	Keywords  []string // capitals; empty: the shell's own list
}

// Relation is a table or view.
type Relation struct {
	Name    string
	View    bool
	Args    []string // of a view that takes some: name(args)
	Doc     string   // one line
	Columns []Column
}

// Column is a column of a [Relation].
type Column struct{ Name, Type, Doc string }

// Hunt is what the shell shows and completes of a hunt.
type Hunt struct {
	ID, Title, Severity string
	Doc                 string // what a hit means
	Sources             []string
	Params              []Param
}

// Param is a parameter of a [Hunt].
type Param struct{ Name, Default, Doc string }

// RenderOptions says how a result is to look.
type RenderOptions struct {
	Format string // one of Config.Formats
	// Width is the terminal's width in cells; 0: not a terminal, nothing is cut.
	Width  int
	Colour bool
}

// Renderer writes rows to w as they come and returns how many it wrote. It
// stops at the first error of w and returns it. It does not close the rows.
type Renderer func(ctx context.Context, w io.Writer, rows value.Rows, opts RenderOptions) (n int64, err error)

// Config is what a session needs. Engine, Render, Out and Err must be set.
type Config struct {
	Engine Engine
	Render Renderer

	In  io.Reader // statements when there is no terminal; nil: none
	Out io.Writer // results
	Err io.Writer // prompts, errors, messages

	Formats []string // result formats; empty: those of every quarry command
	// Format is that of results; empty: table on a terminal or in the shell,
	// csv else.
	Format string
	Colour bool
	Quiet  bool // no greeting, row counts or timing
	// Greeting is shown when a shell on a terminal starts.
	Greeting string
	// History is the file of past statements; empty: none is kept.
	History string
	// Params are values for $name from the start, as .param set gives them.
	Params map[string]string
	// StopAtError ends a script at its first failed statement or command.
	StopAtError bool
	// Getenv is asked for PAGER, TERM and LESS; nil: no variable is set.
	Getenv func(string) string
	// Custodian is asked about files written; nil: their records name no case.
	Custodian Custodian
	// Now is the clock for .timing; nil: the machine's.
	Now func() time.Time
}

// ErrFailed says that a statement or command failed; its error has been
// written to Config.Err already.
var ErrFailed = errors.New("a statement failed")

// Run is the shell. With a terminal on In and a terminal to control it prompts
// until Ctrl-D, .quit or the end of ctx, and a failed statement is no error.
// Otherwise it is [Script] over In. SIGTERM and SIGHUP end the session as the
// end of ctx does: the running statement is cancelled, the terminal is put
// back, and the cause is returned.
func Run(ctx context.Context, cfg Config) error {
	if f, ok := cfg.In.(*os.File); ok && term.IsTerminal(int(f.Fd())) && cfg.getenv("TERM") != "dumb" {
		if t, err := openTerminal(); err == nil {
			defer t.close()
			ctx, stop := signal.NotifyContext(ctx, endSignals()...)
			defer stop()
			return newSession(cfg, t).interact(ctx)
		}
	}
	if cfg.In == nil {
		return nil
	}
	return Script(ctx, cfg, "stdin", cfg.In)
}

// Script runs the statements and meta-commands in r; name stands for r in
// errors. A last statement needs no semicolon. A failed statement is reported
// and the next one runs; in the end Script returns [ErrFailed].
func Script(ctx context.Context, cfg Config, name string, r io.Reader) error {
	s := newSession(cfg, nil)
	err := s.script(ctx, name, r)
	if cerr := s.closeOutput(context.WithoutCancel(ctx)); err == nil {
		err = cerr
	}
	if err == nil && s.failed {
		err = ErrFailed
	}
	return err
}

func (c *Config) getenv(name string) string {
	if c.Getenv == nil {
		return ""
	}
	return c.Getenv(name)
}

// done reports whether a script is to end before its end.
func (s *session) done() bool { return s.failed && s.cfg.StopAtError && s.term == nil }

// script feeds the lines of r to the session. It returns an error only when r
// cannot be read or ctx ended.
func (s *session) script(ctx context.Context, name string, r io.Reader) error {
	outer := s.input
	s.input = input{name: name}
	defer func() { s.input = outer }()
	lines := bufio.NewReaderSize(r, 64<<10)
	for !s.quit && !s.done() {
		line, err := lines.ReadString('\n')
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil && err != io.EOF {
			return fmt.Errorf("read %s: %w", name, err)
		}
		s.input.line++
		if s.input.line == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
			if strings.HasPrefix(line, "#!") {
				line = "\n"
			}
		}
		s.stopped = false
		s.feed(ctx, strings.TrimRight(line, "\r\n"))
		if s.stopped { // Ctrl-C is meant for the whole file
			return nil
		}
		if err == io.EOF {
			if !s.done() {
				s.flush(ctx)
			}
			break
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}
