package repl

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"logquarry/engine/custody"
	"logquarry/engine/value"
)

func runKeep(s *session, ctx context.Context, args []string, rest string) error {
	if s.asked == nil {
		return &hinted{errors.New("there is no result to keep"), "run a query or a hunt first; lists and statements that change data are not kept"}
	}
	note := rest
	if len(args) == 1 {
		note = args[0] // its quotes taken off
	}
	return s.interruptible(ctx, func(ctx context.Context) error {
		f, err := s.cfg.Engine.Keep(ctx, *s.asked, note)
		if err == nil && !s.cfg.Quiet {
			s.note("finding %d kept: %s %s, hash of the rows %s", f.ID, thousands(f.Rows), plural(f.Rows, "row"), f.RowsSHA256)
		}
		return err
	})
}

func runFindings(s *session, ctx context.Context, args []string, _ string) error {
	if len(args) > 0 && args[0] != "check" {
		return errors.New("usage: .findings [check [ID …]]")
	}
	if len(args) == 0 {
		all, err := s.cfg.Engine.Findings(ctx)
		if err != nil {
			return err
		}
		return s.showList(ctx, ListFindings(all))
	}
	var ids []int64
	for _, a := range args[1:] {
		id, err := strconv.ParseInt(a, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is no finding's number", a)
		}
		ids = append(ids, id)
	}
	var all []custody.Checked
	err := s.interruptible(ctx, func(ctx context.Context) (err error) {
		all, err = s.cfg.Engine.CheckFindings(ctx, ids)
		return err
	})
	if err != nil {
		return err
	}
	return s.showList(ctx, ListChecked(all))
}

// ListFindings are findings as rows.
func ListFindings(all []custody.Finding) *value.List {
	l := value.NewList("finding", "kept_at", "os_user", "hunt_id", "title", "rows", "note", "rows_sha256", "parameters", "sql")
	for column, kind := range map[int]string{0: "BIGINT", 1: "TIMESTAMP", 5: "BIGINT"} {
		l.Columns()[column].Type = kind
	}
	for _, f := range all {
		l.Add(f.ID, f.At, f.OSUser, orNull(f.Hunt), orNull(f.Title), f.Rows, orNull(f.Note), f.RowsSHA256, parameters(f.Parameters), f.SQL)
	}
	return l
}

// parameters are values as people write them.
func parameters(list []custody.Parameter) any {
	var all []string
	for _, p := range list {
		all = append(all, p.Name+"="+p.Value)
	}
	return orNull(strings.Join(all, " "))
}

// ListChecked are checked findings as rows.
func ListChecked(all []custody.Checked) *value.List {
	l := value.NewList("finding", "same", "result", "rows_kept", "rows_now", "title")
	for column, kind := range map[int]string{0: "BIGINT", 1: "BOOLEAN", 3: "BIGINT", 4: "BIGINT"} {
		l.Columns()[column].Type = kind
	}
	for _, c := range all {
		l.Add(c.ID, c.Same(), c.String(), c.Rows, c.Now, orNull(c.Title))
	}
	return l
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
