package repl

import (
	"context"
	"fmt"
	"io"
	"strings"

	"logquarry/engine/sqltext"
)

// command is a meta-command: a line that starts with a dot.
type command struct {
	name  string
	args  string // as the help shows them
	help  string // one line
	more  string // what .help NAME adds
	run   func(s *session, ctx context.Context, args []string, rest string) error
	least int // fewest arguments
	most  int // most; -1: any number
	// complete completes word, which follows the arguments before.
	complete func(s *session, before []string, word string) []suggestion
}

// commands are all meta-commands, in the order .help shows them.
func commands() []command {
	return []command{
		{name: "tables", args: "[WORD]", help: "tables of the case", run: runTables, most: 1},
		{name: "views", args: "[WORD]", help: "prebuilt views and what they show", run: runViews, most: 1},
		{name: "describe", args: "NAME", help: "columns of a table or view, or what a hunt does", run: runDescribe, least: 1, most: 1, complete: completeNames},
		{name: "hunts", args: "[WORD]", help: "hunts, all or those about WORD", run: runHunts, most: -1},
		{name: "run", args: "ID [name=value …]", help: "run a hunt", run: runHunt, least: 1, most: -1, complete: completeHunts,
			more: "Parameters not given take the values of .param, then the hunt's defaults."},
		{name: "pivot", args: "VALUE", help: "everything about an address, ARN, key, instance or domain", run: runPivot, least: 1, most: 1},
		{name: "timeline", args: "[FILTER]", help: "draw events over time", run: runTimeline, most: -1, complete: completeTimeline,
			more: "FILTER is a value to look for (an address, principal, key, action, …) or a\ncondition over the view events: .timeline outcome = 'failure' AND bytes > 1000\nBefore it may stand --source NAME, --since TIME, --until TIME (UTC)."},
		{name: "coverage", help: "draw for which hours there are records, and list the gaps", run: runCoverage,
			more: "What is a gap, and why, is in the view coverage."},
		{name: "raw", args: "FILE_ID RECORD_NO", help: "the original record from the evidence", run: runRaw, least: 2, most: 2},
		{name: "evidence", args: "[WORD]", help: "files of the case: what was loaded and what was not", run: runEvidence, most: 1},
		{name: "rejects", args: "[WORD]", help: "records that could not be read, and why", run: runRejects, most: 1},
		{name: "format", args: "[NAME]", help: "how results look", run: runFormat, most: 1, complete: completeFormats},
		{name: "output", args: "FILE|-", help: "write results to a file, or to the screen again", run: runOutput, least: 1, most: 2, complete: completeFiles,
			more: "An existing file is kept unless --force follows its name."},
		{name: "save", args: "FILE", help: "run the last query again and write its result to a file", run: runSave, least: 1, most: 2, complete: completeFiles,
			more: "The format follows from the name: " + extensionList() + ".\nAn existing file is kept unless --force follows its name."},
		{name: "keep", args: "[NOTE]", help: "keep the last result in the case, with its query and a note", run: runKeep, most: -1,
			more: "The query is run again; what it gives is stored with the hash of its rows."},
		{name: "findings", args: "[check [ID …]]", help: "results that were kept; check: do their queries give the same today", run: runFindings, most: -1, complete: completeWords("check")},
		{name: "read", args: "FILE", help: "run the statements in a file", run: runRead, least: 1, most: 1, complete: completeFiles},
		{name: "param", args: "[set NAME VALUE|unset NAME|list|clear]", help: "values for $name in statements and hunts", run: runParam, most: -1, complete: completeParams},
		{name: "timing", args: "on|off", help: "show how long statements take", run: runTiming, most: 1, complete: completeWords("on", "off")},
		{name: "pager", args: "on|off", help: "stop after each screen of a long result", run: runPager, most: 1, complete: completeWords("on", "off")},
		{name: "history", args: "[WORD …]", help: "past statements, all or those with every WORD", run: runHistory, most: -1},
		{name: "clear", help: "clear the screen", run: runClear},
		{name: "help", args: "[NAME]", help: "this, or more about a command", run: runHelp, most: 1, complete: completeCommands},
		{name: "quit", help: "leave (also Ctrl-D)", run: runQuit},
	}
}

// findCommand finds a command by its name or by a start of it that no other has.
func findCommand(name string) (*command, error) {
	name = strings.ToLower(name)
	all := commands()
	var starts []*command
	var names []string
	for i := range all {
		c := &all[i]
		if c.name == name {
			return c, nil
		}
		if name != "" && strings.HasPrefix(c.name, name) {
			starts = append(starts, c)
		}
		names = append(names, c.name)
	}
	switch {
	case name == "exit":
		return findCommand("quit")
	case len(starts) == 1:
		return starts[0], nil
	case len(starts) > 1:
		var could []string
		for _, c := range starts {
			could = append(could, "."+c.name)
		}
		return nil, fmt.Errorf("command .%s could be %s", name, strings.Join(could, " or "))
	}
	hint := ".help lists the commands"
	if near, ok := sqltext.Nearest(name, names); ok {
		hint = "did you mean ." + near + "?"
	}
	return nil, &hinted{fmt.Errorf("no command .%s", name), hint}
}

