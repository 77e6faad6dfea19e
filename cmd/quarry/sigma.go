package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"logquarry/engine/hunt"
	"logquarry/engine/render"
	"logquarry/engine/schema"
	"logquarry/engine/sigma"
)

func placeholderFlag(c *cobra.Command, values *[]string) {
	c.Flags().StringArrayVar(values, "placeholder", nil, "`name=value,value` of %name% in Sigma rules with expand; may be given again")
}

// placeholders reads the flags --placeholder.
func placeholders(list []string) (map[string][]string, error) {
	out := map[string][]string{}
	for _, p := range list {
		name, values, ok := strings.Cut(p, "=")
		if name = strings.Trim(name, "%"); !ok || name == "" || values == "" {
			return nil, usage("--placeholder Administrators=alice,bob", "--placeholder %s: not name=value,value", p)
		}
		out[name] = append(out[name], strings.Split(values, ",")...)
	}
	return out, nil
}

// readRules reads the files and folders among names that hold Sigma rules; nil
// where there are none. others are the rest, and folders that hold hunts too.
func readRules(names, flags []string) (others []string, rules *sigma.Collection, err error) {
	values, err := placeholders(flags)
	if err != nil {
		return nil, nil, err
	}
	var paths []string
	for _, name := range names {
		rule, sql := holds(name)
		if rule {
			paths = append(paths, name)
		}
		if sql || !rule {
			others = append(others, name)
		}
	}
	if paths == nil {
		if len(flags) > 0 {
			return nil, nil, usage("", "--placeholder is for Sigma rules, and none are named")
		}
		return names, nil, nil
	}
	rules, err = sigma.Read(paths, sigma.Options{Placeholders: values})
	return others, rules, err
}

// holds says whether a path is a file of rules or a folder with one, and whether
// a folder has .sql files.
func holds(path string) (rule, sql bool) {
	info, err := os.Stat(path)
	if err != nil {
		return sigma.IsRuleFile(path), false
	}
	if !info.IsDir() {
		return sigma.IsRuleFile(path), false
	}
	filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // whoever reads the folder says so
		case rule && sql:
			return fs.SkipAll
		case d.IsDir():
		case sigma.IsRuleFile(name):
			rule = true
		case filepath.Ext(name) == ".sql":
			sql = true
		}
		return nil
	})
	return rule, sql
}

// notRun is a rule, or a document of a file of rules, that was set aside.
type notRun struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Rule   string `json:"rule,omitempty"`
	Error  string `json:"error"`
	Hint   string `json:"hint,omitempty"`
}

func (n notRun) at() string {
	return sigma.Position{File: n.File, Line: n.Line, Column: n.Column}.String()
}

func notRuns(problems []*sigma.Error) []notRun {
	var out []notRun
	for _, p := range problems {
		out = append(out, notRun{p.File, p.Line, p.Column, p.Rule, p.Msg, p.Hint})
	}
	return out
}

// mostListed is how many rules that were set aside, and how many notes, are
// listed for a person. --json has all.
const mostListed = 20

// planRules makes hunts of the rules, and says which could not be made.
func (a *app) planRules(ctx context.Context, o *opened, rules *sigma.Collection, opts hunt.Options, did *hunted) (*sigma.Plan, error) {
	sources, err := a.sources()
	if err != nil {
		return nil, err
	}
	plan, err := sigma.NewPlan(ctx, o.Case(), sources, rules, !opts.Since.IsZero() || !opts.Until.IsZero())
	if err != nil {
		return nil, err
	}
	did.NotRun = notRuns(slices.Concat(rules.Problems, plan.Problems))
	a.listNotRun(did.NotRun)
	if a.quiet {
		return plan, nil
	}
	var notes []string
	for _, c := range plan.Compiled {
		for _, n := range c.Notes {
			notes = append(notes, c.Rule.Position.String()+": "+n)
		}
	}
	for i, n := range notes {
		if i == mostListed {
			fmt.Fprintf(a.err, "… and %s\n", plural(int64(len(notes)-i), "more note"))
			break
		}
		fmt.Fprintln(a.err, "note: "+render.Escape(n))
	}
	return plan, nil
}

func (a *app) listNotRun(list []notRun) {
	for i, n := range list {
		if i == mostListed {
			fmt.Fprintf(a.err, "quarry: … and %s set aside; --json lists all\n", plural(int64(len(list)-i), "more rule"))
			return
		}
		rule := ""
		if n.Rule != "" {
			rule = " (" + n.Rule + ")"
		}
		fmt.Fprintf(a.err, "quarry: rule set aside: %s: %s%s\n", render.Escape(n.at()), render.Escape(n.Error), render.Escape(rule))
		if n.Hint != "" {
			fmt.Fprintln(a.err, "hint: "+render.Escape(n.Hint))
		}
	}
}

