package jsonrec

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf8"

	"logquarry/engine/decode"
	"logquarry/engine/decode/jsontext"
	"logquarry/engine/schema"
)

// object decodes the members of the object at b[i] into the current row, and
// returns where it ends. Members that n does not name go to extra.
func (d *Decoder) object(b []byte, i int, n *node) (int, error) {
	guess := 0 // AWS writes members in nearly the same order each time
	if i = jsontext.Space(b, i+1); i >= len(b) {
		return i, jsontext.ErrShort
	}
	if b[i] == '}' {
		return i + 1, nil
	}
	for {
		if b[i] != '"' {
			return i, jsontext.Syntax(b, i, "a key in quotes")
		}
		start := i
		kid, end := n.expected(b, i, guess)
		var name []byte
		var err error
		if kid < 0 {
			var f jsontext.Flags
			if end, f, err = jsontext.String(b, i); err != nil {
				return end, err
			}
			name = b[start+1 : end-1]
			if f&jsontext.Escaped != 0 {
				d.text = jsontext.Unescape(d.text[:0], b[start:end])
				name = d.text
			}
			kid = n.member(name)
		}
		if i = jsontext.Space(b, end); i >= len(b) {
			return i, jsontext.ErrShort
		}
		if b[i] != ':' {
			return i, jsontext.Syntax(b, i, "':'")
		}
		if i = jsontext.Space(b, i+1); i >= len(b) {
			return i, jsontext.ErrShort
		}
		if kid >= 0 {
			guess = kid + 1
			i, err = d.value(b, i, &n.kids[kid])
		} else {
			i, err = d.unknown(b, i, n.path, name)
		}
		if err != nil {
			return i, err
		}
		if i = jsontext.Space(b, i); i >= len(b) {
			return i, jsontext.ErrShort
		}
		switch b[i] {
		case '}':
			return i + 1, nil
		case ',':
			if i = jsontext.Space(b, i+1); i >= len(b) {
				return i, jsontext.ErrShort
			}
		default:
			return i, jsontext.Syntax(b, i, "',' or '}'")
		}
	}
}

// expected is the member whose key stands at b[i], where that is one of the next
// few from guess on, and where the key ends; -1 elsewhere.
func (n *node) expected(b []byte, i, guess int) (kid, end int) {
	const tries = 4 // optional members lie between
	for k := guess; k < len(n.keys) && k < guess+tries; k++ {
		name := n.keys[k]
		if last := i + 1 + len(name); last < len(b) && b[last] == '"' && string(b[i+1:last]) == name {
			return k, last + 1
		}
	}
	return -1, 0
}

// unknown keeps a member no column is for.
func (d *Decoder) unknown(b []byte, i int, path string, name []byte) (int, error) {
	// The name may lie in d.text, which reading the value would overwrite.
	full := string(name)
	if path != "" {
		full = path + "." + full
	}
	end, f, err := jsontext.Skip(b, i)
	if err != nil {
		return end, err
	}
	d.keepExtra(full, b[i:end], f)
	return end, nil
}

