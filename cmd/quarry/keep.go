package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/custody"
	"logquarry/engine/hunt"
	"logquarry/engine/repl"
	"logquarry/engine/session"
	"logquarry/engine/sqltext"
	"logquarry/engine/value"
)

type keepFlags struct {
	texts, params []string
	note, title   string
	since, until  string
	list, check   bool
}

func (a *app) keepCommand() *cobra.Command {
	var f keepFlags
	c := &cobra.Command{
		Use:   "keep [PACK|ID|FILE.sql|FOLDER…] [-e SQL …]",
		Short: "Keep the findings of hunts or queries in the case, list or check them",
		Long: `keep runs hunts or queries and stores what they give in the case: the rows, their
hash, the SQL, its parameters, and a note. Of several hunts only those that find
something are kept. The report of quarry triage shows what was kept.

--check runs each again and says whether it gives the same: which rows came and
went, and whether what is stored is what was kept. The hash of the rows does not
depend on their order. It exits with 1 where something changed.`,
		Example: `  quarry keep ct-trail-impaired --note "the attacker's first step"
  quarry keep cross-source --since 2026-03-10
  quarry keep -e "SELECT * FROM events WHERE src_ip = \$ip" -p ip=198.51.100.77 --title "one address"
  quarry keep --list
  quarry keep --check
  quarry keep --check 1 3`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return huntNames(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case f.list && f.check, (f.list || f.check) && f.texts != nil, f.list && len(args) > 0:
				return usage("", "keep either keeps findings, or lists them, or checks them")
			case f.list || f.check:
				return a.kept(c.Context(), args, f.check)
			case len(args)+len(f.texts) == 0:
				return usage("quarry keep ct-trail-impaired; --list shows what was kept", "keep needs a hunt or -e SQL")
			case a.output != "":
				return usage("quarry keep --list --output FILE writes what was kept", "keep has no results to write to --output")
			}
			return a.keep(c.Context(), args, f)
		},
	}
	c.Flags().StringArrayVarP(&f.texts, "execute", "e", nil, "keep the result of `SQL`; may be given again")
	c.Flags().StringArrayVarP(&f.params, "param", "p", nil, "`name=value` of a parameter; may be given again")
	c.Flags().StringVar(&f.note, "note", "", "`text` that says why it is kept")
	c.Flags().StringVar(&f.title, "title", "", "`text` to call it by (default the hunt's)")
	c.Flags().StringVar(&f.since, "since", "", "only events from this `time` on: "+timesHelp)
	c.Flags().StringVar(&f.until, "until", "", "only events before this `time`")
	c.Flags().BoolVar(&f.list, "list", false, "list what was kept")
	c.Flags().BoolVar(&f.check, "check", false, "run again what was kept, or the findings of these numbers, and compare")
	return c
}

// keepable is one thing to be kept.
type keepable struct {
	custody.Query
	h      *hunt.Hunt // nil: plain SQL
	params map[string]string
}

// questions are what the arguments of keep ask for.
func questions(names []string, f keepFlags) ([]keepable, error) {
	values, err := pairs(f.params)
	if err != nil {
		return nil, err
	}
	var out []keepable
	if len(names) > 0 {
		lib, err := library()
		if err != nil {
			return nil, err
		}
		hunts, err := lib.Select(names)
		if err == nil && len(f.texts) == 0 {
			err = hunt.Check(hunts, values)
		}
		if err != nil {
			return nil, huntUsage(err)
		}
		for i := range hunts {
			q := keepable{h: &hunts[i], params: map[string]string{}}
			q.Hunt, q.Title = hunts[i].ID, hunts[i].Title
			for _, p := range hunts[i].Params {
				if v, ok := values[p.Name]; ok {
					q.params[p.Name] = v
				}
			}
			out = append(out, q)
		}
	}
	for _, text := range f.texts {
		var all []sqltext.Statement
		for _, s := range sqltext.Split(text) {
			if s.SQL != "" {
				all = append(all, s)
			}
		}
		if len(all) != 1 {
			return nil, usage("give each its own -e", "-e holds %d statements, and keep wants one", len(all))
		}
		bound := map[string]any{}
		for _, name := range sqltext.Params(all[0].SQL) {
			v, ok := values[name]
			if !ok {
				return nil, usage("-p "+name+"=VALUE", "no value for the parameter $%s", name)
			}
			bound[name] = v
		}
		out = append(out, keepable{Query: custody.Query{SQL: all[0].SQL, Parameters: custody.Parameters(bound)}})
	}
	for i := range out {
		if f.title != "" {
			out[i].Title = f.title
		}
	}
	return out, nil
}

// keptOne is a finding in the object of keep --json.
type keptOne struct {
	Finding    int64  `json:"finding"`
	Hunt       string `json:"hunt,omitempty"`
	Title      string `json:"title,omitempty"`
	Rows       int64  `json:"rows"`
	RowsSHA256 string `json:"rows_sha256"`
	SHA256     string `json:"sha256"`
}

