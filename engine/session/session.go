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

	"logquarry/engine/attack"
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
	Case *store.Case
	// Library gives the hunts. It is asked only when one is, for reading hundreds
	// of them takes longer than most statements.
	Library func() *hunt.Library
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

// settings are the first words of statements that are no questions, but change
// neither the case nor a file.
var settings = []string{"CHECKPOINT", "RESET", "SET", "USE", "VACUUM", "ANALYZE", "BEGIN", "START", "PREPARE", "DEALLOCATE"}

// Query implements [repl.Engine]. A statement that may change the case or write
// a file is recorded among the case's actions.
func (s *Session) Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error) {
	rows, err := s.run(ctx, custody.Query{SQL: sql}, params)
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

// run runs a statement of the analyst's, on the case open for writing where it
// needs that.
func (s *Session) run(ctx context.Context, q custody.Query, params map[string]any) (value.Rows, error) {
	if s.o.Case.ReadOnly() && s.o.Reopen != nil && Changes(q.SQL) {
		if kept, err := s.o.Case.Keeps(ctx); err != nil {
			return nil, err
		} else if len(kept) == 0 {
			if err := s.reopen(ctx, true); err != nil {
				return nil, err
			}
		}
	}
	rows, err := ask(ctx, s.o.Case, q, params)
	if !errors.Is(err, store.ErrReadOnly) || s.o.Reopen == nil {
		return rows, err
	}
	if err := s.writable(ctx); err != nil {
		return nil, err
	}
	return ask(ctx, s.o.Case, q, params)
}

// writable opens the case for writing where it is open to be read and can be. It
// refuses where that would lose something of the session.
func (s *Session) writable(ctx context.Context) error {
	if !s.o.Case.ReadOnly() || s.o.Reopen == nil {
		return nil
	}
	kept, err := s.o.Case.Keeps(ctx)
	if err != nil {
		return err
	}
	if len(kept) > 0 {
		return &Hinted{store.ErrReadOnly, "opening it for writing would lose " + strings.Join(kept, ", ") + "; drop that first, and make it again once the case was written to"}
	}
	return s.reopen(ctx, true)
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

// ask runs a statement; its rows know what they answer.
func ask(ctx context.Context, c *store.Case, q custody.Query, params map[string]any) (value.Rows, error) {
	rows, err := c.Query(ctx, q.SQL, params)
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
	all := s.o.Library().Hunts()
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
		var names []string
		for _, id := range h.Attack {
			if t, ok := attack.Current(id); ok {
				id += " " + t.FullName()
			}
			names = append(names, id)
		}
		text += "\nATT&CK:   " + strings.Join(names, ", ")
	}
	for i, n := range h.Next {
		label := "\nnext:     "
		if i > 0 {
			label = "\n          "
		}
		text += label + n.String()
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
	h, ok := s.o.Library().Hunt(id)
	if !ok {
		return nil, fmt.Errorf("no hunt %s", id)
	}
	q, err := s.Question(ctx, h, params)
	if err != nil {
		return nil, err
	}
	return s.Ask(ctx, q)
}

// Ask runs what a hunt, or a finding that was kept, asks: confined.
func (s *Session) Ask(ctx context.Context, q custody.Query) (value.Rows, error) {
	values, err := custody.Values(q.Parameters)
	if err != nil {
		return nil, err
	}
	c, err := s.confined(ctx)
	if err != nil {
		return nil, err
	}
	return ask(ctx, c, q, values)
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
	c, err := s.confined(ctx)
	if err != nil {
		return q, err
	}
	for _, source := range h.Sources {
		some, err := holds(ctx, c, source)
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
func (e *MissingError) Hint() string {
	switch e.Source {
	case "geoip_databases":
		return "--geoip FOLDER names .mmdb files"
	case "aws_ip_ranges":
		return "--ip-ranges FILE names AWS's ip-ranges.json"
	}
	return "quarry load PATH adds them"
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