// value decodes the value at b[i] into the columns of n.
func (d *Decoder) value(b []byte, i int, n *node) (int, error) {
	d.seen |= n.bit
	if b[i] == '{' && len(n.kids) > 0 && (n.col < 0 || n.typ != schema.JSONText) {
		return d.object(b, i, n)
	}
	end, f, err := jsontext.Skip(b, i)
	if err != nil {
		return end, err
	}
	raw := b[i:end]
	if d.in.Dirty && !utf8.Valid(raw) {
		d.misfits(n.path, "bytes that are not UTF-8, replaced by U+FFFD")
		d.items = jsontext.Repair(d.items[:0], raw)
		if f&jsontext.Control != 0 {
			f |= jsontext.Escaped // which is what repair made of it
		}
		raw, f = append([]byte(nil), d.items...), f&^(jsontext.Control|jsontext.Lone)
	}
	if raw[0] == '"' && n.isAbsent(raw[1:len(raw)-1]) {
		return end, nil
	}
	if n.part > 0 && raw[0] == '"' {
		k := n.part - 1
		for len(d.parts) <= k {
			d.parts = append(d.parts, nil)
		}
		d.parts[k] = append(d.parts[k][:0], raw[1:len(raw)-1]...)
		if n.col < 0 {
			return end, nil
		}
	}
	if n.split && raw[0] == '"' {
		// IPv6 addresses have colons of their own, and no brackets.
		if at := bytes.LastIndexByte(raw, ':'); at > 0 && n.port > 0 && !d.b.IsSet(n.port-1) {
			port := node{path: n.path, col: n.port - 1, typ: schema.Integer}
			if _, ok := decode.Int(raw[at+1 : len(raw)-1]); ok {
				d.cell(raw[at+1:len(raw)-1], 0, &port)
				raw = append(append([]byte(nil), raw[:at]...), '"')
			}
		}
	}
	if n.opened && raw[0] == '"' {
		raw, f = open(raw, f)
	}
	if n.inside && raw[0] == '{' {
		raw, f = openMembers(raw, f)
	}
	inside := len(n.kids) > 0 || len(n.picks) > 0
	switch {
	case raw[0] == 'n':
		// Null is not absent: a JSON column says null, others say so in extra.
		if n.col >= 0 && n.typ == schema.JSONText && !d.b.IsSet(n.col) {
			d.b.SetText(n.col, raw)
		} else {
			d.keepExtra(n.path, raw, 0)
		}
	case n.col >= 0 && d.b.IsSet(n.col):
		d.keepExtra(n.path, raw, f) // the key stands twice
	case n.col >= 0:
		d.cell(raw, f, n)
	case !inside, raw[0] != '{' && raw[0] != '[':
		d.keepExtra(n.path, raw, f)
	}
	switch {
	case raw[0] == '{' && len(n.kids) > 0:
		// The whole is a column and its members are columns too. It has been
		// scanned, so this cannot fail, and what it does not name is not lost.
		extra := len(d.extra)
		if _, err := d.object(raw, 0, n); err != nil {
			return i, err
		}
		d.extra = d.extra[:extra]
	case raw[0] == '[' && len(n.picks) > 0:
		d.pick(raw, n)
		if n.col < 0 {
			d.keepRest(raw, f, n)
		}
	case inside && n.col < 0 && (raw[0] == '{' || raw[0] == '['):
		d.keepExtra(n.path, raw, f) // an array for an object, or the reverse
	}
	return end, nil
}

// isAbsent reports whether a text stands for no value.
func (n *node) isAbsent(text []byte) bool {
	for _, a := range n.absent {
		if string(text) == a {
			return true
		}
	}
	return false
}

// open is the JSON in the string raw, or raw itself where it holds none.
func open(raw []byte, f jsontext.Flags) ([]byte, jsontext.Flags) {
	text := append(jsontext.Unescape(nil, raw), ' ') // behind a number at the end there is something
	from := jsontext.Space(text, 0)
	if from >= len(text) || text[from] != '{' && text[from] != '[' {
		return raw, f
	}
	end, inner, err := jsontext.Skip(text, from)
	if err != nil || jsontext.Space(text, end) != len(text) || !utf8.Valid(text) {
		return raw, f
	}
	return text[from:end], inner
}

// join makes the columns of two members, once both have been read.
func (d *Decoder) join() {
	for k := range d.plan.joins {
		j := &d.plan.joins[k]
		if len(d.parts) < 2*k+2 || len(d.parts[2*k]) == 0 || len(d.parts[2*k+1]) == 0 {
			continue
		}
		if !d.b.IsSet(j.cell.col) {
			d.items = append(append(d.items[:0], '"'), d.parts[2*k]...)
			d.items = append(append(d.items, ' '), d.parts[2*k+1]...)
			raw := append(append([]byte(nil), d.items...), '"')
			d.cell(raw, 0, &j.cell)
		}
	}
}

