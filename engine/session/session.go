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

	"logquarry/engine/custody"
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
	// Version is the program's, for what is recorded.
	Version string
	// Later is given the actions of a case that is open to be read, to be
	// recorded once it can be written. Nil: they are not recorded.
	Later func(store.Action)
	// Scratch says that the case goes away with the session: nothing is
	// recorded or kept.
	Scratch bool
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

// settings are the first words of statements that are no questions, but change
// neither the case nor a file.
var settings = []string{"CHECKPOINT", "RESET", "SET", "USE", "VACUUM", "ANALYZE", "BEGIN", "START", "PREPARE", "DEALLOCATE"}

// Query implements [repl.Engine]. A statement that may change the case or write
// a file is recorded among the case's actions.
func (s *Session) Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error) {
	if Changes(sql) {
		if err := s.writable(ctx); err != nil {
			return nil, err
		}
	}
	rows, err := s.ask(ctx, custody.Query{SQL: sql}, params)
	if err != nil || s.o.Scratch || sqltext.ReadsOnly(sql) || slices.Contains(settings, sqltext.FirstKeyword(sql)) {
		return rows, err
	}
	a := store.Action{Name: "statement", Version: s.o.Version, At: time.Now(), Detail: struct {
		SQL        string              `json:"sql"`
		Parameters []custody.Parameter `json:"parameters,omitempty"`
	}{sql, custody.Parameters(params)}}
	switch {
	case !s.o.Case.ReadOnly():
		// It is done, whatever the context has become.
		if err := s.o.Case.Record(context.WithoutCancel(ctx), a); err != nil {
			return nil, errors.Join(err, rows.Close())
		}
	case s.o.Later != nil:
		s.o.Later(a)
	}
	return rows, nil
}

// writable opens the case for writing where it is open to be read and can be.
func (s *Session) writable(ctx context.Context) error {
	if !s.o.Case.ReadOnly() || s.o.Reopen == nil {
		return nil
	}
	c, err := s.o.Reopen(ctx)
	if c != nil {
		s.o.Case = c
	}
	return err
}

// ask runs a statement; its rows know what they answer.
func (s *Session) ask(ctx context.Context, q custody.Query, params map[string]any) (value.Rows, error) {
	rows, err := s.o.Case.Query(ctx, q.SQL, params)
	if err != nil {
		return nil, err
	}
	used := map[string]any{}
	for _, name := range sqltext.Params(q.SQL) {
		if v, ok := params[name]; ok {
			used[name] = v
		}
	}
	q.Parameters = custody.Parameters(used)
	return answer{rows, q}, nil
}

// answer is rows that know what they answer: see [repl.Answer].
type answer struct {
	value.Rows
	q custody.Query
}

func (a answer) Question() custody.Query { return a.q }

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
	q, err := s.Question(ctx, h, params)
	if err != nil {
		return nil, err
	}
	values, err := custody.Values(q.Parameters)
	if err != nil {
		return nil, err
	}
	return s.ask(ctx, q, values)
}

// Question is the statement of a hunt with the values of its parameters. It
// refuses as RunHunt does.
func (s *Session) Question(ctx context.Context, h hunt.Hunt, params map[string]string) (custody.Query, error) {
	q := custody.Query{Hunt: h.ID, Title: h.Title, SQL: h.SQL}
	values, err := h.Bind(params, s.o.Since, s.o.Until)
	if err != nil {
		return q, hinted(err)
	}
	q.Parameters = custody.Parameters(values)
	for _, source := range h.Sources {
		some, err := s.holds(ctx, source)
		if err != nil {
			return q, err
		}
		if !some {
			return q, &MissingError{h.ID, source}
		}
	}
	return q, nil
}

// MissingError says that a hunt has nothing to look at.
type MissingError struct{ Hunt, Source string }

func (e *MissingError) Error() string {
	return fmt.Sprintf("hunt %s needs %s, of which the case has no rows", e.Hunt, e.Source)
}

// Hint is what to do.
func (e *MissingError) Hint() string { return "quarry load PATH adds them" }

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
