package repl

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"logquarry/engine/coverage"
	"logquarry/engine/sqltext"
	"logquarry/engine/timeline"
	"logquarry/engine/value"
)

func (s *session) showList(ctx context.Context, l *value.List) error {
	run := func(context.Context) (value.Rows, error) {
		return l.Again(), nil
	}
	s.last, s.asked = run, nil
	return s.show(ctx, run)
}

// query shows a query of the shell's own.
func (s *session) query(ctx context.Context, sql string, params map[string]any) error {
	return s.showLast(ctx, func(ctx context.Context) (value.Rows, error) {
		return s.cfg.Engine.Query(ctx, sql, params)
	})
}

func (s *session) showLast(ctx context.Context, run func(context.Context) (value.Rows, error)) error {
	if err := s.show(ctx, run); err != nil {
		return err
	}
	s.last, s.asked = run, s.shown
	return nil
}

func has(word string, texts ...string) bool {
	return slices.ContainsFunc(texts, func(t string) bool {
		return strings.Contains(strings.ToLower(t), strings.ToLower(word))
	})
}

func runTables(s *session, ctx context.Context, args []string, _ string) error {
	return s.listRelations(ctx, false, strings.Join(args, " "))
}

func runViews(s *session, ctx context.Context, args []string, _ string) error {
	return s.listRelations(ctx, true, strings.Join(args, " "))
}

func (s *session) listRelations(ctx context.Context, views bool, word string) error {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return err
	}
	name := "table"
	if views {
		name = "view"
	}
	l := value.NewList(name, "columns", "about")
	l.Columns()[1].Type = "BIGINT"
	for _, r := range cat.Relations {
		if r.View == views && has(word, r.Name, r.Doc) {
			l.Add(r.Name, int64(len(r.Columns)), r.Doc)
		}
	}
	return s.showList(ctx, l)
}

func runDescribe(s *session, ctx context.Context, args []string, _ string) error {
	cat, err := s.catalogue(ctx)
	if err != nil {
		return err
	}
	name := strings.Trim(args[0], `";`)
	for _, r := range cat.Relations {
		if strings.EqualFold(r.Name, name) {
			if r.Doc != "" && s.term != nil {
				s.note("%s: %s", r.Name, r.Doc)
			}
			l := value.NewList("column", "type", "about")
			for _, c := range r.Columns {
				l.Add(c.Name, c.Type, c.Doc)
			}
			return s.showList(ctx, l)
		}
	}
	hunts := s.cfg.Engine.Hunts()
	names := cat.names(false, nil)
	for _, h := range hunts {
		if strings.EqualFold(h.ID, name) {
			return s.plain(ctx, func(w io.Writer) error { return describeHunt(w, h) })
		}
		names = append(names, h.ID)
	}
	return notFound("table, view or hunt", name, names)
}

func describeHunt(w io.Writer, h Hunt) error {
	fmt.Fprintf(w, "%s  %s\nseverity: %s\nsources:  %s\n", h.ID, h.Title, h.Severity, strings.Join(h.Sources, ", "))
	if h.Doc != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(h.Doc))
	}
	if len(h.Params) > 0 {
		fmt.Fprintln(w)
	}
	for _, p := range h.Params {
		fmt.Fprintf(w, "  %s=%s  %s\n", p.Name, p.Default, p.Doc)
	}
	_, err := fmt.Fprintf(w, "\nrun it with .run %s\n", h.ID)
	return err
}

func notFound(what, name string, names []string) error {
	err := fmt.Errorf("no %s %s", what, name)
	if near, ok := sqltext.Nearest(name, names); ok {
		return &hinted{err, "did you mean " + near + "?"}
	}
	return err
}

func runHunts(s *session, ctx context.Context, args []string, _ string) error {
	l := value.NewList("id", "severity", "title", "sources")
	for _, h := range s.cfg.Engine.Hunts() {
		sources := strings.Join(h.Sources, ", ")
		if !slices.ContainsFunc(args, func(word string) bool { return !has(word, h.ID, h.Severity, h.Title, h.Doc, sources) }) {
			l.Add(h.ID, h.Severity, h.Title, sources)
		}
	}
	return s.showList(ctx, l)
}

