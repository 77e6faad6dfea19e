// Package session is a case with its hunts and sources, as a person works with
// it: statements, hunts, everything about one value, one record as it stands.
//
// In: an open case, the hunts, the sources. Out: rows, and what there is to
// name. It implements the shell's Engine and serves the commands beside it. It
// leaves opening and closing cases, and the look of results, to the command.
package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"logquarry/engine/hunt"
	"logquarry/engine/repl"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
	"logquarry/engine/store"
	"logquarry/engine/value"
)

// Options are what a session works with. Case, Library and Sources must be set.
type Options struct {
	Case    *store.Case
	Library *hunt.Library
	Sources []*schema.Source
	Cross   string // the text of cross.sql, whose comments describe its views
	// Reopen closes the case and opens it again, for writing or to be read. It
	// is asked when a statement wants to change a case that was opened to be
	// read, and when a hunt is to run beside one open for writing. It returns
	// the case as it is open then, also beside an error. Nil: such statements
	// fail.
	Reopen func(ctx context.Context, write bool) (*store.Case, error)
	// Confined opens the case, which is open to be read, once more for hunts,
	// confined. Nil: they run on Case itself, which is to be confined.
	Confined func(ctx context.Context) (*store.Case, error)
	// Since and Until are the window of hunts; zero: open.
	Since, Until time.Time
}

// Session implements [repl.Engine]. One goroutine uses it at a time.
//
// The case is open to be read until a statement writes. Statements are the
// analyst's own and may read and write files; hunts are not, and run on the
// same case opened a second time, where they cannot.
type Session struct {
	o       Options
	hunting *store.Case // the case as hunts see it; nil: not open
}

// New makes a session.
func New(o Options) *Session { return &Session{o: o} }

// Case is the case as it is open now.
func (s *Session) Case() *store.Case { return s.o.Case }

// Close closes the case.
func (s *Session) Close() error { return errors.Join(s.closeHunting(), s.o.Case.Close()) }

// closeHunting closes the case hunts see. A process that closes a file gives
// up all its locks on it, so it happens only right before the other is closed.
func (s *Session) closeHunting() error {
	c := s.hunting
	s.hunting = nil
	if c == nil {
		return nil
	}
	return c.Close()
}

// changing are the first words of statements that change a case, or begin what
// may. Others that do so are found out when DuckDB refuses them.
var changing = []string{
	"ALTER", "ANALYZE", "BEGIN", "CHECKPOINT", "COMMENT", "CREATE", "DELETE", "DROP", "IMPORT", "INSERT", "MERGE",
	"PREPARE", "START", "TRUNCATE", "UPDATE", "VACUUM", "WITH",
}

// temporary is what makes a thing that is no part of the case.
var temporary = regexp.MustCompile(`(?i)^CREATE\s+(OR\s+REPLACE\s+)?TEMP(ORARY)?\s`)

// prepared is what stands before a prepared statement's own words.
var prepared = regexp.MustCompile(`(?is)^PREPARE\s+\S+\s+AS\s`)

// Changes reports whether a statement may change the case. Some others are not
// known to only read, such as SET, but need no writable case.
func Changes(sql string) bool {
	sql = strings.TrimSpace(sql)
	if temporary.MatchString(sql) || sqltext.ReadsOnly(sql) {
		return false
	}
	if head := prepared.FindString(sql); head != "" && sqltext.ReadsOnly(sql[len(head):]) {
		return false
	}
	return slices.Contains(changing, sqltext.FirstKeyword(sql))
}

// Query implements [repl.Engine].
func (s *Session) Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error) {
	writes := s.o.Case.ReadOnly() && s.o.Reopen != nil && Changes(sql)
	if writes {
		if kept, err := s.o.Case.Keeps(ctx); err != nil {
			return nil, err
		} else if len(kept) == 0 {
			if err := s.reopen(ctx, true); err != nil {
				return nil, err
			}
		}
	}
	rows, err := s.o.Case.Query(ctx, sql, params)
	if !errors.Is(err, store.ErrReadOnly) || s.o.Reopen == nil {
		return rows, err
	}
	kept, kerr := s.o.Case.Keeps(ctx)
	if kerr != nil {
		return nil, kerr
	}
	if len(kept) > 0 {
		return nil, &Hinted{err, "opening it for writing would lose " + strings.Join(kept, ", ") + "; drop that first, and make it again once the case was written to"}
	}
	if err := s.reopen(ctx, true); err != nil {
		return nil, err
	}
	return s.o.Case.Query(ctx, sql, params)
}