func (a *app) keep(ctx context.Context, names []string, f keepFlags) (err error) {
	since, until, err := window(f.since, f.until, time.Now())
	if err != nil {
		return err
	}
	all, err := questions(names, f)
	if err != nil {
		return err
	}
	o, err := a.open(ctx, question{write: true, own: len(f.texts) > 0, since: since, until: until})
	if err != nil {
		return err
	}
	defer o.closeInto(&err)
	did := struct {
		Kept    []keptOne `json:"kept"`
		Without int       `json:"without_findings"`
		Skipped int       `json:"skipped"`
		Failed  int       `json:"failed"`
	}{Kept: []keptOne{}}
	for _, q := range all {
		found, err := a.keepOne(ctx, o, q, f.note, len(all) > 1)
		var missing *session.MissingError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err != nil && len(all) == 1:
			return err
		case errors.As(err, &missing):
			did.Skipped++
		case err != nil:
			did.Failed++
			a.complain(err)
		case found == nil:
			did.Without++
		default:
			did.Kept = append(did.Kept, keptOne{found.ID, found.Hunt, found.Title, found.Rows, found.RowsSHA256, found.Hash()})
			if !a.quiet {
				name := found.Title
				if found.Hunt != "" {
					name = found.Hunt
				}
				if name == "" {
					name = "the query"
				}
				fmt.Fprintf(a.err, "finding %d kept: %s of %s, hash of the rows %s\n", found.ID, plural(found.Rows, "row"), escapeLines(name), found.RowsSHA256)
			}
		}
	}
	if !a.quiet && did.Without+did.Skipped > 0 {
		fmt.Fprintf(a.err, "%s without findings not kept, %d skipped for want of their sources\n", plural(int64(did.Without), "hunt"), did.Skipped)
	}
	if a.json {
		if err := a.tell(did); err != nil {
			return err
		}
	}
	if did.Failed > 0 {
		return errTold
	}
	return nil
}

// keepOne keeps one; nil where it was to find something and did not.
func (a *app) keepOne(ctx context.Context, o *opened, q keepable, note string, some bool) (*custody.Finding, error) {
	if q.h != nil {
		asked, err := o.Question(ctx, *q.h, q.params)
		if err != nil {
			return nil, err
		}
		asked.Title = q.Title
		q.Query = asked
	}
	if some && q.h != nil {
		rows, err := o.Ask(ctx, q.Query)
		if err != nil {
			return nil, fmt.Errorf("hunt %s: %w", q.Hunt, err)
		}
		found := rows.Next()
		if err := errors.Join(rows.Err(), rows.Close()); err != nil || !found {
			return nil, err
		}
	}
	f, err := o.Keep(ctx, q.Query, note)
	if err != nil {
		if q.Hunt != "" {
			err = fmt.Errorf("hunt %s: %w", q.Hunt, err)
		}
		return nil, err
	}
	return &f, nil
}

// kept lists or checks what was kept.
func (a *app) kept(ctx context.Context, args []string, check bool) (err error) {
	var ids []int64
	for _, arg := range args {
		id, err := strconv.ParseInt(arg, 10, 64)
		if err != nil {
			return usage("quarry keep --list shows them", "%s is no finding's number", arg)
		}
		ids = append(ids, id)
	}
	o, err := a.open(ctx, question{})
	if err != nil {
		return err
	}
	defer o.closeInto(&err)
	if !check {
		all, err := o.Findings(ctx)
		if err != nil {
			return err
		}
		if len(all) == 0 && !a.quiet {
			fmt.Fprintln(a.err, "nothing was kept in", escapeLines(o.Case().Path))
		}
		if err := a.showOr(ctx, o, repl.ListFindings(all)); err != nil || !a.json {
			return err
		}
		list := []keptOne{}
		for _, f := range all {
			list = append(list, keptOne{f.ID, f.Hunt, f.Title, f.Rows, f.RowsSHA256, f.Hash()})
		}
		return a.tell(struct {
			Kept []keptOne `json:"kept"`
		}{list})
	}
	all, err := o.CheckFindings(ctx, ids)
	if err != nil {
		return err
	}
	if err := a.showOr(ctx, o, repl.ListChecked(all)); err != nil {
		return err
	}
	did := struct {
		Checked  int          `json:"checked"`
		Changed  int          `json:"changed"`
		Findings []checkedOne `json:"findings"`
	}{Checked: len(all), Findings: []checkedOne{}}
	for _, c := range all {
		if !c.Same() {
			did.Changed++
		}
		did.Findings = append(did.Findings, checkedOne{c.ID, c.Same(), c.String(), c.Rows, c.Now, c.Added, c.Removed})
	}
	if a.json {
		if err := a.tell(did); err != nil {
			return err
		}
	}
	if did.Changed > 0 {
		return errTold
	}
	return nil
}

// checkedOne is a finding in the object of keep --check --json.
type checkedOne struct {
	Finding int64  `json:"finding"`
	Same    bool   `json:"same"`
	Result  string `json:"result"`
	Rows    int64  `json:"rows_kept"`
	Now     int64  `json:"rows_now"`
	Added   int64  `json:"added"`
	Removed int64  `json:"removed"`
}

// showOr shows rows, unless the object of --json is to be alone on stdout.
func (a *app) showOr(ctx context.Context, o *opened, rows value.Rows) error {
	if a.json && (a.output == "" || a.output == "-") {
		return nil
	}
	_, err := a.showFrom(ctx, o.Case(), rows)
	return err
}