func runHunt(s *session, ctx context.Context, args []string, _ string) error {
	id := args[0]
	hunts := s.cfg.Engine.Hunts()
	var ids []string
	for _, h := range hunts {
		ids = append(ids, h.ID)
	}
	i := slices.IndexFunc(hunts, func(h Hunt) bool { return strings.EqualFold(h.ID, id) })
	if i < 0 {
		return notFound("hunt", id, ids)
	}
	h := hunts[i]
	params := map[string]string{}
	var names []string
	for _, p := range h.Params {
		names = append(names, p.Name)
		if v, ok := s.params[p.Name]; ok {
			params[p.Name] = v
		}
	}
	for _, a := range args[1:] {
		name, v, ok := strings.Cut(a, "=")
		if !ok {
			return fmt.Errorf("%q is not name=value", a)
		}
		if !slices.Contains(names, name) {
			return notFound("parameter of "+h.ID, name, names)
		}
		params[name] = v
	}
	return s.showLast(ctx, func(ctx context.Context) (value.Rows, error) {
		return s.cfg.Engine.RunHunt(ctx, h.ID, params)
	})
}

func runPivot(s *session, ctx context.Context, args []string, _ string) error {
	return s.showLast(ctx, func(ctx context.Context) (value.Rows, error) {
		return s.cfg.Engine.Pivot(ctx, args[0])
	})
}

func runRaw(s *session, ctx context.Context, args []string, _ string) error {
	var n [2]int64
	for i, what := range []string{"file_id", "record_no"} {
		v, err := strconv.ParseInt(args[i], 10, 64)
		if err != nil || v < 0 {
			return fmt.Errorf("%s %q is not a whole number", what, args[i])
		}
		n[i] = v
	}
	return s.interruptible(ctx, func(ctx context.Context) error {
		_, err := s.write(ctx, func(w io.Writer, opts RenderOptions) error {
			if opts.Width == 0 {
				return s.cfg.Engine.Raw(ctx, w, n[0], n[1])
			}
			v := &visibleWriter{w: w}
			err := s.cfg.Engine.Raw(ctx, v, n[0], n[1])
			if err == nil {
				err = v.flush()
			}
			if err == nil && v.last != '\n' {
				_, err = io.WriteString(w, "\n")
			}
			return err
		})
		return err
	})
}

func runEvidence(s *session, ctx context.Context, args []string, _ string) error {
	sql := `SELECT file_id, source, status, records, loaded, duplicates, rejected,
       first_event_time, last_event_time, path
FROM evidence`
	return s.ledger(ctx, sql, "WHERE contains(lower(path), lower($word)) OR lower(source) = lower($word) OR lower(status) = lower($word)", "ORDER BY path, file_id", args)
}

func runRejects(s *session, ctx context.Context, args []string, _ string) error {
	sql := `SELECT file_id, path, record_no, line, "offset", reason, raw
FROM rejects`
	return s.ledger(ctx, sql, "WHERE contains(lower(path), lower($word)) OR contains(lower(reason), lower($word))", `ORDER BY path, "offset"`, args)
}

func (s *session) ledger(ctx context.Context, sql, where, order string, args []string) error {
	if len(args) == 0 {
		return s.query(ctx, sql+"\n"+order, nil)
	}
	return s.query(ctx, sql+"\n"+where+"\n"+order, map[string]any{"word": args[0]})
}

func runFormat(s *session, _ context.Context, args []string, _ string) error {
	if len(args) == 1 {
		f := strings.ToLower(args[0])
		if !slices.Contains(s.cfg.Formats, f) {
			err := notFound("format", args[0], s.cfg.Formats)
			if _, ok := err.(*hinted); !ok {
				err = &hinted{err, "formats: " + strings.Join(s.cfg.Formats, ", ")}
			}
			return err
		}
		s.format = f
	}
	if s.term != nil {
		s.note("format is %s", s.format)
	}
	return nil
}

