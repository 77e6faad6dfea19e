package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"logquarry/engine/custody"
	"logquarry/engine/sqltext"
	"logquarry/engine/value"
)

var formats = []string{"table", "csv", "tsv", "json", "ndjson", "markdown", "line"}

// session is the state of one shell or script. One goroutine uses it.
type session struct {
	cfg  Config
	term *terminal // nil without one

	input   input
	depth   int // of .read within .read
	format  string
	timing  bool
	paging  bool
	params  map[string]string
	cat     *Catalogue
	history *history
	output  *outputFile // nil: cfg.Out
	last    func(context.Context) (value.Rows, error)
	asked   *custody.Query // what last answers; nil: a list of the shell's own
	shown   *custody.Query // what the result shown last answers; nil: not known
	quit    bool
	failed  bool // a statement or command failed
	stopped bool // the last one was cancelled
}

// input is where lines come from and the statement they have begun.
type input struct {
	name    string // "" at the prompt
	line    int    // of the last line fed
	pending string // an unfinished statement, whole lines
	first   int    // line at which pending starts
}

func newSession(cfg Config, t *terminal) *session {
	if len(cfg.Formats) == 0 {
		cfg.Formats = formats
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &session{cfg: cfg, term: t, format: cfg.Format, paging: true, params: map[string]string{}, cat: &Catalogue{}}
	maps.Copy(s.params, cfg.Params)
	if s.format == "" {
		s.format = "csv"
		if t != nil || isTerminal(cfg.Out) {
			s.format = "table"
		}
	}
	return s
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// feed takes one line, without its end, and runs what it completes.
func (s *session) feed(ctx context.Context, line string) {
	in := &s.input
	if in.pending == "" {
		in.first = in.line
		word := strings.TrimRight(strings.TrimSpace(line), "; \t")
		switch {
		case strings.HasPrefix(word, "."):
			s.remember(line)
			s.meta(ctx, strings.TrimSpace(line))
			return
		case s.term != nil && in.name == "":
			switch strings.ToLower(word) { // what people type in a shell they do not know
			case "exit", "quit":
				s.quit = true
				return
			case "help":
				s.meta(ctx, ".help")
				return
			}
		}
	}
	in.pending += line + "\n"
	if !strings.Contains(line, ";") && len(in.pending) > 64<<10 {
		return // cannot have become complete
	}
	pieces := sqltext.Split(in.pending)
	first, begins := in.first, in.first // lines of the text and of the piece
	in.pending = ""
	for _, st := range pieces {
		if !st.Complete {
			if st.SQL != "" || !sqltext.Complete(st.Piece) {
				in.pending = strings.TrimLeft(st.Piece, " \t\r\n")
				in.first = begins + strings.Count(st.Piece[:len(st.Piece)-len(in.pending)], "\n")
			}
			break
		}
		begins += strings.Count(st.Piece, "\n")
		if st.SQL == "" {
			continue
		}
		s.remember(st.Piece)
		s.statement(ctx, st.SQL, first+st.Line-1)
		if s.stopped || ctx.Err() != nil || s.done() {
			return
		}
	}
}

// flush runs a last statement without a semicolon.
func (s *session) flush(ctx context.Context) {
	for _, st := range sqltext.Split(s.input.pending) {
		if st.SQL != "" && !s.done() {
			s.statement(ctx, st.SQL, s.input.first+st.Line-1)
		}
	}
	s.input.pending = ""
}

// remember puts what was typed into the history, unless it starts with a blank.
func (s *session) remember(text string) {
	if s.history == nil || s.input.name != "" || strings.HasPrefix(text, " ") {
		return
	}
	line, ok := sqltext.OneLine(text)
	if !ok {
		return
	}
	if err := s.history.add(line); err != nil {
		s.note("history is not kept: %v", err)
	}
}

// statement runs one SQL statement and shows its result.
func (s *session) statement(ctx context.Context, sql string, line int) {
	params := map[string]any{}
	for _, name := range sqltext.Params(sql) {
		v, ok := s.params[name]
		if !ok {
			s.fail(line, &hinted{fmt.Errorf("no value for the parameter $%s", name), fmt.Sprintf(".param set %s VALUE", name)})
			return
		}
		params[name] = v
	}
	run := func(ctx context.Context) (value.Rows, error) { return s.cfg.Engine.Query(ctx, sql, params) }
	err := s.show(ctx, run)
	reads := sqltext.ReadsOnly(sql)
	if reads && err == nil {
		s.last, s.asked = run, s.shown
	}
	if err != nil {
		s.fail(line, s.explain(ctx, sql, err))
	}
	if !reads {
		s.refresh(ctx)
	}
}

// refresh reads the catalogue anew; where that fails the old one stays.
func (s *session) refresh(ctx context.Context) {
	if s.term == nil && s.cat.Relations != nil {
		s.cat = &Catalogue{} // a script reads it again when it needs it
		return
	}
	if s.term == nil {
		return
	}
	if cat, err := s.cfg.Engine.Catalogue(ctx); err == nil && cat != nil {
		s.cat = cat
	}
}

// catalogue is the cached catalogue, read first where it is not there yet.
func (s *session) catalogue(ctx context.Context) (*Catalogue, error) {
	if len(s.cat.Relations) == 0 && len(s.cat.Functions) == 0 {
		cat, err := s.cfg.Engine.Catalogue(ctx)
		if err != nil {
			return s.cat, fmt.Errorf("read the catalogue: %w", err)
		}
		if cat != nil {
			s.cat = cat
		}
	}
	return s.cat, nil
}

var errCancelled = errors.New("cancelled")

// interruptible calls f with a context that ends at Ctrl-C. After Ctrl-C its
// error is errCancelled.
func (s *session) interruptible(ctx context.Context, f func(context.Context) error) error {
	s.stopped = false
	run, stop := ctx, func() {}
	if s.term != nil {
		run, stop = signal.NotifyContext(ctx, os.Interrupt)
	}
	defer stop()
	err := f(run)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil && run.Err() != nil:
		s.stopped = true
		return errCancelled
	}
	return err
}

// show runs a query and writes its rows where results go.
func (s *session) show(ctx context.Context, query func(context.Context) (value.Rows, error)) error {
	start := s.cfg.Now()
	var n int64
	columns := 0
	var quit bool
	s.shown = nil
	err := s.interruptible(ctx, func(ctx context.Context) (err error) {
		rows, err := query(ctx)
		if err != nil {
			return err
		}
		defer func() {
			if cerr := rows.Close(); err == nil && !quit {
				err = cerr
			}
		}()
		if a, ok := rows.(Answer); ok {
			q := a.Question()
			s.shown = &q
		}
		columns = len(rows.Columns())
		if columns == 0 {
			for rows.Next() {
			}
			return rows.Err()
		}
		quit, err = s.write(ctx, func(w io.Writer, opts RenderOptions) (err error) {
			n, err = s.cfg.Render(ctx, w, rows, opts)
			return err
		})
		if s.output != nil {
			s.output.add(s.shown, s.format, n)
		}
		return err
	})
	if err != nil {
		return err
	}
	if s.term != nil && !s.cfg.Quiet {
		took := ""
		if s.timing {
			took = " in " + duration(s.cfg.Now().Sub(start))
		}
		switch {
		case columns == 0:
			s.note("done%s", took)
		case quit:
			s.note("stopped after %s rows%s", thousands(n), took)
		default:
			s.note("%s %s%s", thousands(n), plural(n, "row"), took)
		}
	} else if s.timing {
		s.note("%s %s in %s", thousands(n), plural(n, "row"), duration(s.cfg.Now().Sub(start)))
	}
	return nil
}

// write calls f with the writer results go to: the .output file, or the output
// through a pager where it is a terminal. quit is true where the reader left
// the pager before the end, which is no error.
func (s *session) write(ctx context.Context, f func(io.Writer, RenderOptions) error) (quit bool, err error) {
	opts := RenderOptions{Format: s.format}
	if s.output != nil {
		return false, f(s.output, opts)
	}
	if !isTerminal(s.cfg.Out) {
		return false, f(s.cfg.Out, opts)
	}
	opts.Colour = s.cfg.Colour
	if s.term == nil {
		opts.Width, _, _ = term.GetSize(int(s.cfg.Out.(*os.File).Fd()))
		return false, f(s.cfg.Out, opts)
	}
	opts.Width, _ = s.term.size()
	if !s.paging {
		return false, f(s.cfg.Out, opts)
	}
	p := s.newPager(ctx)
	err = f(p, opts)
	if cerr := p.Close(); err == nil {
		err = cerr
	}
	if p.quit {
		return true, nil
	}
	return false, err
}

// plain writes text with control characters made visible.
func (s *session) plain(ctx context.Context, f func(io.Writer) error) error {
	return s.interruptible(ctx, func(ctx context.Context) error {
		_, err := s.write(ctx, func(w io.Writer, opts RenderOptions) error {
			if opts.Width == 0 {
				return f(w)
			}
			v := &visibleWriter{w: w}
			if err := f(v); err != nil {
				return err
			}
			return v.flush()
		})
		return err
	})
}

// note tells the person at the shell something that is no result.
func (s *session) note(format string, args ...any) {
	fmt.Fprintln(s.cfg.Err, visible(fmt.Sprintf(format, args...)))
}

// fail reports that what stood at line of the input failed.
func (s *session) fail(line int, err error) {
	s.failed = true
	where := ""
	if s.input.name != "" {
		where = fmt.Sprintf("%s:%d: ", s.input.name, line)
	}
	text := err.Error()
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		text += "\nhint: " + h.Hint()
	}
	if s.cfg.Colour && !errors.Is(err, errCancelled) {
		first, rest, more := strings.Cut(visible(where+text), "\n")
		fmt.Fprint(s.cfg.Err, "\x1b[31m", first, "\x1b[0m\n")
		if more {
			fmt.Fprintln(s.cfg.Err, rest)
		}
		return
	}
	fmt.Fprintln(s.cfg.Err, visible(where+text))
}

// hinted is an error with advice.
type hinted struct {
	error
	hint string
}

func (h *hinted) Hint() string  { return h.hint }
func (h *hinted) Unwrap() error { return h.error }

func (c *Catalogue) names(columns bool, in []string) []string {
	var names []string
	for _, r := range c.Relations {
		if !columns {
			names = append(names, r.Name)
		} else if len(in) == 0 || slices.Contains(in, strings.ToLower(r.Name)) {
			for _, col := range r.Columns {
				names = append(names, col.Name)
			}
		}
	}
	return names
}
