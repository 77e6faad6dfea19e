// Package jsonrec decodes records that are JSON objects: in an array under a
// named key, in a bare array, one a line, or one after another.
//
// In: plain bytes and a [Plan] made from a source. Out: one row an object. One
// pass over the bytes finds the values the plan wants and checks the rest; no
// maps or trees of values are built. What the plan does not name is kept in
// the column extra, as a JSON object of dotted paths.
package jsonrec

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"logquarry/engine/decode"
	"logquarry/engine/schema"
)

// Plan says where in an object the cells of a row stand. It is read-only and
// may serve any number of decoders.
type Plan struct {
	Source  *schema.Source
	layout  decode.Columns
	root    node
	records []string // keys of a container object whose array holds records

	// Bits of the top-level keys that tell the source's records from others'.
	all, any, none uint64

	joins []join // columns of two members
	// message and whole are the columns of a record's text, or -1.
	message, whole int
	flat           bool
	fold           bool // keys are matched in any case
}

// join makes a column of two members at the top level, with a blank between.
type join struct {
	cell  node
	parts [2]string
}

// node is one key on the way to columns.
type node struct {
	path string // dotted, from the top of the record
	col  int    // the column of the value itself, or -1
	typ  schema.Type
	bit  uint64 // at the top level: which of the telling keys this is

	port   int      // 1 + the column of the port behind the last colon; 0: none
	split  bool     // the column is of the address before the colon
	absent []string // texts that stand for no value
	opened bool     // JSON in a string is taken out
	inside bool     // and so is JSON in strings that are members
	part   int      // at the top level: 1 + which part of which join, 2 a join

	keys  []string // the members wanted, in the order the source lists them
	kids  []node
	index map[string]int
	fold  map[string]int // the same by lower-case keys; nil: case counts

	picks []pick // members of an array's elements
}

// pick takes a member out of an array of objects: of the element whose member
// by has the text is (headers[name=host].value), or of all (labels[].name).
type pick struct {
	by     string
	is     []byte
	member string
	col    int
	cell   node // the column, as of a member of its own
}

// NewPlan makes the plan of a source: of its records where they are JSON, or of
// the objects a source of another shape also comes as, whose keys are the names
// of its fields.
func NewPlan(s *schema.Source) (*Plan, error) {
	p := &Plan{Source: s, layout: decode.Layout(s), records: s.Records, message: -1, whole: -1, flat: s.Shape != schema.JSON, fold: s.Fold}
	p.root = node{col: -1}
	for i, c := range s.Columns {
		col := node{col: i, typ: c.Type, opened: c.Opened, inside: c.OpenedMembers}
		for _, text := range []string{s.Absent, c.Absent} {
			if text != "" {
				col.absent = append(col.absent, text)
			}
		}
		for _, from := range append([]string{c.From}, c.Also...) {
			if c.Part != "" && from == c.From {
				p.root.child(from).splitAt(col, c.Part)
				continue
			}
			if err := p.place(from, col); err != nil {
				return nil, fmt.Errorf("%s: column %s: %w", s.Name, c.Name, err)
			}
		}
	}
	bits := 0
	tell := func(mask *uint64, names []string) error {
		for _, name := range names {
			n := p.root.child(name)
			if n.bit == 0 {
				if bits == 64 {
					return fmt.Errorf("%s: more than 64 keys to recognise a record by", s.Name)
				}
				n.bit = 1 << bits
				bits++
			}
			*mask |= n.bit
		}
		return nil
	}
	for _, x := range []struct {
		mask  *uint64
		names []string
	}{{&p.all, s.Recognise.All}, {&p.any, s.Recognise.Any}, {&p.none, s.Recognise.None}} {
		if err := tell(x.mask, x.names); err != nil {
			return nil, err
		}
	}
	if p.fold {
		p.root.folded()
	}
	return p, nil
}

// folded lets n's members, and theirs, be found in any case.
func (n *node) folded() {
	n.fold = make(map[string]int)
	for i, key := range n.keys {
		low := strings.ToLower(key)
		if _, ok := n.fold[low]; !ok {
			n.fold[low] = i
		}
		n.kids[i].folded()
	}
}

