// Package attack names the techniques and tactics of MITRE ATT&CK Enterprise.
//
// It takes technique ids such as T1078.004 and gives names and tactics, from a
// list it carries (enterprise.tsv, which names its version and terms). It knows
// nothing of hunts.
package attack

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Version is the version of ATT&CK the list holds.
const Version = "19"

// A Tactic is a column of the matrix.
type Tactic struct {
	ID    string // TA0001
	Short string // initial-access
	Name  string // Initial Access
}

// A Technique is a technique or a sub-technique.
type Technique struct {
	ID      string
	Name    string   // a sub-technique's own: Cloud Accounts
	Parent  string   // the technique's id of a sub-technique, else empty
	Tactics []string // short names, in the order of the matrix
}

// FullName is the name with that of the technique it is part of:
// "Valid Accounts: Cloud Accounts".
func (t Technique) FullName() string {
	if p, ok := Lookup(t.Parent); ok {
		return p.Name + ": " + t.Name
	}
	return t.Name
}

// URL is the technique's page.
func (t Technique) URL() string {
	return "https://attack.mitre.org/techniques/" + strings.ReplaceAll(t.ID, ".", "/") + "/"
}

// Tactics are all tactics, in the order of the matrix. The slice is the caller's.
func Tactics() []Tactic { return slices.Clone(matrix().tactics) }

// Techniques are all techniques and sub-techniques, by id. The slice is the
// caller's, what it holds is shared.
func Techniques() []Technique { return slices.Clone(matrix().techniques) }

// Lookup returns the technique with that id.
func Lookup(id string) (Technique, bool) {
	m := matrix()
	i, ok := slices.BinarySearchFunc(m.techniques, id, func(t Technique, id string) int { return strings.Compare(t.ID, id) })
	if !ok {
		return Technique{}, false
	}
	return m.techniques[i], true
}

// Current returns the technique with that id or, where the id was revoked, the
// one in its place.
func Current(id string) (Technique, bool) {
	if t, ok := Lookup(id); ok {
		return t, true
	}
	return Successor(id)
}

// Successor returns the technique that stands in the place of one that was
// revoked with the last version: rules written before name the old id.
func Successor(id string) (Technique, bool) {
	now, ok := matrix().successors[id]
	if !ok {
		return Technique{}, false
	}
	return Lookup(now)
}

//go:embed enterprise.tsv
var enterprise string

type list struct {
	tactics    []Tactic
	techniques []Technique
	successors map[string]string
}

var matrix = sync.OnceValue(func() *list {
	l, err := parse(enterprise)
	if err != nil {
		panic("attack: internal error: " + err.Error())
	}
	return l
})

// parse reads a list as enterprise.tsv is written.
func parse(text string) (*list, error) {
	l := &list{successors: map[string]string{}}
	var tactics []string
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		switch {
		case len(f) != 3:
			return nil, fmt.Errorf("line %d has %d fields, not 3", n, len(f))
		case strings.HasPrefix(f[0], "TA"):
			l.tactics = append(l.tactics, Tactic{ID: f[0], Short: f[1], Name: f[2]})
			tactics = append(tactics, f[1])
		case f[1] == "=":
			l.successors[f[0]] = f[2]
		default:
			t := Technique{ID: f[0], Name: f[2], Tactics: strings.Split(f[1], ",")}
			if parent, _, sub := strings.Cut(f[0], "."); sub {
				t.Parent = parent
			}
			for _, name := range t.Tactics {
				if !slices.Contains(tactics, name) {
					return nil, fmt.Errorf("line %d: no tactic %q", n, name)
				}
			}
			l.techniques = append(l.techniques, t)
		}
	}
	return l, nil
}
