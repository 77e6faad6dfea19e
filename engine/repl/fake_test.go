package repl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"logquarry/engine/custody"
	"logquarry/engine/value"
)

// TestMain is also the program that terminal tests drive.
func TestMain(m *testing.M) {
	if os.Getenv("REPL_TEST_SHELL") != "" {
		os.Exit(shell())
	}
	goleak.VerifyTestMain(m)
}

func shell() int {
	path := HistoryPath(os.LookupEnv)
	err := Run(context.Background(), Config{
		Engine: &fake{}, Render: render, In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		History: path, Getenv: os.Getenv, Greeting: "hello", Colour: os.Getenv("COLOUR") != "",
	})
	if leak := goleak.Find(); leak != nil {
		fmt.Fprintf(os.Stderr, "@@LEAK %v\n", leak)
	}
	fmt.Fprintf(os.Stderr, "@@END %v\n", err)
	if err != nil {
		return 1
	}
	return 0
}

// fake answers statements by their words: echo gives the statement back, rows
// N gives N rows, slow waits for its context, anything with clodtrail fails as
// DuckDB would.
type fake struct {
	ran      []string
	params   []map[string]any
	produced atomic.Int64
}

var catalogue = Catalogue{
	Relations: []Relation{
		{Name: "cloudtrail", Doc: "API calls", Columns: []Column{
			{"event_time", "TIMESTAMP", "when"}, {"event_name", "VARCHAR", "which call"}, {"user_arn", "VARCHAR", ""}, {"src_ip", "VARCHAR", ""}}},
		{Name: "vpc_flow", Doc: "flows", Columns: []Column{{"srcaddr", "VARCHAR", ""}, {"bytes", "BIGINT", "octets"}}},
		{Name: "console_logins", View: true, Doc: "who signed in", Columns: []Column{{"event_time", "TIMESTAMP", ""}, {"mfa", "BOOLEAN", ""}}},
		{Name: "rejects", Doc: "unread", Columns: []Column{{"offset", "BIGINT", ""}}},
	},
	Functions: []string{"count", "lower", "regexp_like"},
}

func (f *fake) Query(ctx context.Context, sql string, params map[string]any) (value.Rows, error) {
	f.ran = append(f.ran, sql)
	f.params = append(f.params, params)
	switch {
	case strings.Contains(sql, "clodtrail"):
		line := strings.Count(sql[:strings.Index(sql, "clodtrail")], "\n") + 1
		text := strings.Split(sql, "\n")[line-1]
		head := fmt.Sprintf("LINE %d: ", line)
		return nil, fmt.Errorf("Catalog Error: Table with name clodtrail does not exist!\nDid you mean \"sqlite_master\"?\n\n%s%s\n%s^",
			head, text, strings.Repeat(" ", len(head)+strings.Index(text, "clodtrail")))
	case strings.Contains(sql, "slow"):
		fmt.Fprint(os.Stderr, "@@RUNNING\n")
		<-ctx.Done()
		return nil, ctx.Err()
	case strings.Contains(sql, "rows "):
		var n int64
		fmt.Sscanf(sql[strings.Index(sql, "rows ")+5:], "%d", &n)
		return &counter{f: f, n: n, ctx: ctx}, nil
	case strings.HasPrefix(sql, "create"):
		return &value.List{}, nil
	}
	l := value.NewList("echo")
	l.Add(sql)
	for _, name := range []string{"ip", "word"} {
		if v, ok := params[name]; ok {
			l.Add(fmt.Sprintf("%s=%v", name, v))
		}
	}
	return told{l, sql}, nil
}

func (f *fake) Catalogue(context.Context) (*Catalogue, error) { return &catalogue, nil }

func (f *fake) Hunts() []Hunt {
	return []Hunt{
		{ID: "ct-root-use", Title: "Root was used", Severity: "high", Sources: []string{"cloudtrail"}, Doc: "The root user did something.",
			Params: []Param{{"since", "2026-01-01", "from when"}, {"ip", "", "from where"}}},
		{ID: "waf-blocked", Title: "Blocked clients", Severity: "low", Sources: []string{"waf"}},
	}
}

func (f *fake) RunHunt(_ context.Context, id string, params map[string]string) (value.Rows, error) {
	j, _ := json.Marshal(params)
	l := value.NewList("hunt", "params")
	l.Add(id, string(j))
	return l, nil
}

func (f *fake) Pivot(_ context.Context, v string) (value.Rows, error) {
	l := value.NewList("pivot")
	l.Add(v)
	return l, nil
}

func (f *fake) Raw(_ context.Context, w io.Writer, fileID, recordNo int64) error {
	if fileID == 404 {
		return errors.New("no file 404")
	}
	_, err := fmt.Fprintf(w, "raw %d %d \x1b[31mred\x1b]0;title\x07", fileID, recordNo)
	return err
}

func (f *fake) Keep(_ context.Context, q custody.Query, note string) (custody.Finding, error) {
	q.Rows = 2
	return custody.Finding{ID: 7, Query: q, Note: note, RowsSHA256: "abc " + q.SQL + " " + note}, nil
}

func (f *fake) Findings(context.Context) ([]custody.Finding, error) {
	return []custody.Finding{{ID: 7, Query: custody.Query{SQL: "SELECT 1"}, Note: "why"}}, nil
}

func (f *fake) CheckFindings(_ context.Context, ids []int64) ([]custody.Checked, error) {
	return []custody.Checked{{Finding: custody.Finding{ID: 7}, Added: int64(len(ids))}}, nil
}

// told is rows that know their question.
type told struct {
	value.Rows
	sql string
}

func (t told) Question() custody.Query { return custody.Query{SQL: t.sql} }

type counter struct {
	f     *fake
	n, at int64
	ctx   context.Context
}

func (c *counter) Columns() []value.Column { return []value.Column{{Name: "n", Type: "BIGINT"}} }
func (c *counter) Next() bool {
	if c.at >= c.n || c.ctx.Err() != nil {
		return false
	}
	c.at++
	c.f.produced.Store(c.at)
	return true
}
func (c *counter) Values() []any { return []any{c.at} }
func (c *counter) Err() error    { return c.ctx.Err() }
func (c *counter) Close() error  { return nil }

// render writes a row a line, cells parted by bars.
func render(_ context.Context, w io.Writer, rows value.Rows, opts RenderOptions) (n int64, err error) {
	for rows.Next() {
		var cells []string
		for _, v := range rows.Values() {
			cells = append(cells, visible(strings.ReplaceAll(fmt.Sprint(v), "\n", " ")))
		}
		if _, err := fmt.Fprintf(w, "%s|%s\n", opts.Format[:1], strings.Join(cells, "|")); err != nil {
			return n, err
		}
		n++
	}
	return n, rows.Err()
}

// script runs text as a script and gives what it wrote.
func script(t *testing.T, text string) (f *fake, stdout, stderr string, err error) {
	t.Helper()
	var out, errs strings.Builder
	f = &fake{}
	clock := time.Unix(0, 0)
	err = Script(t.Context(), Config{Engine: f, Render: render, Out: &out, Err: &errs, Now: func() time.Time {
		clock = clock.Add(5 * time.Millisecond)
		return clock
	}}, "stdin", strings.NewReader(text))
	return f, out.String(), errs.String(), err
}
