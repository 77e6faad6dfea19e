package pattern

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"logquarry/engine/decode/jsontext"
	"logquarry/engine/sqltext"
)

// operators are the names of match expressions.
var operators = []string{"prefix", "suffix", "equals-ignore-case", "wildcard", "anything-but", "numeric", "exists", "cidr"}

// reserved are the names that no field inside $or may have: EventBridge keeps
// them, some for later.
var reserved = append([]string{
	"exactly", "=", "<", "<=", ">", ">=", "regex", "not-wildcard", "not-equals-ignore-case", "date-after", "date-on-or-after", "date-before",
	"date-on-or-before", "in-date-range", "ip-address-in-range", "ip-address-not-in-range",
}, operators...)

// Parse reads an event pattern. Its error is a [*SyntaxError].
func Parse(text []byte) (*Pattern, error) {
	if len(text) > MaxText {
		return nil, fault(0, "", "a pattern of %d bytes: %d are the most", len(text), MaxText)
	}
	if !utf8.Valid(text) {
		return nil, fault(0, "", "a pattern is UTF-8, and this is not")
	}
	p := parser{b: append(slices.Clone(text), ' ')} // a number at the end has an end
	start := jsontext.Space(p.b, 0)
	if start >= len(p.b) {
		return nil, fault(0, "", "there is no pattern")
	}
	if err := p.check(start); err != nil {
		return nil, err
	}
	if p.b[start] != '{' {
		return nil, fault(start, `as in {"source": ["aws.ec2"]}`, "a pattern is an object")
	}
	ways, err := p.object(nil, start, "", false)
	if err != nil {
		return nil, err
	}
	out := &Pattern{}
	for _, way := range ways {
		var fields []*field
		for _, path := range slices.Sorted(maps.Keys(way)) {
			fields = append(fields, way[path])
		}
		out.any = append(out.any, fields)
	}
	return out, nil
}

// way are the fields of one way to match, by path.
type way map[string]*field

type parser struct{ b []byte }

// check says where the text is no JSON.
func (p *parser) check(start int) error {
	end, flags, err := jsontext.Skip(p.b, start)
	var bad *jsontext.SyntaxError
	switch {
	case errors.As(err, &bad):
		return fault(bad.At, "", "not JSON: %s", bad.What)
	case err != nil:
		return fault(len(p.b)-1, "", "not JSON: it ends in the middle of a value")
	case flags&(jsontext.Control|jsontext.Lone) != 0:
		return fault(start, "", "not JSON: a string holds a control character, or half a surrogate pair")
	}
	if end = jsontext.Space(p.b, end); end < len(p.b) {
		return fault(end, "", "something follows the pattern: %q", p.b[end])
	}
	return nil
}

// members calls f with each member of the object at p.b[i], which has been
// checked: its name, where that stands, and where its value does.
func (p *parser) members(i int, f func(name string, at, value int) error) error {
	for i = jsontext.Space(p.b, i+1); p.b[i] != '}'; {
		next, flags, err := jsontext.Key(p.b, i)
		if err != nil {
			return fault(i, "", "not JSON: %v", err)
		}
		value := jsontext.Space(p.b, next)
		if err := f(string(jsontext.Name(p.b[i:next], flags)), i, value); err != nil {
			return err
		}
		if i = jsontext.Space(p.b, p.end(value)); p.b[i] == ',' {
			i = jsontext.Space(p.b, i+1)
		}
	}
	return nil
}

// elements calls f with the place of each element of the array at p.b[i].
func (p *parser) elements(i int, f func(at int) error) error {
	for i = jsontext.Space(p.b, i+1); p.b[i] != ']'; {
		if err := f(i); err != nil {
			return err
		}
		if i = jsontext.Space(p.b, p.end(i)); p.b[i] == ',' {
			i = jsontext.Space(p.b, i+1)
		}
	}
	return nil
}

