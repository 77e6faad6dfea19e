package decode

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"logquarry/engine/batch"
	"logquarry/engine/decode/jsontext"
	"logquarry/engine/schema"
)

// Field is where the text of one field of a record goes.
type Field struct {
	Name   string
	Column int // -1: no column, kept in extra
	Type   schema.Type
	Quoted bool // it comes in double quotes, or may
	Items  bool // it is a list of items in double quotes, kept as it stands
	Padded bool // it may be filled up with blanks
	Port   int  // the column of the port behind the last colon; -1: none

	absent [2]string // texts that stand for no value; empty: none
	split  bool      // the column is of the address before the colon
	join   int       // 1 + 2k, 2 + 2k: the two parts of join k; 0: none
	shared bool      // other fields may give the column its value too
}

// Absent reports whether text stands for no value.
func (f *Field) Absent(text []byte) bool {
	return f.absent[0] != "" && string(text) == f.absent[0] || f.absent[1] != "" && string(text) == f.absent[1]
}

// Numeric reports whether the field is a number.
func (f *Field) Numeric() bool {
	switch f.Type {
	case schema.Integer, schema.Bigint, schema.Double, schema.TimestampS, schema.TimestampMS:
		return f.Column >= 0
	}
	return false
}

// Fields are the fields of a source of another shape than JSON, by name.
type Fields struct {
	absent string
	byName map[string]Field
	joins  []Field // columns of two fields
	// Message, Unmatched and Whole are the columns of a record's text, of that
	// text where no pattern fits it, and where it is JSON, or -1.
	Message, Unmatched, Whole int
}

// NewFields lists the fields that the columns of s read.
func NewFields(s *schema.Source) (*Fields, error) {
	fs := &Fields{absent: s.Absent, byName: make(map[string]Field), Message: -1, Unmatched: -1, Whole: -1}
	for i, c := range s.Columns {
		f := Field{Column: i, Port: -1, Type: c.Type, Items: c.Items, absent: [2]string{s.Absent, c.Absent}, shared: len(c.Also) > 0}
		for _, from := range append([]string{c.From}, c.Also...) {
			first, second, two := strings.Cut(from, " ")
			f.Quoted, f.Padded = c.Quoted && from == c.From, c.Padded && from == c.From
			switch {
			case from == "@message":
				fs.Message = i
			case from == "@unmatched":
				fs.Unmatched = i
			case from == "@json":
				fs.Whole = i
			case schema.IsArrival(from):
			case two:
				f.Name = from
				fs.joins = append(fs.joins, f)
				for k, name := range []string{first, second} {
					part := fs.Field(name)
					part.join = 2*len(fs.joins) - 1 + k
					part.absent = f.absent
					fs.byName[name] = part
				}
				// In CSV a field's own name may hold a blank.
				whole := f
				whole.shared = true
				fs.byName[from] = whole
			case c.Part != "" && from == c.From:
				both := fs.Field(from)
				both.absent = f.absent
				if both.split = true; c.Part == schema.Port {
					both.Port = i
				} else {
					both.Column, both.Type, both.shared, both.Quoted = i, c.Type, f.shared, c.Quoted
				}
				fs.byName[from] = both
			default:
				if old, twice := fs.byName[from]; twice && old.Column >= 0 {
					return nil, fmt.Errorf("%s: column %s: %s is already a column", s.Name, c.Name, from)
				}
				f.Name, f.join = from, fs.byName[from].join
				fs.byName[from] = f
			}
		}
	}
	return fs, nil
}

// Known reports whether name is a field of the source.
func (fs *Fields) Known(name string) bool {
	_, ok := fs.byName[name]
	return ok
}

// Field is the field of that name; one without a column where the source has
// none such.
func (fs *Fields) Field(name string) Field {
	if f, ok := fs.byName[name]; ok {
		return f
	}
	return Field{Name: name, Column: -1, Port: -1, absent: [2]string{fs.absent}}
}

// Cells puts the fields of one record after another into the current row of a
// batch. Between records it is told to Begin.
type Cells struct {
	Fields *Fields
	Dirty  bool // a field may hold bytes that are not UTF-8
	// Misfit is what of the record did not fit its column first; Misfits and
	// Given count fields.
	Misfit         string
	Misfits, Given int

	extra []byte
	parts [][]byte
}

// Begin starts on a record.
func (c *Cells) Begin() {
	c.extra, c.Misfit, c.Misfits, c.Given = c.extra[:0], "", 0, 0
	for k := range c.parts {
		c.parts[k] = c.parts[k][:0]
	}
}

// Put puts one field into its column, or into extra where it has none or does
// not fit. A text that stands for no value is dropped.
func (c *Cells) Put(b *batch.Batch, f *Field, text []byte) {
	if f.Absent(text) {
		return
	}
	c.Given++
	if f.join > 0 {
		for len(c.parts) < f.join {
			c.parts = append(c.parts, nil)
		}
		c.parts[f.join-1] = append(c.parts[f.join-1][:0], text...)
	}
	if f.split {
		// IPv6 addresses have colons of their own, and mostly no brackets.
		if at := bytes.LastIndexByte(text, ':'); at > 0 && f.Port >= 0 {
			port := Field{Name: f.Name, Column: f.Port, Port: -1, Type: schema.Integer, absent: f.absent}
			if _, ok := Int(text[at+1:]); ok {
				c.Put(b, &port, text[at+1:])
				text = text[:at]
				if text[0] == '[' && text[at-1] == ']' {
					text = text[1 : at-1]
				}
			}
		}
	}
	switch {
	case f.Column >= 0 && f.shared && b.IsSet(f.Column):
		c.Keep(f.Name, text) // another field has given the column its value
	case f.Column >= 0:
		c.cell(b, f, text)
	case f.join == 0:
		c.Keep(f.Name, text)
	}
}