func (a *app) sigmaCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "sigma",
		Short: "What Sigma rules come to in SQL",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var values []string
	explain := &cobra.Command{
		Use:   "explain RULE.yml|FOLDER…",
		Short: "Show the sources and the SQL of Sigma rules, without a case",
		Long: `explain shows, for each rule, which tables it asks and with which condition,
which filters narrow it, and which of its fields no source has. It needs no case.
quarry hunt RULE.yml runs a rule.`,
		Example: `  quarry sigma explain rules/aws_root_login.yml
  quarry sigma explain rules --json`,
		RunE: func(_ *cobra.Command, args []string) error { return a.explainRules(args, values) },
	}
	placeholderFlag(explain, &values)
	c.AddCommand(explain)
	return c
}

// explained is one rule of sigma explain --json.
type explained struct {
	ID      string            `json:"id,omitempty"`
	Title   string            `json:"title"`
	Level   string            `json:"level,omitempty"`
	Author  string            `json:"author,omitempty"`
	License string            `json:"license,omitempty"`
	Attack  []string          `json:"attack,omitempty"`
	File    string            `json:"file"`
	Line    int               `json:"line"`
	Source  string            `json:"logsource,omitempty"`
	Filters []string          `json:"filters,omitempty"`
	Where   map[string]string `json:"where,omitempty"` // by table
	SQL     string            `json:"sql,omitempty"`   // of a correlation
	Notes   []string          `json:"notes,omitempty"`
}

func (a *app) explainRules(paths, flags []string) error {
	if len(paths) == 0 {
		return usage("quarry sigma explain rules/aws_root_login.yml", "explain needs a rule or a folder of rules")
	}
	values, err := placeholders(flags)
	if err != nil {
		return err
	}
	rules, err := sigma.Read(paths, sigma.Options{Placeholders: values})
	if err != nil {
		return err
	}
	sources, err := a.sources()
	if err != nil {
		return err
	}
	env := &sigma.Env{Sources: sources}
	problems := rules.Problems
	list := []explained{}
	var b strings.Builder
	for _, r := range rules.Rules {
		compiled, cerr := env.Compile(r)
		if cerr != nil {
			problems = append(problems, cerr)
			continue
		}
		x := explained{ID: r.ID, Title: r.Title, Level: r.Level, Author: r.Author, License: r.License, Attack: r.Attack(), File: r.File, Line: r.Line,
			Source: r.LogSource.String(), Filters: r.Filters(), Where: map[string]string{}, Notes: compiled.Notes}
		fmt.Fprintf(&b, "%s\n  %s\n  level %s, by %s\n  %s\n", render.Escape(r.Title), render.Escape(r.Position.String()),
			render.Escape(orNone(r.Level)), render.Escape(orNone(r.Author)), render.Escape(x.Source))
		for _, f := range x.Filters {
			fmt.Fprintf(&b, "  narrowed by the filter %s\n", render.Escape(f))
		}
		for _, n := range x.Notes {
			fmt.Fprintf(&b, "  note: %s\n", render.Escape(n))
		}
		for _, p := range compiled.Parts {
			x.Where[p.Source.Name] = p.Where
			fmt.Fprintf(&b, "  SELECT * FROM %s WHERE %s\n", p.Source.Name, render.Escape(p.Where))
		}
		b.WriteByte('\n')
		list = append(list, x)
	}
	correlated, _, cproblems := env.Correlations(rules, false, func(*schema.Source) bool { return true })
	problems = append(problems, cproblems...)
	for _, c := range correlated {
		r := c.Rule()
		list = append(list, explained{ID: r.ID, Title: r.Title, Level: r.Level, Author: r.Author, License: r.License, Attack: r.Attack(), File: r.File, Line: r.Line, SQL: c.SQL})
		fmt.Fprintf(&b, "%s\n  %s\n  level %s, by %s\n  correlation over %s\n", render.Escape(r.Title), render.Escape(r.Position.String()),
			render.Escape(orNone(r.Level)), render.Escape(orNone(r.Author)), strings.Join(c.Sources, ", "))
		for line := range strings.Lines(c.SQL) {
			fmt.Fprintf(&b, "  %s\n", render.Escape(strings.TrimSuffix(line, "\n")))
		}
		b.WriteByte('\n')
	}
	aside := notRuns(problems)
	a.listNotRun(aside)
	if a.json {
		err = a.tell(struct {
			Rules  []explained `json:"rules"`
			NotRun []notRun    `json:"rules_not_run,omitempty"`
		}{list, aside})
	} else {
		err = a.writeText(b.String())
	}
	if err == nil && aside != nil {
		err = errAside
	}
	return err
}

func orNone(text string) string {
	if text == "" {
		return "not said"
	}
	return text
}
