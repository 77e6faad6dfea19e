package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"logquarry/engine/attack"
	"logquarry/engine/hunt"
	"logquarry/engine/session"
	"logquarry/engine/value"
)

func (a *app) packsCommand() *cobra.Command {
	var by string
	c := &cobra.Command{
		Use:   "packs [PACK|ID|FILE.sql…]",
		Short: "List packs of hunts, or the hunts in one",
		Long: `packs lists the packs of hunts; with names, the hunts in them: what each means,
what else makes hits, and what to look at next.

--by tactic lists ATT&CK techniques under their tactics, in the order of the
matrix, with the hunts that look for them. The list is that of ATT&CK ` + attack.Version + `.`,
		Example: `  quarry packs
  quarry packs cross-source
  quarry packs ct-trail-impaired --format line
  quarry packs --by tactic
  quarry packs all --format csv`,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return huntNames(), cobra.ShellCompDirectiveDefault
		},
		RunE: func(_ *cobra.Command, args []string) error {
			if by != "" && by != "tactic" {
				return usage("quarry packs --by tactic", "packs: --by %s: hunts are listed by tactic, or by pack without it", by)
			}
			lib, err := library()
			if err != nil {
				return err
			}
			if len(args) == 0 && by == "" {
				_, err := a.show(packList(lib))
				return err
			}
			if len(args) == 0 {
				args = []string{hunt.AllPack}
			}
			hunts, err := lib.Select(args)
			if err != nil {
				return &usageError{err, hintOf(err)}
			}
			if by == "" {
				_, err = a.show(huntList(hunts))
				return err
			}
			l, without := tacticList(hunts)
			if _, err = a.show(l); err == nil && without > 0 && !a.quiet {
				fmt.Fprintf(a.err, "%s for no technique: they show what is there\n", plural(int64(without), "hunt"))
			}
			return err
		},
	}
	c.Flags().StringVar(&by, "by", "", "list techniques of ATT&CK and their hunts: by `tactic`")
	return c
}

// packList are the packs: how many hunts of which severity, and what they read.
func packList(lib *hunt.Library) *value.List {
	names := []string{"pack", "hunts"}
	for _, s := range slices.Backward(hunt.Severities()) {
		names = append(names, string(s))
	}
	l := value.NewList(append(names, "sources")...)
	for i := 1; i < len(names); i++ {
		l.Columns()[i].Type = "BIGINT"
	}
	for _, p := range append(lib.Packs(), hunt.Pack{Name: hunt.AllPack, Hunts: lib.Hunts()}) {
		var sources []string
		counts := map[hunt.Severity]int64{}
		for _, h := range p.Hunts {
			counts[h.Severity]++
			sources = append(sources, h.Sources...)
		}
		row := []any{p.Name, int64(len(p.Hunts))}
		for _, s := range slices.Backward(hunt.Severities()) {
			row = append(row, counts[s])
		}
		slices.Sort(sources)
		l.Add(append(row, strings.Join(slices.Compact(sources), ", "))...)
	}
	return l
}

// huntList says all of each hunt but its SQL.
func huntList(hunts []hunt.Hunt) *value.List {
	l := value.NewList("id", "severity", "title", "attack", "sources", "parameters", "means", "next", "noise", "citation")
	for _, h := range hunts {
		var params, next []string
		for _, p := range h.Params {
			params = append(params, p.Name+"="+session.Default(p))
		}
		for _, n := range h.Next {
			next = append(next, n.String())
		}
		l.Add(h.ID, string(h.Severity), h.Title, strings.Join(h.Attack, ", "), strings.Join(h.Sources, ", "),
			strings.Join(params, " "), h.Means, strings.Join(next, "; "), h.Noise, h.Cite)
	}
	return l
}

// tacticList are the techniques hunts look for, a row for each tactic a technique
// serves, and how many hunts name none.
func tacticList(hunts []hunt.Hunt) (l *value.List, without int) {
	l = value.NewList("tactic", "technique", "name", "hunts", "worst", "ids")
	l.Columns()[3].Type = "BIGINT"
	serves := map[string][]hunt.Hunt{}
	for _, h := range hunts {
		if len(h.Attack) == 0 {
			without++
		}
		for _, id := range h.Attack {
			t, ok := attack.Current(id)
			if !ok {
				t = attack.Technique{ID: id} // of another version: listed last
			}
			if !slices.ContainsFunc(serves[t.ID], func(o hunt.Hunt) bool { return o.ID == h.ID }) {
				serves[t.ID] = append(serves[t.ID], h)
			}
		}
	}
	add := func(tactic any, id, name string) {
		var ids []string
		var worst hunt.Severity
		for _, h := range serves[id] {
			ids = append(ids, h.ID)
			if h.Severity.Rank() > worst.Rank() {
				worst = h.Severity
			}
		}
		l.Add(tactic, id, name, int64(len(ids)), string(worst), strings.Join(ids, ", "))
	}
	for _, tactic := range attack.Tactics() {
		for _, t := range attack.Techniques() {
			if serves[t.ID] != nil && slices.Contains(t.Tactics, tactic.Short) {
				add(tactic.Name, t.ID, t.FullName())
			}
		}
	}
	var strange []string
	for id := range serves {
		if _, ok := attack.Lookup(id); !ok {
			strange = append(strange, id)
		}
	}
	slices.Sort(strange)
	for _, id := range strange {
		add(nil, id, "not in ATT&CK "+attack.Version)
	}
	return l, without
}