func runParam(s *session, ctx context.Context, args []string, rest string) error {
	if len(args) == 0 {
		args = []string{"list"}
	}
	switch {
	case args[0] == "list" && len(args) == 1:
		l := value.NewList("name", "value")
		for _, name := range sortedKeys(s.params) {
			l.Add(name, s.params[name])
		}
		return s.show(ctx, func(context.Context) (value.Rows, error) { return l, nil })
	case args[0] == "set" && len(args) == 3:
		name := strings.TrimPrefix(args[1], "$")
		if p := sqltext.Params("$" + name); len(p) != 1 || p[0] != name {
			return fmt.Errorf("%q cannot be the name of a parameter", args[1])
		}
		s.params[name] = args[2]
	case args[0] == "set" && len(args) > 3:
		return &hinted{fmt.Errorf("the value has blanks"), fmt.Sprintf(".param set %s '%s'", args[1], strings.Join(args[2:], " "))}
	case args[0] == "unset" && len(args) == 2:
		name := strings.TrimPrefix(args[1], "$")
		if _, ok := s.params[name]; !ok {
			return notFound("parameter", name, sortedKeys(s.params))
		}
		delete(s.params, name)
	case args[0] == "clear" && len(args) == 1:
		clear(s.params)
	default:
		return fmt.Errorf("usage: .param [set NAME VALUE|unset NAME|list|clear]")
	}
	return nil
}

func runHistory(s *session, ctx context.Context, args []string, _ string) error {
	if s.history == nil {
		return fmt.Errorf("a script has no history")
	}
	found := s.history.search(strings.Join(args, " "))
	slices.Reverse(found)
	return s.plain(ctx, func(w io.Writer) error {
		for _, entry := range found {
			if _, err := fmt.Fprintln(w, entry); err != nil {
				return err
			}
		}
		return nil
	})
}

// readDepth bounds files that read each other.
const readDepth = 16

func runRead(s *session, ctx context.Context, args []string, _ string) error {
	if s.depth == readDepth {
		return fmt.Errorf("read %s: files read each other", args[0])
	}
	path := expandHome(args[0])
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	s.depth++
	defer func() { s.depth-- }()
	return s.script(ctx, args[0], f)
}

func expandHome(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest) + path[len(strings.TrimRight(path, "/")):]
		}
	}
	return path
}

func runTimeline(s *session, ctx context.Context, _ []string, rest string) error {
	filter, err := timeline.ParseFilter(rest)
	if err != nil {
		return err
	}
	return s.interruptible(ctx, func(ctx context.Context) error {
		_, err := s.write(ctx, func(w io.Writer, opts RenderOptions) error {
			width := opts.Width
			if width == 0 {
				width = 100
			}
			chart, err := timeline.Buckets(ctx, s.cfg.Engine, filter, width)
			if err != nil {
				return err
			}
			return timeline.Draw(w, chart, timeline.Options{Width: width, Colour: opts.Colour, ASCII: !s.unicode()})
		})
		return err
	})
}

func runCoverage(s *session, ctx context.Context, _ []string, _ string) error {
	return s.interruptible(ctx, func(ctx context.Context) error {
		_, err := s.write(ctx, func(w io.Writer, opts RenderOptions) error {
			width := opts.Width
			if width == 0 {
				width = 100
			}
			m, err := coverage.Collect(ctx, s.cfg.Engine)
			if err != nil {
				return err
			}
			return coverage.Draw(w, m, coverage.Options{Width: width, Gaps: 10, Colour: opts.Colour, ASCII: !s.unicode()})
		})
		return err
	})
}

// unicode reports whether the locale's letters are UTF-8; without a locale
// they are taken to be.
func (s *session) unicode() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := s.cfg.getenv(name); v != "" {
			return has("utf-8", v) || has("utf8", v)
		}
	}
	return true
}

func completeTimeline(s *session, before []string, word string) []suggestion {
	if len(before) > 0 && before[len(before)-1] == "--source" {
		var all []suggestion
		for _, r := range s.cat.Relations {
			if !r.View {
				all = append(all, suggestion{r.Name, r.Doc})
			}
		}
		return match(word, false, all)
	}
	if strings.HasPrefix(word, "-") {
		return match(word, false, []suggestion{{"--source", "one source only"}, {"--since", "from this time, UTC"}, {"--until", "before this time, UTC"}})
	}
	if word == "" {
		return nil
	}
	return match(word, false, s.columnsOf(nil, "events"))
}
