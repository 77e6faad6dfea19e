package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"logquarry/engine/render"
	"logquarry/engine/repl"
	"logquarry/engine/schema"
	"logquarry/engine/session"
	"logquarry/engine/sqltext"
	"logquarry/engine/value"
)

// statements is the command without a name.
func (a *app) statements() *cobra.Command {
	var texts, files, params []string
	c := &cobra.Command{
		Use:   "quarry [-e SQL …] [-f FILE …] [-]",
		Short: "Forensic queries over AWS logs",
		Long: `quarry finds out what happened from AWS logs: CloudTrail, VPC flow logs, WAF.

It loads a folder of downloaded logs into one file, a case, and asks it
questions: prebuilt hunts, views and SQL (DuckDB's). Nothing leaves the machine
but what fetch and watch ask AWS for.

  quarry triage LOGS     load a folder, run the hunts, write report.html
  quarry                 the shell on the case
  quarry -e SQL          statements, results to stdout`,
		Example: `  quarry triage ./logs
  quarry load ./logs --since 2026-03-10 --until 2026-03-12
  quarry hunt
  quarry hunt ct-failed-logins --since 24h --format csv
  quarry pivot 198.51.100.77
  quarry -e "SELECT event_name, count(*) FROM cloudtrail GROUP BY 1 ORDER BY 2 DESC"
  quarry -e "SELECT * FROM scan('cloudtrail', 'logs/**') WHERE error_code IS NOT NULL"
  quarry -e "SELECT * FROM events WHERE src_ip = \$ip" -p ip=198.51.100.77`,
		Args: func(_ *cobra.Command, args []string) error { return a.unknown(args, params) },
		RunE: func(c *cobra.Command, args []string) error {
			return a.runStatements(c.Context(), texts, files, len(args) == 1, params)
		},
	}
	c.Flags().StringArrayVarP(&texts, "execute", "e", nil, "run `SQL`; may be given again")
	c.Flags().StringArrayVarP(&files, "file", "f", nil, "run the statements in `file`; may be given again")
	c.Flags().StringArrayVarP(&params, "param", "p", nil, "`name=value` for $name in statements; may be given again")
	c.SetHelpTemplate(helpTemplate)
	c.SetUsageTemplate(usageTemplate)
	return c
}