func (s *Session) reopen(ctx context.Context, write bool) error {
	if err := s.closeHunting(); err != nil {
		return err
	}
	c, err := s.o.Reopen(ctx, write)
	if c != nil {
		s.o.Case = c
	}
	return err
}

// confined is the case as hunts see it.
func (s *Session) confined(ctx context.Context) (*store.Case, error) {
	if s.o.Confined == nil || s.hunting != nil {
		return cmp.Or(s.hunting, s.o.Case), nil
	}
	// DuckDB opens a file twice only where both read.
	if !s.o.Case.ReadOnly() {
		if s.o.Reopen == nil {
			return nil, errors.New("the case is open for writing, where hunts cannot run")
		}
		kept, err := s.o.Case.Keeps(ctx)
		if err != nil {
			return nil, err
		}
		if len(kept) > 0 {
			return nil, &Hinted{errors.New("a hunt runs confined, for which the case must be opened anew"),
				"that would lose " + strings.Join(kept, ", ") + "; drop that first, or run the hunt with quarry hunt"}
		}
		if err := s.reopen(ctx, false); err != nil {
			return nil, err
		}
	}
	c, err := s.o.Confined(ctx)
	if err != nil {
		return nil, err
	}
	s.hunting = c
	return c, nil
}

// Hunts implements [repl.Engine]: all hunts, worst first.
func (s *Session) Hunts() []repl.Hunt {
	all := s.o.Library.Hunts()
	slices.SortStableFunc(all, func(a, b hunt.Hunt) int { return b.Severity.Rank() - a.Severity.Rank() })
	var out []repl.Hunt
	for _, h := range all {
		r := repl.Hunt{ID: h.ID, Title: h.Title, Severity: string(h.Severity), Doc: doc(h), Sources: h.Sources}
		for _, p := range h.Params {
			r.Params = append(r.Params, repl.Param{Name: p.Name, Default: Default(p), Doc: p.Doc})
		}
		out = append(out, r)
	}
	return out
}

func doc(h hunt.Hunt) string {
	text := h.Means
	if h.Noise != "" {
		text += "\n\nnoise:    " + h.Noise
	}
	if len(h.Attack) > 0 {
		text += "\nATT&CK:   " + strings.Join(h.Attack, ", ")
	}
	return text
}

// Default is a parameter's default as text; empty where it is required.
func Default(p hunt.Param) string {
	switch v := p.Default.(type) {
	case nil:
		return ""
	case time.Time:
		return v.UTC().Format(time.RFC3339)
	default:
		return fmt.Sprint(v)
	}
}

// RunHunt implements [repl.Engine]. It refuses a hunt whose sources hold no
// rows: nothing found there would say nothing.
func (s *Session) RunHunt(ctx context.Context, id string, params map[string]string) (value.Rows, error) {
	h, ok := s.o.Library.Hunt(id)
	if !ok {
		return nil, fmt.Errorf("no hunt %s", id)
	}
	values, err := h.Bind(params, s.o.Since, s.o.Until)
	if err != nil {
		return nil, hinted(err)
	}
	c, err := s.confined(ctx)
	if err != nil {
		return nil, err
	}
	for _, source := range h.Sources {
		some, err := holds(ctx, c, source)
		if err != nil {
			return nil, err
		}
		if !some {
			return nil, &Hinted{fmt.Errorf("hunt %s needs %s, of which the case has no rows", id, source), "quarry load PATH adds them"}
		}
	}
	return c.Query(ctx, h.SQL, values)
}

func holds(ctx context.Context, c *store.Case, source string) (bool, error) {
	rows, err := c.Query(ctx, "SELECT 1 FROM "+schema.Quote(source)+" LIMIT 1", nil)
	if err != nil {
		return false, err
	}
	some := rows.Next()
	return some, errors.Join(rows.Err(), rows.Close())
}

// Hinted is an error with advice for a line of its own.
type Hinted struct {
	Err    error
	Advice string
}

func (h *Hinted) Error() string { return h.Err.Error() }
func (h *Hinted) Unwrap() error { return h.Err }

// Hint is the advice.
func (h *Hinted) Hint() string { return h.Advice }

func hinted(err error) error {
	var e *hunt.Error
	if errors.As(err, &e) && e.Hint != "" {
		return &Hinted{err, e.Hint}
	}
	return err
}
