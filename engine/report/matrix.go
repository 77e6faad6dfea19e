package report

import (
	"cmp"
	"slices"
	"strings"

	"logquarry/engine/attack"
)

// matrix is the ATT&CK matrix as far as findings name it.
type matrix struct {
	Version string
	Columns []tactic
	Unknown []string // ids that the list does not have
}

// tactic is a column; it is there without techniques, too.
type tactic struct {
	Short, Name string
	Cells       []technique
}

// technique is a cell. Sub-techniques are cells of their own.
type technique struct {
	ID, Name string
	Severity Severity // the worst of its findings
	Findings int64
	Hits     int64
	Hunts    []string
	Anchors  []string // of the findings, as Hunts
}

// Level is how dark the cell is, 1 to 4, by its findings.
func (t technique) Level() int {
	switch {
	case t.Findings >= 8:
		return 4
	case t.Findings >= 4:
		return 3
	case t.Findings >= 2:
		return 2
	}
	return 1
}

// lookup is a technique by its id, or by what stands in its place.
func lookup(id string) (attack.Technique, bool) {
	if t, ok := attack.Lookup(id); ok {
		return t, true
	}
	return attack.Successor(id)
}

// layMatrix counts findings, sorted, by technique.
func layMatrix(findings []Finding) *matrix {
	m := &matrix{Version: attack.Version}
	at := map[string]int{}
	for _, t := range attack.Tactics() {
		at[t.Short] = len(m.Columns)
		m.Columns = append(m.Columns, tactic{Short: t.Short, Name: t.Name})
	}
	for i, f := range findings {
		for _, id := range f.Attack {
			t, ok := lookup(id)
			if !ok {
				if !slices.Contains(m.Unknown, id) {
					m.Unknown = append(m.Unknown, id)
				}
				continue
			}
			for _, short := range t.Tactics {
				c := &m.Columns[at[short]]
				n := slices.IndexFunc(c.Cells, func(x technique) bool { return x.ID == t.ID })
				if n < 0 {
					n = len(c.Cells)
					c.Cells = append(c.Cells, technique{ID: t.ID, Name: t.FullName(), Severity: f.Severity})
				}
				x := &c.Cells[n]
				if slices.Contains(x.Anchors, findingAnchor(i)) {
					continue // named twice, by an old id and a new one
				}
				x.Findings++
				x.Hits += f.Count
				x.Hunts, x.Anchors = append(x.Hunts, f.Hunt), append(x.Anchors, findingAnchor(i))
				if f.Severity.rank() < x.Severity.rank() {
					x.Severity = f.Severity
				}
			}
		}
	}
	for i := range m.Columns {
		slices.SortStableFunc(m.Columns[i].Cells, func(a, b technique) int {
			return cmp.Or(cmp.Compare(a.Severity.rank(), b.Severity.rank()), cmp.Compare(b.Findings, a.Findings), strings.Compare(a.ID, b.ID))
		})
	}
	return m
}

// empty reports whether no finding names a technique of the list.
func (m *matrix) empty() bool {
	return !slices.ContainsFunc(m.Columns, func(t tactic) bool { return len(t.Cells) > 0 })
}

// tactics are the short names of the tactics a finding's techniques belong to,
// in the order of the matrix.
func tactics(ids []string) (out []string) {
	for _, t := range attack.Tactics() {
		if slices.ContainsFunc(ids, func(id string) bool {
			x, ok := lookup(id)
			return ok && slices.Contains(x.Tactics, t.Short)
		}) {
			out = append(out, t.Short)
		}
	}
	return out
}

// techniqueName is an id with its name, where the list has it.
func techniqueName(id string) string {
	if t, ok := lookup(id); ok {
		return t.FullName()
	}
	return ""
}