const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{.UsageString}}`

const usageTemplate = `Usage:
  {{.UseLine}}{{if .HasAvailableSubCommands}}
  {{.CommandPath}} COMMAND{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .Groups}}{{$commands := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $commands}}{{if and .IsAvailableCommand (eq .GroupID $group.ID)}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{else if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}

` + exitHelp + `
`

// unknown explains an argument that is no command.
func (a *app) unknown(args, _ []string) error {
	if len(args) == 0 || len(args) == 1 && args[0] == "-" {
		return nil
	}
	word := args[0]
	if _, err := os.Stat(word); err == nil {
		if strings.HasSuffix(word, ".sql") {
			return usage("quarry -f "+word+" runs its statements, quarry hunt "+word+" runs it as a hunt", "%s is a file, not a command", word)
		}
		return usage("quarry triage "+word+" loads it and runs the hunts", "%s is a path, not a command", word)
	}
	names := a.rootCommands()
	if sqltext.FirstKeyword(word) != "" && strings.ContainsAny(word, " \n") {
		return usage("quarry -e SQL runs a statement", "%s is no command", word)
	}
	if near, ok := sqltext.Nearest(word, names); ok {
		return usage("did you mean quarry "+near+"?", "%s is no command", word)
	}
	return usage("quarry --help lists the commands", "%s is no command, and no file", word)
}

// rootCommands are the names of all commands.
func (a *app) rootCommands() []string {
	var names []string
	for _, c := range new(app).root().Commands() {
		names = append(names, c.Name())
	}
	return names
}

// pairs reads name=value flags.
func pairs(list []string) (map[string]string, error) {
	out := map[string]string{}
	for _, p := range list {
		name, v, ok := strings.Cut(p, "=")
		if name = strings.TrimPrefix(name, "$"); !ok || name == "" {
			return nil, usage("-p ip=192.0.2.1", "-p %s: not name=value", p)
		}
		out[name] = v
	}
	return out, nil
}

// script is one text of statements.
type script struct {
	name string
	text io.Reader
}

func (a *app) runStatements(ctx context.Context, texts, files []string, stdin bool, params []string) (err error) {
	values, err := pairs(params)
	if err != nil {
		return err
	}
	inFile, _ := a.in.(*os.File)
	onTerminal := inFile != nil && term.IsTerminal(int(inFile.Fd()))
	var all []string
	var scripts []script
	for i, text := range texts {
		name := "-e"
		if len(texts) > 1 {
			name = fmt.Sprintf("-e %d", i+1)
		}
		all = append(all, text)
		scripts = append(scripts, script{name, strings.NewReader(text)})
	}
	for _, file := range files {
		if file == "-" {
			stdin = true
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read statements: %w", err)
		}
		all = append(all, string(text))
		scripts = append(scripts, script{file, strings.NewReader(string(text))})
	}
	shell := scripts == nil && !stdin && onTerminal
	if stdin || scripts == nil && !onTerminal {
		scripts = append(scripts, script{"stdin", a.in})
	}
	if shell && a.json {
		return usage("", "--json is for commands, not for the shell")
	}
	if a.json && (a.output == "" || a.output == "-") {
		return usage("results and the object would both go to stdout: add --output FILE", "--json with statements needs --output")
	}
	if a.format != "" {
		if _, err := render.ParseFormat(a.format); err != nil {
			return err
		}
	}
	if shell {
		ctx = a.shellContext()
	}
	t := &target{Writer: a.out, a: a}
	if !shell {
		if t, err = a.results(); err != nil {
			return err
		}
	}
	defer func() { err = t.finish(err) }()
	o, err := a.open(ctx, question{write: slices.ContainsFunc(all, changes), scratch: true, own: true})
	if err != nil {
		return err
	}
	defer o.closeInto(&err)
	did := &struct {
		Statements int64   `json:"statements"`
		Rows       int64   `json:"rows"`
		Output     string  `json:"output"`
		Seconds    float64 `json:"seconds"`
	}{Output: a.output}
	start := time.Now()
	cfg := repl.Config{
		Engine: o, In: a.in, Out: t.Writer, Err: a.err, Colour: a.colour(a.err), Quiet: a.quiet,
		Params: values, StopAtError: true, Getenv: a.getenv, Custodian: o,
		Render: func(_ context.Context, w io.Writer, rows value.Rows, opts repl.RenderOptions) (int64, error) {
			n, err := render.Write(w, rows, render.Options{
				Format: render.Format(opts.Format), Width: opts.Width, Colour: opts.Colour,
				Footer: opts.Width > 0 && !shell && !a.quiet, Terminal: opts.Width > 0,
			})
			a.tellNotes()
			did.Statements++
			did.Rows += n
			if w == t.Writer {
				t.add(rows, n)
			}
			return n, err
		},
	}
	format, err := a.resultFormat(t.Writer)
	if err != nil {
		return err
	}
	cfg.Format = string(format)
	t.record.File.Format = string(format)
	if shell {
		cfg.Greeting = a.greeting(o)
		cfg.History = repl.HistoryPath(os.LookupEnv)
		return repl.Run(ctx, cfg)
	}
	if o.scratch && !a.quiet {
		a.noteEmpty(o, all)
	}
	for _, s := range scripts {
		if err := repl.Script(ctx, cfg, s.name, s.text); err != nil {
			return err
		}
	}
	if !o.scratch {
		if err := t.describe(ctx, o.Case()); err != nil {
			return err
		}
	}
	if a.json {
		did.Seconds = time.Since(start).Seconds()
		if err := a.tell(did); err != nil {
			return err
		}
	}
	if a.aside {
		return errAside
	}
	return nil
}

// changes reports whether a text holds a statement that may change the case.
func changes(text string) bool {
	return slices.ContainsFunc(sqltext.Split(text), func(s sqltext.Statement) bool { return session.Changes(s.SQL) })
}

// noteEmpty says that the tables are empty for want of a case, where the
// statements ask one of them.
func (a *app) noteEmpty(o *opened, texts []string) {
	sources, err := a.sources()
	if err != nil {
		return
	}
	asks := func(word string) bool {
		return word == "events" || word == "evidence" || word == "rejects" ||
			slices.ContainsFunc(sources, func(s *schema.Source) bool { return word == s.Name || strings.HasPrefix(word, s.Name+"_") })
	}
	for _, text := range texts {
		for _, t := range sqltext.Tokens(text) {
			if t.Kind == sqltext.Ident && asks(strings.ToLower(t.Text(text))) {
				fmt.Fprintf(a.err, "quarry: there is no %s here, so its tables are empty\nhint: quarry load PATH makes one; --case names another\n", defaultCase)
				return
			}
		}
	}
}

// greeting is what a shell starts with.
func (a *app) greeting(o *opened) string {
	text := "LogQuarry " + version + "  "
	if o.scratch {
		return text + "no case here: the tables are empty, scan('cloudtrail', 'path') reads files where they lie\n" +
			"quarry load PATH makes a case.  .help lists the commands."
	}
	return text + o.Case().Path + "\n.help lists the commands, .hunts the hunts; statements end with ;"
}
