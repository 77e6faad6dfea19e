package jsonrec

import (
	"bytes"
	"errors"
	"slices"

	"logquarry/engine/decode"
	"logquarry/engine/decode/jsontext"
)

// garbage rejects what begins at Pos and goes on to where a record, or a
// container of records, plainly begins again. However long it is, it is one
// reject, and no more than MaxRecord of it is held at once.
func (d *Decoder) garbage(reason string) (int, int, bool) {
	d.lost = true
	rejected := false
	from, budget := 1, 16<<20 // both relative to Pos; budget in bytes of trial scans
	reject := func(n int) {
		if !rejected {
			d.reject(d.in.Pos, d.in.Pos+n, reason)
		}
		rejected = true
	}
	for {
		buf := d.in.Bytes()[d.in.Pos:]
		at, container, short := d.resync(buf, from, &budget)
		if at >= 0 && !short {
			reject(at)
			start := d.in.Pos
			d.in.Pos += at
			if container || d.at == inTail {
				d.top()
			}
			return start, start + at, true
		}
		if len(buf) > decode.MaxRecord || !d.in.More() {
			reject(len(buf))
			start := d.in.Pos
			d.in.Pos += len(buf)
			if d.in.EOF() {
				// What the rest of the file was is known: one reject, not two.
				d.top()
				return start, d.in.Pos, true
			}
			from, budget = 0, 16<<20
			continue
		}
		from = max(1, len(buf))
		if short {
			from = at
		}
		budget += 64 * (len(d.in.Bytes()) - d.in.Pos - len(buf))
	}
}

// resync finds the first object in b, from i on, that stands where a record may
// and has the keys of one. short says that the object at that place goes on
// behind b.
func (d *Decoder) resync(b []byte, i int, budget *int) (at int, container, short bool) {
	for ; i < len(b) && *budget > 0; i++ {
		k := bytes.IndexByte(b[i:], '{')
		if k < 0 {
			return -1, false, false
		}
		if i += k; !mayBegin(b[:i]) {
			continue
		}
		keys, used, err := scanKeys(b, i)
		*budget -= used
		if errors.Is(err, jsontext.ErrShort) && !d.in.EOF() && used < decode.MaxRecord {
			return i, false, true
		}
		if err != nil && !errors.Is(err, jsontext.ErrShort) {
			continue
		}
		if d.plan.Matches(keys) {
			return i, false, false
		}
		for _, p := range d.siblings {
			if p.Matches(keys) {
				return i, false, false
			}
		}
		for _, r := range d.plan.records {
			if keys[r] {
				return i, true, false
			}
		}
	}
	return -1, false, false
}

// mayBegin reports whether a record may follow b: one follows another, the
// start of an array, or a line end.
func mayBegin(b []byte) bool {
	for k := len(b) - 1; k >= 0; k-- {
		switch b[k] {
		case ' ', '\t', '\r':
		case '\n', ',', '[', '}', ']':
			return true
		default:
			return false
		}
	}
	return true
}

// eachKey calls f with the keys of the object at b[i], and returns how many bytes
// it looked at. name is valid until f returns.
func eachKey(b []byte, i int, f func(name []byte)) (used int, err error) {
	start := i
	i++
	for {
		if i = jsontext.Space(b, i); i >= len(b) {
			return i - start, jsontext.ErrShort
		}
		switch b[i] {
		case '}':
			return i + 1 - start, nil
		case ',':
			if i = jsontext.Space(b, i+1); i >= len(b) {
				return i - start, jsontext.ErrShort
			}
		}
		next, flags, err := jsontext.Key(b, i)
		if err != nil {
			return next - start, err
		}
		name := jsontext.Name(b[i:next], flags)
		if i = jsontext.Space(b, next); i >= len(b) {
			f(name)
			return i - start, jsontext.ErrShort
		}
		f(name)
		if i, _, err = jsontext.Skip(b, i); err != nil {
			return i - start, err
		}
	}
}

// scanKeys returns the keys of the object at b[i] and how many bytes it looked
// at. With an error the keys are those before it.
func scanKeys(b []byte, i int) (map[string]bool, int, error) {
	keys := make(map[string]bool)
	used, err := eachKey(b, i, func(name []byte) { keys[string(name)] = true })
	return keys, used, err
}

// Keys appends the names of an object's members to dst, each ended by a zero
// byte, in the order they stand. It is false where a key of records holds an array.
func Keys(dst []byte, ms []jsontext.Member, records []string) ([]byte, bool) {
	plain := true
	for i := range ms {
		dst = append(append(dst, ms[i].Name...), 0)
		if ms[i].Val[0] == '[' && slices.Contains(records, string(ms[i].Name)) {
			plain = false
		}
	}
	return dst, plain
}

func topKeys(b []byte, i int) map[string]bool {
	keys, _, _ := scanKeys(b, i)
	return keys
}

// telling are the bits of the telling keys in the object at b[i].
func (p *Plan) telling(b []byte, i int) (seen uint64) {
	eachKey(b, i, func(name []byte) {
		if k := p.root.member(name); k >= 0 {
			seen |= p.root.kids[k].bit
		}
	})
	return seen
}

// Takes reports whether text is an object with the keys of the source's records.
// A source without such keys takes none.
func (p *Plan) Takes(text []byte) bool {
	i := jsontext.Space(text, 0)
	return i < len(text) && text[i] == '{' && p.all|p.any != 0 && p.selects(p.telling(text, i))
}

// Peek returns the top-level keys of the first records in head, the beginning
// of a file: of the elements where a key of records holds an array, of the
// objects themselves elsewhere. The last may be cut off. It returns nil where
// head does not begin like JSON.
func Peek(head []byte, records []string, most int) []map[string]bool {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	i := jsontext.Space(head, 0)
	if i >= len(head) || head[i] != '{' && head[i] != '[' {
		return nil
	}
	var found []map[string]bool
	for i < len(head) && len(found) < most {
		switch head[i] {
		case '{':
			if pos, is, _ := findArray(head, i, &Plan{records: records}); is {
				i = pos
				break
			}
			keys, used, err := scanKeys(head, i)
			found = append(found, keys)
			if err != nil {
				if errors.Is(err, jsontext.ErrShort) {
					return found
				}
				// Not JSON here: the next record may be.
				for i++; i < len(head) && (head[i] != '{' || !mayBegin(head[:i])); i++ {
				}
				break
			}
			i += used
		case '[', ',', ']', '}', ' ', '\n', '\r', '\t':
			i++
		default:
			nl := bytes.IndexByte(head[i:], '\n')
			if nl < 0 {
				return found
			}
			i += nl + 1
		}
	}
	return found
}
