package unwrap

import (
	"bytes"
	"regexp"
	"strings"

	"logquarry/engine/decode/jsontext"
)

// node is a JSON object that is being built, or a value.
type node struct {
	name string
	val  []byte // JSON; nil: an object
	kids []*node
}

// set gives the member that steps lead to its value.
func (n *node) set(steps []string, val []byte) {
	var kid *node
	for _, k := range n.kids {
		if k.name == steps[0] {
			kid = k
		}
	}
	if kid == nil {
		kid = &node{name: steps[0]}
		n.kids = append(n.kids, kid)
	}
	if len(steps) == 1 {
		if kid.val == nil && kid.kids == nil {
			kid.val = val
		}
		return
	}
	if kid.val == nil {
		kid.set(steps[1:], val)
		return
	}
	// The object stands there whole already; what it lacks is not added.
}

// resources makes one list of the two columns that the console's download has
// for the resource of an event.
func (n *node) resources() {
	var list []byte
	var kids []*node
	for _, k := range n.kids {
		if k.name != "resourceType" && k.name != "resourceName" {
			kids = append(kids, k)
			continue
		}
		key := "type"
		if k.name == "resourceName" {
			key = "resourceName"
		}
		if len(list) > 0 {
			list = append(list, ',')
		}
		list = append(quoted(list, []byte(key)), ':')
		list = append(list, k.val...)
	}
	if list == nil {
		return
	}
	for _, k := range kids {
		if k.name == "resources" {
			return // it says more, and has been kept
		}
	}
	n.kids = append(kids, &node{name: "resources", val: append(append([]byte("[{"), list...), "}]"...)})
}

// append appends the object as JSON.
func (n *node) append(dst []byte) []byte {
	if n.val != nil {
		return append(dst, n.val...)
	}
	dst = append(dst, '{')
	for i, k := range n.kids {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(quoted(dst, []byte(k.name)), ':')
		dst = k.append(dst)
	}
	return append(dst, '}')
}

// value is a cell as JSON: JSON as it is, Athena's text of a struct, map or array
// as far as it can be told, anything else as a string.
func (t *table) value(text []byte) []byte {
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) > 1 && (trimmed[0] == '{' || trimmed[0] == '[') {
		if jsontext.Valid(trimmed) {
			return append([]byte(nil), trimmed...)
		}
		p := presto{text: string(trimmed), keys: t.keys}
		if val, ok := p.value(nil, 0); ok && p.at == len(p.text) {
			return val
		}
	}
	return quoted(nil, text)
}

// presto reads the text that Athena and CloudTrail Lake make of values:
// {type=IAMUser, accountid=111122223333} and [a, b]. It loses what the values
// themselves hold of these signs, so that not every text can be told.
type presto struct {
	text string
	at   int
	keys map[string]string // the record's own spelling of names
}

// another is where the next member of a struct begins.
var another = regexp.MustCompile(`, [A-Za-z0-9_:.-]+=`)

// memberName is the name and sign at the start of a member.
var memberName = regexp.MustCompile(`^[A-Za-z0-9_:.-]+=`)

func (p *presto) value(dst []byte, depth int) ([]byte, bool) {
	if depth > 16 || p.at >= len(p.text) {
		return dst, false
	}
	switch p.text[p.at] {
	case '{':
		return p.object(dst, depth)
	case '[':
		return p.list(dst, depth)
	}
	return dst, false
}

func (p *presto) object(dst []byte, depth int) ([]byte, bool) {
	p.at++
	dst = append(dst, '{')
	first := true
	for {
		if p.at < len(p.text) && p.text[p.at] == '}' {
			p.at++
			return append(dst, '}'), true
		}
		name := memberName.FindString(p.text[p.at:])
		if name == "" {
			return dst, false
		}
		p.at += len(name)
		key := strings.TrimSuffix(name, "=")
		if own, ok := p.keys[plainName(key)]; ok {
			key = own[strings.LastIndexByte(own, '.')+1:]
		}
		var val []byte
		if rest := p.text[p.at:]; rest != "" && (rest[0] == '{' || rest[0] == '[') {
			inner, ok := p.value(nil, depth+1)
			if !ok {
				return dst, false
			}
			val = inner
		} else {
			end := strings.IndexByte(rest, '}')
			if end < 0 {
				return dst, false
			}
			if next := another.FindStringIndex(rest); next != nil && next[0] < end {
				end = next[0]
			}
			if text := rest[:end]; text != "null" {
				val = quoted(nil, []byte(text))
			}
			p.at += end
		}
		if val != nil {
			if !first {
				dst = append(dst, ',')
			}
			first = false
			dst = append(append(quoted(dst, []byte(key)), ':'), val...)
		}
		p.at += len(p.text[p.at:]) - len(strings.TrimPrefix(p.text[p.at:], ", "))
	}
}

func (p *presto) list(dst []byte, depth int) ([]byte, bool) {
	p.at++
	dst = append(dst, '[')
	for n := 0; ; n++ {
		rest := p.text[p.at:]
		if rest == "" {
			return dst, false
		}
		if rest[0] == ']' {
			p.at++
			return append(dst, ']'), true
		}
		if n > 0 {
			dst = append(dst, ',')
		}
		if rest[0] == '{' || rest[0] == '[' {
			var ok bool
			if dst, ok = p.value(dst, depth+1); !ok {
				return dst, false
			}
		} else {
			end := strings.IndexByte(rest, ']')
			if end < 0 {
				return dst, false
			}
			if next := strings.Index(rest, ", "); next >= 0 && next < end {
				end = next
			}
			if text := rest[:end]; text == "null" {
				dst = append(dst, text...)
			} else {
				dst = quoted(dst, []byte(text))
			}
			p.at += end
		}
		p.at += len(p.text[p.at:]) - len(strings.TrimPrefix(p.text[p.at:], ", "))
	}
}