// end is where the value at p.b[i] ends.
func (p *parser) end(i int) int {
	end, _, err := jsontext.Skip(p.b, i)
	if err != nil {
		panic("pattern: internal error: JSON that was checked: " + err.Error())
	}
	return end
}

// text is the string at p.b[i]; false where another value stands there.
func (p *parser) text(i int) (string, bool) {
	if p.b[i] != '"' {
		return "", false
	}
	return string(jsontext.Unescape(nil, p.b[i:p.end(i)])), true
}

// numeral is the number at p.b[i]; false where another value stands there.
func (p *parser) numeral(i int) (number, bool) {
	if c := p.b[i]; c != '-' && c-'0' > 9 {
		return number{}, false
	}
	return parseNumber(string(p.b[i:p.end(i)])), true
}

// object reads the fields of the object at p.b[i] into ways, of which there are
// none at first. The same path twice is what stands last.
func (p *parser) object(ways []way, i int, path string, inOr bool) ([]way, error) {
	some := false
	err := p.members(i, func(name string, at, value int) error {
		some = true
		full := name
		if path != "" {
			full = path + "." + name
		}
		var err error
		switch {
		case name == "$or" && p.isOr(value):
			ways, err = p.or(ways, value, path)
		case inOr && slices.Contains(reserved, name):
			err = fault(at, "", "%q is no field inside $or: EventBridge keeps the name for itself", name)
		case p.b[value] == '{':
			ways, err = p.object(ways, value, full, inOr)
		case p.b[value] == '[':
			var f *field
			if f, err = p.leaf(value, full); err == nil {
				if len(ways) == 0 {
					ways = []way{{}}
				}
				for _, w := range ways {
					w[full] = f
				}
			}
		default:
			err = fault(value, fmt.Sprintf("put it into an array: %q: [%s]", name, cut(p.b[value:p.end(value)])), "%q is neither an object nor an array", name)
		}
		return err
	})
	if err == nil && !some {
		err = fault(i, "", "an object without fields")
	}
	return ways, err
}

// isOr reports whether the value of $or at p.b[i] is alternatives, and not that
// of a field which bears this name: an array of objects whose names are fields'.
func (p *parser) isOr(i int) bool {
	if p.b[i] != '[' {
		return false
	}
	n, fields := 0, true
	// These return no errors, and neither do the loops then.
	_ = p.elements(i, func(at int) error {
		n++
		if p.b[at] != '{' {
			fields = false
			return nil
		}
		return p.members(at, func(name string, _, _ int) error {
			fields = fields && !slices.Contains(reserved, name)
			return nil
		})
	})
	return n > 0 && fields
}

func (p *parser) or(ways []way, i int, path string) ([]way, error) {
	var out []way
	n := 0
	err := p.elements(i, func(at int) error {
		n++
		branch := []way{{}}
		if len(ways) > 0 {
			branch = nil
			for _, w := range ways {
				branch = append(branch, maps.Clone(w))
			}
		}
		branch, err := p.object(branch, at, path, true)
		if err != nil {
			return err
		}
		if out = append(out, branch...); len(out) > MaxCombinations {
			return fault(i, "", "$or makes more than %d combinations", MaxCombinations)
		}
		return nil
	})
	if err == nil && n < 2 {
		err = fault(i, "", "$or needs two objects at least")
	}
	return out, err
}

// leaf reads the array of what a field may be.
func (p *parser) leaf(i int, path string) (*field, error) {
	f := &field{path: path}
	n := 0
	err := p.elements(i, func(at int) error {
		n++
		switch p.b[at] {
		case '{':
			return p.expression(f, at)
		case '[':
			return fault(at, "", "an array inside an array: a value is a string, a number, true, false, null or a match expression")
		case '"':
			text, _ := p.text(at)
			if f.texts == nil {
				f.texts = make(map[string]bool)
			}
			f.texts[text] = true
			if a := parseAddress(text); a.IsValid() {
				f.addrs = append(f.addrs, a)
			}
		case 't':
			f.yes = true
		case 'f':
			f.no = true
		case 'n':
			f.null = true
		default:
			num, _ := p.numeral(at)
			f.numbers = append(f.numbers, num)
		}
		return nil
	})
	if err == nil && n == 0 {
		err = fault(i, "", "an empty array")
	}
	return f, err
}

