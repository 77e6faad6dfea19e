// Package delimited decodes records that are lines of fields: parted by blanks,
// such as VPC flow logs and, with quotes, load balancers' logs; by one
// character; as W3C extended logs; and comma-separated values.
//
// In: plain bytes and a [Plan] made from a source. Out: one row a line. A line
// of field names, at the start of a file or anywhere in it, sets the order of
// the fields from there on; without one the source's default order holds.
package delimited

import (
	"bytes"
	"fmt"
	"strings"

	"logquarry/engine/decode"
	"logquarry/engine/decode/csvtext"
	"logquarry/engine/schema"
)

// Plan says which column each field goes to. It is read-only and may serve any
// number of decoders.
type Plan struct {
	Source *schema.Source
	layout decode.Columns
	fields *decode.Fields
	order  []decode.Field // without a header line
	least  int            // fields of a line without a header
	sep    byte           // between fields; 0: runs of blanks
	names  map[string]string

	longest int       // bytes of a field's name
	first   [256]bool // bytes that fields' names begin with
}

// NewPlan makes the plan of a delimited source.
func NewPlan(s *schema.Source) (*Plan, error) {
	p := &Plan{Source: s, layout: decode.Layout(s), least: s.Least}
	var err error
	if p.fields, err = decode.NewFields(s); err != nil {
		return nil, err
	}
	for _, name := range s.Default {
		if !p.fields.Known(name) {
			return nil, fmt.Errorf("%s: default field %s is no column", s.Name, name)
		}
		p.order = append(p.order, p.fields.Field(name))
	}
	if p.least == 0 {
		p.least = len(p.order)
	}
	switch {
	case s.Separator != "":
		p.sep = s.Separator[0]
	case s.Shape == schema.W3C:
		p.sep = '\t'
	case s.Shape == schema.CSV:
		p.sep = ','
	}
	p.names = map[string]string{}
	for _, name := range s.Fields() {
		p.names[strings.ToLower(name)] = name
		p.longest = max(p.longest, len(name))
		p.first[name[0]] = true
	}
	return p, nil
}

// directive begins the line that names the fields of a W3C log.
const directive = "#Fields:"

// Header reads line as a line of field names: the names, or nil where it is
// none. It is one when its first word is a field's name and the fields the
// source is recognised by are all in it.
func (p *Plan) Header(line []byte) []string {
	words := p.words(line)
	if len(words) == 0 {
		return nil
	}
	has := make(map[string]bool, len(words))
	known := 0
	for _, w := range words {
		has[w] = true
		if p.fields.Known(w) {
			known++
		}
	}
	if 2*known < len(words) || !p.Source.Recognise.Names(func(name string) bool { return has[name] }) {
		return nil
	}
	return words
}

// Starts reports whether a line of field names may begin with c. It may be wrong
// with true, never with false.
func (p *Plan) Starts(c byte) bool {
	switch {
	case p.Source.Shape == schema.W3C:
		return c == directive[0]
	case p.Source.Shape == schema.CSV, p.sep != 0:
		return true
	}
	return p.first[c]
}

// words are the names in a line that may be one of names; nil where its first
// word is no field's name.
func (p *Plan) words(line []byte) []string {
	var words []string
	switch p.Source.Shape {
	case schema.W3C:
		rest, ok := bytes.CutPrefix(line, []byte(directive))
		if !ok {
			return nil
		}
		words = strings.FieldsFunc(string(rest), func(c rune) bool { return strings.ContainsRune(" \t\r,;|", c) })
	case schema.CSV:
		for _, w := range csvtext.Split(nil, line, p.sep) {
			words = append(words, p.own(strings.TrimSpace(string(w.Text))))
		}
	default:
		if p.sep != 0 {
			for _, w := range bytes.Split(line, []byte{p.sep}) {
				words = append(words, strings.TrimSpace(string(w)))
			}
			break
		}
		// Most lines are no header, and show it with their first word.
		if len(line) == 0 || !p.first[line[0]] {
			return nil
		}
		end := 0
		for end < len(line) && end <= p.longest && line[end] != ' ' && line[end] != '\t' {
			end++
		}
		if !p.fields.Known(string(line[:end])) {
			return nil
		}
		words = strings.Fields(string(line))
	}
	if len(words) == 0 || !p.fields.Known(words[0]) && p.Source.Shape == schema.Delimited {
		return nil
	}
	return words
}

// own is the source's spelling of a name in a CSV header.
func (p *Plan) own(name string) string {
	if !p.fields.Known(name) {
		if own, ok := p.names[strings.ToLower(name)]; ok {
			return own
		}
	}
	return name
}