// meta runs a line that starts with a dot.
func (s *session) meta(ctx context.Context, line string) {
	name, rest, _ := strings.Cut(strings.TrimPrefix(line, "."), " ")
	rest = strings.TrimSpace(rest)
	if rest == "" {
		name = strings.TrimRight(name, ";")
	}
	at := s.input.line
	c, err := findCommand(name)
	if err != nil {
		s.fail(at, err)
		return
	}
	args, err := arguments(rest)
	if err == nil && (len(args) < c.least || c.most >= 0 && len(args) > c.most) {
		err = fmt.Errorf("usage: .%s %s", c.name, c.args)
	}
	if err == nil {
		err = c.run(s, ctx, args, rest)
	}
	if err != nil {
		s.fail(at, err)
	}
}

// arguments cuts a line at blanks. '…' and "…" keep blanks; a doubled quote
// inside stands for itself. A quote inside a word is a letter of it unless it
// follows an equals sign: name='a b'.
func arguments(line string) ([]string, error) {
	var args []string
	for {
		line = strings.TrimLeft(line, " \t")
		if line == "" {
			return args, nil
		}
		var b strings.Builder
		i := 0
		for i < len(line) && line[i] != ' ' && line[i] != '\t' {
			c := line[i]
			if (c == '\'' || c == '"') && (i == 0 || line[i-1] == '=') {
				text, n := quotedArgument(line[i:])
				if n == 0 {
					return nil, fmt.Errorf("no closing %c in %s", c, line)
				}
				b.WriteString(text)
				i += n
				continue
			}
			b.WriteByte(c)
			i++
		}
		args = append(args, b.String())
		line = line[i:]
	}
}

// quotedArgument is the text in the quotes s starts with and the length of
// both; 0 where they are not closed.
func quotedArgument(s string) (string, int) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		if s[i] != s[0] {
			b.WriteByte(s[i])
			continue
		}
		if i+1 < len(s) && s[i+1] == s[0] {
			b.WriteByte(s[0])
			i++
			continue
		}
		return b.String(), i + 1
	}
	return "", 0
}

func runHelp(s *session, ctx context.Context, args []string, _ string) error {
	if len(args) == 1 {
		c, err := findCommand(strings.TrimPrefix(args[0], "."))
		if err != nil {
			return err
		}
		return s.plain(ctx, func(w io.Writer) error {
			_, err := fmt.Fprintf(w, ".%s %s\n%s\n", c.name, c.args, c.help)
			if err == nil && c.more != "" {
				_, err = fmt.Fprintln(w, c.more)
			}
			return err
		})
	}
	return s.plain(ctx, func(w io.Writer) error {
		width := 0
		for _, c := range commands() {
			width = max(width, len([]rune(c.name+c.args))+2)
		}
		width = min(width, 24)
		for _, c := range commands() {
			head := "." + c.name + " " + c.args
			if len([]rune(head)) > width {
				fmt.Fprintf(w, "%s\n%*s  %s\n", head, width, "", c.help)
				continue
			}
			fmt.Fprintf(w, "%-*s  %s\n", width, head, c.help)
		}
		_, err := fmt.Fprint(w, `
Statements end with ; and may take several lines. $name is a parameter.
Tab or Down: complete   Up: earlier statements   Ctrl-R: search them
Ctrl-C: clear the line, cancel the statement   Ctrl-D: leave
`)
		return err
	})
}

func runQuit(s *session, _ context.Context, _ []string, _ string) error {
	s.quit = true
	return nil
}

func runClear(s *session, _ context.Context, _ []string, _ string) error {
	if s.term != nil {
		fmt.Fprint(s.cfg.Err, "\x1b[H\x1b[2J")
	}
	return nil
}

func onOff(what string, v *bool, args []string, s *session) error {
	if len(args) == 1 {
		switch strings.ToLower(args[0]) {
		case "on":
			*v = true
		case "off":
			*v = false
		default:
			return fmt.Errorf("usage: .%s on|off", what)
		}
	}
	state := "off"
	if *v {
		state = "on"
	}
	if s.term != nil {
		s.note("%s is %s", what, state)
	}
	return nil
}

func runTiming(s *session, _ context.Context, args []string, _ string) error {
	return onOff("timing", &s.timing, args, s)
}

func runPager(s *session, _ context.Context, args []string, _ string) error {
	return onOff("pager", &s.paging, args, s)
}