// cell puts a value that is not null into the column of n, or into extra where
// it does not fit.
func (d *Decoder) cell(raw []byte, f jsontext.Flags, n *node) {
	if n.typ == schema.JSONText {
		if f&(jsontext.Control|jsontext.Lone) != 0 {
			d.misfits(n.path, "characters that JSON does not allow, written as escapes")
			d.items = jsontext.Repair(d.items[:0], raw)
			raw = d.items
		}
		d.b.SetText(n.col, raw)
		return
	}
	text, quoted := raw, raw[0] == '"'
	if quoted {
		if text = raw[1 : len(raw)-1]; f&jsontext.Escaped != 0 {
			d.text = jsontext.Unescape(d.text[:0], raw)
			text = d.text
		}
		if f&jsontext.Lone != 0 {
			d.misfits(n.path, "half a surrogate pair, replaced by U+FFFD")
		}
	}
	ok := false
	switch n.typ {
	case schema.Varchar:
		if ok = raw[0] != '{' && raw[0] != '['; ok {
			d.b.SetText(n.col, text)
		}
	case schema.Timestamp:
		var at int64
		if at, ok = decode.When(text); ok {
			d.b.SetInt64(n.col, at)
		}
	case schema.TimestampS:
		var v int64
		if v, ok = decode.Int(text); ok {
			if v, ok = decode.Micros(v); ok {
				d.b.SetInt64(n.col, v)
			}
		}
	case schema.TimestampMS:
		var v int64
		if v, ok = decode.Int(text); ok {
			if _, ok = decode.Micros(v / 1000); ok {
				d.b.SetInt64(n.col, v*1000)
			}
		}
	case schema.Bigint:
		var v int64
		if v, ok = decode.Int(text); ok {
			d.b.SetInt64(n.col, v)
		}
	case schema.Integer:
		var v int64
		if v, ok = decode.Int(text); ok {
			if ok = v == int64(int32(v)); ok {
				d.b.SetInt32(n.col, int32(v))
			}
		}
	case schema.Double:
		if v, err := strconv.ParseFloat(string(text), 64); err == nil && isNumber(text) {
			ok = true
			d.b.SetFloat64(n.col, v)
		}
	case schema.Boolean:
		// Some AWS fields are the strings "true" and "false".
		if ok = string(text) == "true" || string(text) == "false"; ok {
			d.b.SetBool(n.col, text[0] == 't')
		}
	}
	if !ok {
		d.misfits(n.path, fmt.Sprintf("%s does not fit %s, kept in extra", cut(raw), n.typ))
		d.keepExtra(n.path, raw, f)
	}
}

// openMembers is the object raw with the JSON in strings that are its members
// taken out; raw itself where there is none.
func openMembers(raw []byte, f jsontext.Flags) ([]byte, jsontext.Flags) {
	var out []byte
	from := 0 // what of raw has been copied
	for i := jsontext.Space(raw, 1); raw[i] != '}'; {
		next, _, err := jsontext.Key(raw, i)
		if err != nil {
			return raw, f
		}
		i = jsontext.Space(raw, next)
		end, vf, err := jsontext.Skip(raw, i)
		if err != nil {
			return raw, f
		}
		if raw[i] == '"' {
			val, inner := open(raw[i:end], vf)
			if val[0] == '"' { // a text that was JSON already is quoted twice
				text := jsontext.Unescape(nil, val)
				if len(text) > 1 && text[0] == '"' {
					if n, _, err := jsontext.String(text, 0); err == nil && n == len(text) {
						val, inner = open(text, vf)
					}
				}
			}
			if val[0] == '{' || val[0] == '[' {
				out = append(append(out, raw[from:i]...), val...)
				from, f = end, f|inner
			}
		}
		if i = jsontext.Space(raw, end); raw[i] == ',' {
			i = jsontext.Space(raw, i+1)
		}
	}
	if from == 0 {
		return raw, f
	}
	return append(out, raw[from:]...), f
}

// isNumber keeps out what Go reads as a number and JSON does not: Inf, 0x1p-2.
func isNumber(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && c != '-' && c != '+' && c != '.' && c|0x20 != 'e' {
			return false
		}
	}
	return true
}

// cut is the beginning of b for a message.
func cut(b []byte) string {
	if len(b) > 60 {
		return string(b[:60]) + "…"
	}
	return string(b)
}

func (d *Decoder) misfits(path, what string) {
	if d.misfit == "" {
		d.misfit = path + ": " + what
	}
}

