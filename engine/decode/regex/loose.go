package regex

import (
	"bytes"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/schema"
)

// member is one name and value of an object.
type member struct{ name, value []byte }

// object puts the members of a text that looks like an object of the source into
// their columns. A template that puts what a client sent between quotes makes no
// JSON where that holds a quote: its client must not be able to hide by sending
// one. It is the source's where at least half of its names are; a source that is
// not recognised by names has none.
func (d *Decoder) object(b *batch.Batch, text []byte) bool {
	if r := d.plan.Source.Recognise; len(r.All)+len(r.Any) == 0 {
		return false
	}
	list := members(text)
	known := 0
	for _, m := range list {
		if d.plan.fields.Known(string(m.name)) {
			known++
		}
	}
	if known == 0 || 2*known < len(list) {
		return false
	}
	seen := make(map[string]bool, len(list))
	for _, m := range list {
		f := d.plan.fields.Field(string(m.name))
		switch {
		case seen[f.Name] && !f.Absent(m.value):
			d.cells.Keep(f.Name, m.value)
		case len(m.value) > 0 || f.Type == schema.Varchar:
			d.cells.Put(b, &f, m.value)
		}
		seen[f.Name] = true
	}
	if d.cells.Misfit == "" && !decode.IsJSON(text) {
		d.cells.Misfit = "no JSON, read by the names of its members"
	}
	return true
}

// FitsLoosely reports whether text, which is no JSON, is an object all the same,
// of whatever quotes, with the names by which records of the source are
// recognised.
func (p *Plan) FitsLoosely(text []byte) bool {
	r := &p.Source.Recognise
	if len(r.All)+len(r.Any) == 0 {
		return false
	}
	has := make(map[string]bool)
	for _, m := range members(text) {
		has[string(m.name)] = true
	}
	return r.Names(func(name string) bool { return has[name] })
}

// members takes an object of strings, numbers and words apart, in whose strings
// quotes may stand as they are: a string ends at the quote behind which the
// object ends or another member begins. nil where it is none.
func members(text []byte) []member {
	text = bytes.TrimSpace(text)
	if len(text) < 2 || text[0] != '{' || text[len(text)-1] != '}' {
		return nil
	}
	text = bytes.TrimSpace(text[1 : len(text)-1])
	var list []member
	for {
		name, at := memberName(text)
		if name == nil {
			return nil
		}
		text = text[at:]
		var value []byte
		if len(text) > 0 && text[0] == '"' {
			end := 1
			for ; end < len(text); end++ {
				q := bytes.IndexByte(text[end:], '"')
				if q < 0 {
					return nil
				}
				if end += q; goesOn(text[end+1:]) {
					break
				}
			}
			if end >= len(text) {
				return nil
			}
			value, text = text[1:end], text[end+1:]
		} else {
			end := bytes.IndexByte(text, ',')
			if end < 0 {
				end = len(text)
			}
			if value = bytes.TrimSpace(text[:end]); len(value) > 0 && (value[0] == '{' || value[0] == '[') {
				return nil
			}
			text = text[end:]
		}
		list = append(list, member{name, value})
		if text = skipSpace(text); len(text) == 0 {
			return list
		}
		if text[0] != ',' {
			return nil
		}
		text = text[1:]
	}
}

// goesOn reports whether rest is what may follow a member's value.
func goesOn(rest []byte) bool {
	rest = skipSpace(rest)
	if len(rest) == 0 {
		return true
	}
	if rest[0] != ',' {
		return false
	}
	name, _ := memberName(rest[1:])
	return name != nil
}

// memberName is the name that text begins with and where its value begins; nil
// where there is none, or one no template would have.
func memberName(text []byte) ([]byte, int) {
	rest := skipSpace(text)
	if len(rest) == 0 || rest[0] != '"' {
		return nil, 0
	}
	end := 1
	for end < len(rest) && (rest[end]-'0' <= 9 || rest[end]|0x20-'a' < 26 || bytes.IndexByte([]byte("_.$@-"), rest[end]) >= 0) {
		end++
	}
	if end == 1 || end >= len(rest) || rest[end] != '"' {
		return nil, 0
	}
	name := rest[1:end]
	if rest = skipSpace(rest[end+1:]); len(rest) == 0 || rest[0] != ':' {
		return nil, 0
	}
	rest = skipSpace(rest[1:])
	return name, len(text) - len(rest)
}

func skipSpace(b []byte) []byte { return bytes.TrimLeft(b, " \t\r\n") }
