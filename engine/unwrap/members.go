package unwrap

import (
	"bytes"
	"unicode/utf8"

	"logquarry/engine/decode"
	"logquarry/engine/decode/jsontext"
)

// membersOf appends the members of the object at the start of text. It reports
// whether the object is whole; the value of the last member may be cut off.
func membersOf(dst members, text []byte) (members, bool) {
	i := 1
	for {
		if i = jsontext.Space(text, i); i >= len(text) {
			return dst, false
		}
		switch text[i] {
		case '}':
			return dst, true
		case ',':
			i++
			continue
		}
		next, f, err := jsontext.Key(text, i)
		if err != nil {
			return dst, false
		}
		name := jsontext.Name(text[i:next], f)
		if i = jsontext.Space(text, next); i >= len(text) {
			return dst, false
		}
		end, _, err := jsontext.Skip(text, i)
		if err != nil {
			return append(dst, jsontext.Member{Name: name, Val: text[i:]}), false
		}
		dst = append(dst, jsontext.Member{Name: name, Val: text[i:end]})
		i = end
	}
}

// members are those of an object, in their order; the value of the last is cut
// off where the text is.
type members []jsontext.Member

// get is the value of a member, nil where there is none.
func (ms members) get(name string) []byte {
	for i := range ms {
		if string(ms[i].Name) == name {
			return ms[i].Val
		}
	}
	return nil
}

func (ms members) has(name string) bool { return ms.get(name) != nil }

// text is the text of a member that is a string; "" elsewhere.
func (ms members) text(name string) string { return string(stringOf(nil, ms.get(name))) }

// array and isString tell what a member is, by its first byte.
func (ms members) array(name string) bool    { v := ms.get(name); return len(v) > 0 && v[0] == '[' }
func (ms members) object(name string) bool   { v := ms.get(name); return len(v) > 0 && v[0] == '{' }
func (ms members) isString(name string) bool { v := ms.get(name); return len(v) > 0 && v[0] == '"' }

// stringOf appends the text of a JSON string to dst; nothing where val is none.
func stringOf(dst, val []byte) []byte {
	if len(val) < 2 || val[0] != '"' || val[len(val)-1] != '"' {
		return dst
	}
	if bytes.IndexByte(val, '\\') < 0 {
		return append(dst, val[1:len(val)-1]...)
	}
	return jsontext.Unescape(dst, val)
}

// timeOf reads a time: text, or a number of seconds or milliseconds; 0 where it
// is none.
func timeOf(val []byte) int64 {
	if len(val) > 1 && val[0] == '"' {
		val = val[1 : len(val)-1]
	}
	us, ok := decode.When(val)
	if !ok {
		return 0
	}
	return us
}

// each calls f with each element of the array val.
func each(val []byte, f func(el []byte)) {
	for i := jsontext.Space(val, 1); i < len(val) && val[i] != ']'; {
		end, _, err := jsontext.Skip(val, i)
		if err != nil {
			return
		}
		f(val[i:end])
		if i = jsontext.Space(val, end); i < len(val) && val[i] == ',' {
			i = jsontext.Space(val, i+1)
		}
	}
}

// each calls f with each element of the array val, and the members of those that
// are objects, until enough messages are in the queue.
func (o *opener) each(val []byte, f func(el []byte, ms members)) {
	for i := jsontext.Space(val, 1); i < len(val) && val[i] != ']' && !o.r.enough(); {
		var end int
		var err error
		ms := o.list()
		if val[i] == '{' {
			ms, end, err = jsontext.Object(ms, val, i)
		} else {
			end, _, err = jsontext.Skip(val, i)
		}
		if err == nil {
			f(val[i:end], ms)
		}
		o.done(ms)
		if err != nil {
			return
		}
		if i = jsontext.Space(val, end); i < len(val) && val[i] == ',' {
			i = jsontext.Space(val, i+1)
		}
	}
}

// lowered is a JSON document with the first letter of every key lowered: the
// AWS CLI's AccountId is accountId in files. Keys that are no names of fields,
// as AWS::S3::Bucket in a map, stay.
func lowered(text []byte) []byte {
	out := append([]byte(nil), text...)
	for i := 0; i < len(out); {
		if out[i] != '"' {
			i++
			continue
		}
		end, _, err := jsontext.String(out, i)
		if err != nil {
			return out
		}
		if k := jsontext.Space(out, end); k < len(out) && out[k] == ':' && end-i > 2 {
			if c := out[i+1]; c >= 'A' && c <= 'Z' && isName(out[i+1:end-1]) {
				out[i+1] = c | 0x20
			}
		}
		i = end
	}
	return out
}

// isName reports whether a key is of letters and digits only.
func isName(key []byte) bool {
	for _, c := range key {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// quoted appends text as a JSON string.
func quoted(dst []byte, text []byte) []byte {
	if !utf8.Valid(text) {
		text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
	}
	return decode.AppendQuoted(dst, string(text))
}