// keepExtra adds a member to the column extra.
func (d *Decoder) keepExtra(path string, raw []byte, f jsontext.Flags) {
	if len(d.extra) == 0 {
		d.extra = append(d.extra, '{')
	} else {
		d.extra = append(d.extra, ',')
	}
	d.extra = decode.AppendQuoted(d.extra, path)
	d.extra = append(d.extra, ':')
	if f&(jsontext.Control|jsontext.Lone) != 0 || d.in.Dirty && !utf8.Valid(raw) {
		d.misfits(path, "characters that JSON does not allow, written as escapes or U+FFFD")
		d.extra = jsontext.Repair(d.extra, raw)
		return
	}
	d.extra = append(d.extra, raw...)
}

// pick fills the columns that take members of the elements of an array, in one
// pass over the elements.
func (d *Decoder) pick(raw []byte, n *node) {
	lists := d.lists[:0]
	for _, p := range n.picks {
		if p.by == "" {
			lists = append(lists, '[')
			break
		}
	}
	elements(raw, func(el []byte) bool {
		if el[0] != '{' {
			return true
		}
		d.fields = d.fields[:0]
		members(el, func(name, val []byte, f jsontext.Flags) { d.fields = append(d.fields, member{name, val, f}) })
		for k := range n.picks {
			p := &n.picks[k]
			m := d.field(p.member)
			switch {
			case m == nil:
			case p.by == "":
				if len(lists) > 1 {
					lists = append(lists, ',')
				}
				lists = jsontext.Repair(lists, m.val)
			case !d.b.IsSet(p.col) && m.val[0] != 'n':
				by := d.field(p.by)
				// Header names keep the client's case. The first of several counts.
				if by != nil && len(by.val) == len(p.is)+2 && bytes.EqualFold(by.val[1:len(by.val)-1], p.is) {
					d.cell(m.val, m.f, &p.cell)
				}
			}
		}
		return true
	})
	for _, p := range n.picks {
		if p.by == "" {
			lists = append(lists, ']')
			d.b.SetText(p.col, lists)
		}
	}
	d.lists = lists
}

// member is one member of an object.
type member struct {
	name, val []byte
	f         jsontext.Flags
}

// field is the member of that name among d.fields, nil where there is none.
func (d *Decoder) field(name string) *member {
	for k := range d.fields {
		if string(d.fields[k].name) == name {
			return &d.fields[k]
		}
	}
	return nil
}

// keepRest keeps an array whose picked members are columns but which is none
// itself, where an element has more than the members picked.
func (d *Decoder) keepRest(raw []byte, f jsontext.Flags, n *node) {
	rest := false
	elements(raw, func(el []byte) bool {
		if el[0] != '{' {
			rest = true
			return false
		}
		members(el, func(name, _ []byte, _ jsontext.Flags) {
			for _, p := range n.picks {
				if p.by == "" && p.member == string(name) {
					return
				}
			}
			rest = true
		})
		return !rest
	})
	if rest {
		d.keepExtra(n.path, raw, f)
	}
}

// elements calls f with each element of the array raw, which has been scanned,
// until f returns false.
func elements(raw []byte, f func(el []byte) bool) {
	for i := jsontext.Space(raw, 1); i < len(raw) && raw[i] != ']'; {
		end, _, err := jsontext.Skip(raw, i)
		if err != nil || !f(raw[i:end]) {
			return
		}
		if i = jsontext.Space(raw, end); i < len(raw) && raw[i] == ',' {
			i = jsontext.Space(raw, i+1)
		}
	}
}

// members calls f with each member of the object raw, which has been scanned.
func members(raw []byte, f func(name, val []byte, vf jsontext.Flags)) {
	for i := jsontext.Space(raw, 1); i < len(raw) && raw[i] != '}'; {
		next, _, err := jsontext.Key(raw, i)
		if err != nil {
			return
		}
		name := jsontext.KeyText(raw[i:next])
		i = jsontext.Space(raw, next)
		end, vf, err := jsontext.Skip(raw, i)
		if err != nil {
			return
		}
		f(name, raw[i:end], vf)
		if i = jsontext.Space(raw, end); i < len(raw) && raw[i] == ',' {
			i = jsontext.Space(raw, i+1)
		}
	}
}