func (c *Cells) cell(b *batch.Batch, f *Field, text []byte) {
	ok := true
	switch f.Type {
	case schema.Varchar:
		b.SetText(f.Column, c.valid(f.Name, text))
	case schema.JSONText:
		c.json(b, f, text)
	case schema.Integer:
		var v int64
		if v, ok = Int(text); ok {
			if ok = v == int64(int32(v)); ok {
				b.SetInt32(f.Column, int32(v))
			}
		}
	case schema.Bigint:
		var v int64
		if v, ok = Int(text); ok {
			b.SetInt64(f.Column, v)
		}
	case schema.TimestampS, schema.TimestampMS:
		var v int64
		scale := int64(1)
		if f.Type == schema.TimestampMS {
			scale = 1000
		}
		if v, ok = Int(text); ok {
			if _, ok = Micros(v / scale); ok {
				b.SetInt64(f.Column, v*(1_000_000/scale))
			}
		}
	case schema.Timestamp:
		var v int64
		if v, ok = When(text); ok {
			b.SetInt64(f.Column, v)
		}
	case schema.Double:
		var v float64
		if v, ok = decimal(text); !ok {
			var err error
			v, err = strconv.ParseFloat(string(text), 64)
			ok = err == nil && len(text) > 0 && (text[len(text)-1]-'0' <= 9 || text[len(text)-1] == '.')
		}
		if ok {
			b.SetFloat64(f.Column, v)
		}
	case schema.Boolean:
		if ok = string(text) == "true" || string(text) == "false"; ok {
			b.SetBool(f.Column, text[0] == 't')
		}
	}
	if !ok {
		c.Misfits++
		c.note(fmt.Sprintf("%s: %.60q does not fit %s, kept in extra", f.Name, text, f.Type))
		c.Keep(f.Name, text)
	}
}

// json puts text into a column of JSON: as it is where it is JSON, or quoted.
func (c *Cells) json(b *batch.Batch, f *Field, text []byte) {
	if text = c.valid(f.Name, text); IsJSON(text) {
		b.SetText(f.Column, text)
		return
	}
	b.SetText(f.Column, AppendQuoted(nil, string(text)))
}

// IsJSON reports whether text is one JSON document.
func IsJSON(text []byte) bool { return jsontext.Valid(text) }

// valid is text with U+FFFD for bytes that are not UTF-8, which is noted.
func (c *Cells) valid(name string, text []byte) []byte {
	if c.Dirty && !utf8.Valid(text) {
		c.note(name + ": bytes that are not UTF-8, replaced by U+FFFD")
		return bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	return text
}

// Text gives the columns of the record's whole text; matched says that a pattern
// fits it.
func (c *Cells) Text(b *batch.Batch, text []byte, matched bool) {
	if c.Fields.Message >= 0 {
		b.SetText(c.Fields.Message, c.valid("@message", text))
	}
	if c.Fields.Unmatched >= 0 && !matched {
		b.SetText(c.Fields.Unmatched, c.valid("@unmatched", text))
	}
	if c.Fields.Whole >= 0 && len(text) > 0 {
		if first := bytes.TrimSpace(text); len(first) > 0 && (first[0] == '{' || first[0] == '[') && IsJSON(first) {
			b.SetText(c.Fields.Whole, c.valid("@json", first))
		}
	}
}

// End makes the columns of two fields and puts what was kept into extra.
func (c *Cells) End(b *batch.Batch, extra int) {
	for k := range c.Fields.joins {
		f := &c.Fields.joins[k]
		if len(c.parts) >= 2*k+2 && len(c.parts[2*k]) > 0 && len(c.parts[2*k+1]) > 0 && !b.IsSet(f.Column) {
			text := append(append(append([]byte(nil), c.parts[2*k]...), ' '), c.parts[2*k+1]...)
			c.cell(b, f, text)
		}
	}
	if len(c.extra) > 0 {
		c.extra = append(c.extra, '}')
		b.SetText(extra, c.extra)
	}
}

func (c *Cells) note(what string) {
	if c.Misfit == "" {
		c.Misfit = what
	}
}

// Keep adds a field to extra.
func (c *Cells) Keep(name string, text []byte) {
	if len(c.extra) == 0 {
		c.extra = append(c.extra, '{')
	} else {
		c.extra = append(c.extra, ',')
	}
	c.extra = AppendQuoted(c.extra, name)
	c.extra = append(c.extra, ':')
	c.extra = AppendQuoted(c.extra, string(text))
}

// decimal reads a plain decimal number of few digits, as times and latencies
// are written, exactly: both parts of the quotient are exact in a double.
func decimal(b []byte) (float64, bool) {
	neg := false
	if len(b) > 0 && b[0] == '-' {
		neg, b = true, b[1:]
	}
	if len(b) == 0 || len(b) > 15 {
		return 0, false
	}
	n, scale, point := int64(0), 0, false
	for i, ch := range b {
		switch {
		case ch-'0' <= 9:
			n = n*10 + int64(ch-'0')
			if point {
				scale++
			}
		case ch == '.' && !point && i > 0 && i < len(b)-1:
			point = true
		default:
			return 0, false
		}
	}
	v := float64(n) / powers[scale]
	if neg {
		v = -v
	}
	return v, true
}

var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}