// member is the place of the member of that name among n's, -1 where it is none.
func (n *node) member(name []byte) int {
	if i, ok := n.index[string(name)]; ok {
		return i
	}
	if n.fold != nil {
		if i, ok := n.fold[string(bytes.ToLower(name))]; ok {
			return i
		}
	}
	return -1
}

// Matches reports whether a record with these top-level keys is of the source.
func (p *Plan) Matches(keys map[string]bool) bool {
	var seen uint64
	for k := range keys {
		if i := p.root.member([]byte(k)); i >= 0 {
			seen |= p.root.kids[i].bit
		}
	}
	return p.selects(seen)
}

// Names counts the keys that are names of the source.
func (p *Plan) Names(keys map[string]bool) int {
	n := 0
	for k := range keys {
		if _, ok := p.root.index[k]; ok {
			n++
		}
	}
	return n
}

func (p *Plan) selects(seen uint64) bool {
	return seen&p.all == p.all && (p.any == 0 || seen&p.any != 0) && seen&p.none == 0
}

// place adds a place of the value of a column.
func (p *Plan) place(from string, col node) error {
	switch {
	case from == "@message":
		p.message = col.col
	case from == "@json":
		p.whole = col.col
	case schema.IsArrival(from):
		// decode.Columns gives it, or an object has none: it was read.
	case !p.flat:
		return p.root.add(from, col)
	case strings.Contains(from, " "):
		first, second, _ := strings.Cut(from, " ")
		j := join{cell: col, parts: [2]string{first, second}}
		j.cell.path = from
		for k, name := range j.parts {
			n := p.root.child(name)
			if n.part != 0 {
				return fmt.Errorf("%s is part of another column already", name)
			}
			n.part, n.absent = 1+2*len(p.joins)+k, col.absent
		}
		p.joins = append(p.joins, j)
		return p.root.child(from).be(col)
	default:
		// A dotted name is one key, or the way to a member.
		if strings.Contains(from, ".") {
			if err := p.root.add(from, col); err != nil {
				return err
			}
		}
		return p.root.child(from).be(col)
	}
	return nil
}

// splitAt makes n the place of a column of one part of address:port.
func (n *node) splitAt(col node, part string) {
	n.absent, n.split = col.absent, true
	if part == schema.Port {
		n.port = col.col + 1
		return
	}
	n.col, n.typ = col.col, col.typ
}

// be makes n the place of a column.
func (n *node) be(col node) error {
	if n.col >= 0 {
		return fmt.Errorf("%s is already a column", n.path)
	}
	n.col, n.typ, n.absent, n.opened = col.col, col.typ, col.absent, col.opened
	n.inside = col.inside
	return nil
}

func (n *node) child(key string) *node {
	i, ok := n.index[key]
	if !ok {
		if n.index == nil {
			n.index = make(map[string]int)
		}
		i = len(n.kids)
		n.index[key] = i
		path := key
		if n.path != "" {
			path = n.path + "." + key
		}
		n.keys = append(n.keys, key)
		n.kids = append(n.kids, node{path: path, col: -1})
	}
	return &n.kids[i]
}

func (n *node) add(from string, col node) error {
	for {
		step, rest, more := strings.Cut(from, ".")
		name, array, isArray := strings.Cut(step, "[")
		if name == "" {
			return fmt.Errorf("empty step in %q", from)
		}
		n = n.child(name)
		if !isArray {
			if !more {
				return n.be(col)
			}
			from = rest
			continue
		}
		cond, ok := strings.CutSuffix(array, "]")
		if !ok || !more || rest == "" || strings.ContainsAny(rest, ".[") {
			return fmt.Errorf("%q: an array step is key[].member or key[key=text].member", from)
		}
		p := pick{member: rest, col: col.col}
		if cond != "" {
			var is string
			p.by, is, ok = strings.Cut(cond, "=")
			p.is = []byte(is)
			if !ok || p.by == "" {
				return fmt.Errorf("%q: an array step is key[].member or key[key=text].member", from)
			}
		} else if slices.ContainsFunc(n.picks, func(p pick) bool { return p.by == "" }) {
			return fmt.Errorf("%q: an array has one list at most", from)
		} else if col.typ != schema.JSONText {
			return fmt.Errorf("%q is a list and needs type json", from)
		}
		p.cell = col
		p.cell.path = n.path + "." + string(p.is)
		n.picks = append(n.picks, p)
		return nil
	}
}
