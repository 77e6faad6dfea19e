// Package session is a case with its hunts and sources, as a person works with
// it: statements, hunts, everything about one value, one record as it stands.
//
// In: an open case, the hunts, the sources. Out: rows, and what there is to
// name. It implements the shell's Engine and serves the commands beside it. It
// leaves opening and closing cases, and the look of results, to the command.
package session

import (
	"context"
	"errors"
	"fmt"
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
	// Reopen closes the case and opens it again for writing. It is asked
	// when a statement wants to change a case that was opened to be read. It
	// returns the case as it is open then, also beside an error. Nil: such
	// statements fail.
	Reopen func(ctx context.Context) (*store.Case, error)
	// Since and Until are the window of hunts; zero: open.
	Since, Until time.Time
}

// Session implements [repl.Engine]. One goroutine uses it at a time.
type Session struct{ o Options }

// New makes a session.
func New(o Options) *Session { return &Session{o} }

// Case is the case as it is open now.
func (s *Session) Case() *store.Case { return s.o.Case }

// changing are the first words of statements that change a case.
var changing = []string{
	"ALTER", "ANALYZE", "BEGIN", "CHECKPOINT", "COMMENT", "CREATE", "DELETE", "DROP", "IMPORT", "INSERT", "MERGE",
	"TRUNCATE", "UPDATE", "VACUUM", "WITH",
}

// Changes reports whether a statement may change the case. Some others are not
// known to only read, such as SET, but need no writable case.
func Changes(sql string) bool {
	return !sqltext.ReadsOnly(sql) && slices.Contains(changing, sqltext.FirstKeyword(sql))
}

// Query implements [repl.Engine].
func (s *Session) Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error) {
	if s.o.Case.ReadOnly() && s.o.Reopen != nil && Changes(sql) {
		c, err := s.o.Reopen(ctx)
		if c != nil {
			s.o.Case = c
		}
		if err != nil {
			return nil, err
		}
	}
	return s.o.Case.Query(ctx, sql, params)
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
	for _, source := range h.Sources {
		some, err := s.holds(ctx, source)
		if err != nil {
			return nil, err
		}
		if !some {
			return nil, &Hinted{fmt.Errorf("hunt %s needs %s, of which the case has no rows", id, source), "quarry load PATH adds them"}
		}
	}
	return s.o.Case.Query(ctx, h.SQL, values)
}

func (s *Session) holds(ctx context.Context, source string) (bool, error) {
	rows, err := s.o.Case.Query(ctx, "SELECT 1 FROM "+schema.Quote(source)+" LIMIT 1", nil)
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