// expression reads a match expression, an object of one operator.
func (p *parser) expression(f *field, i int) error {
	return p.single(i, "a match expression", func(name string, at, value int) error {
		o := operator{}
		switch name {
		case "exists":
			switch p.b[value] {
			case 't':
				f.exists = true
			case 'f':
				f.absent = true
			default:
				return fault(value, "", "exists is true or false")
			}
			return nil
		case "exactly": // of Event Ruler, as ordinary as a string in the array
			text, ok := p.text(value)
			if !ok {
				return fault(value, "", "exactly takes a string")
			}
			o.op, o.texts = opEqual, []string{text}
		case "numeric":
			if err := p.numeric(&o, value); err != nil {
				return err
			}
		case "cidr":
			text, ok := p.text(value)
			if !ok {
				return fault(value, "", "cidr takes a string such as \"192.0.2.0/24\"")
			}
			network, err := parseCIDR(text)
			if err != nil {
				return fault(value, "", "cidr: %v", err)
			}
			o.op, o.network = opCIDR, network
		case "anything-but":
			o.not = true
			if err := p.anythingBut(&o, value); err != nil {
				return err
			}
		case "prefix", "suffix", "equals-ignore-case", "wildcard":
			if err := p.textual(&o, name, value, false); err != nil {
				return err
			}
		default:
			return fault(at, nearest(name, operators), "no operator %q", name)
		}
		f.ops = append(f.ops, o)
		return nil
	})
}

// single calls f with the one member of the object at p.b[i].
func (p *parser) single(i int, what string, f func(name string, at, value int) error) error {
	n := 0
	err := p.members(i, func(name string, at, value int) error {
		if n++; n > 1 {
			return fault(at, "write each into an object of its own: they are alternatives", "%s has one operator, and %q is a second", what, name)
		}
		return f(name, at, value)
	})
	if err == nil && n == 0 {
		err = fault(i, "", "%s without an operator", what)
	}
	return err
}

// textual reads the operand of an operator on strings: a string; where many is
// set also a list of strings; of prefix and suffix, elsewhere, also equals-ignore-case.
func (p *parser) textual(o *operator, name string, i int, many bool) error {
	switch name {
	case "prefix":
		o.op = opPrefix
	case "suffix":
		o.op = opSuffix
	case "equals-ignore-case":
		o.op = opFold
	case "wildcard":
		o.op = opWildcard
	}
	if p.b[i] == '{' && !many && (o.op == opPrefix || o.op == opSuffix) {
		return p.single(i, name, func(inner string, at, value int) error {
			if inner != "equals-ignore-case" {
				return fault(at, "", "%s takes a string or equals-ignore-case, not %q", name, inner)
			}
			text, ok := p.text(value)
			if !ok {
				return fault(value, "", "equals-ignore-case takes a string")
			}
			o.texts = []string{text}
			if o.op = opFoldPrefix; name == "suffix" {
				o.op = opFoldSuffix
			}
			return nil
		})
	}
	one := func(at int) error {
		text, ok := p.text(at)
		switch {
		case !ok:
			return fault(at, "", "%s takes a string", name)
		case many && text == "" && (o.op == opPrefix || o.op == opSuffix):
			return fault(at, "", "an empty %s: every string has it", name)
		case o.op == opWildcard:
			g, err := parseGlob(text)
			if err != nil {
				return fault(at, "", "wildcard: %v", err)
			}
			o.globs = append(o.globs, g)
		}
		o.texts = append(o.texts, text)
		return nil
	}
	if p.b[i] != '[' || !many {
		return one(i)
	}
	if err := p.elements(i, one); err != nil {
		return err
	}
	if len(o.texts) == 0 {
		return fault(i, "", "an empty array")
	}
	return nil
}

// anythingBut reads the operand of anything-but: a string or a number, a list of
// either, or one of the operators on strings.
func (p *parser) anythingBut(o *operator, i int) error {
	if p.b[i] == '{' {
		return p.single(i, "anything-but", func(name string, at, value int) error {
			switch name {
			case "prefix", "suffix", "equals-ignore-case", "wildcard":
				return p.textual(o, name, value, true)
			}
			return fault(at, nearest(name, operators[:4]), "anything-but does not take %q", name)
		})
	}
	o.op = opEqual
	one := func(at int) error {
		if text, ok := p.text(at); ok {
			o.texts = append(o.texts, text)
		} else if num, ok := p.numeral(at); !ok {
			return fault(at, "", "anything-but takes strings or numbers, not %s", cut(p.b[at:p.end(at)]))
		} else if o.numbers = append(o.numbers, num); !num.exact {
			return fault(at, "", "%s has more digits than can be compared", num.text)
		}
		if len(o.texts) > 0 && len(o.numbers) > 0 {
			return fault(at, "", "anything-but takes strings or numbers, not both")
		}
		return nil
	}
	if p.b[i] != '[' {
		return one(i)
	}
	if err := p.elements(i, one); err != nil {
		return err
	}
	if len(o.texts)+len(o.numbers) == 0 {
		return fault(i, "", "an empty array")
	}
	return nil
}

// numeric reads ["=", 5], [">", 0] or [">", 0, "<=", 5].
func (p *parser) numeric(o *operator, i int) error {
	o.op = opNumeric
	const hint = `as in {"numeric": [">", 0, "<=", 5]}`
	if p.b[i] != '[' {
		return fault(i, hint, "numeric takes an array")
	}
	n, sign := 0, ""
	err := p.elements(i, func(at int) error {
		n++
		if n%2 == 1 {
			text, ok := p.text(at)
			switch {
			case !ok || !slices.Contains([]string{"=", "<", "<=", ">", ">="}, text):
				return fault(at, hint, "numeric: %s is none of = < <= > >=", cut(p.b[at:p.end(at)]))
			case n > 1 && (n > 3 || !o.low.set || o.high.set || text[0] != '<'):
				return fault(at, hint, "numeric: behind a number stands only the upper end of a range that has a lower one")
			}
			sign = text
			return nil
		}
		num, ok := p.numeral(at)
		if !ok {
			return fault(at, hint, "numeric: %s is no number", cut(p.b[at:p.end(at)]))
		}
		if !num.exact {
			return fault(at, "", "%s has more digits than can be compared", num.text)
		}
		b := bound{set: true, open: len(sign) == 1, at: num.value}
		switch sign[0] {
		case '=':
			b.open = false
			o.low, o.high = b, b
		case '>':
			o.low = b
		default:
			if o.high = b; o.low.set && o.low.at >= b.at {
				return fault(at, "", "numeric: the lower end, %v, is not below the upper, %s", strconv.FormatFloat(o.low.at, 'g', -1, 64), num.text)
			}
		}
		return nil
	})
	if err == nil && (n == 0 || n%2 == 1) {
		err = fault(i, hint, "numeric: a number is missing")
	}
	return err
}

// nearest is the hint at a name like the one that is wrong.
func nearest(name string, known []string) string {
	if near, ok := sqltext.Nearest(name, known); ok {
		return "did you mean " + near + "?"
	}
	return "there are " + strings.Join(known, ", ")
}

// cut is the beginning of a value for a message.
func cut(b []byte) string {
	if len(b) > 60 {
		return strings.ToValidUTF8(string(b[:60]), "") + "…"
	}
	return string(b)
}
