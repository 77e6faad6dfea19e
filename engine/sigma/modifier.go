package sigma

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"logquarry/engine/sqltext"
)

// maxValues bounds what the values of one item may become: windash and expand
// multiply them.
const maxValues = 20_000

// modifying is an item while its modifiers are applied, in their order.
type modifying struct {
	*item
	key   *Node
	nodes []*Node
	texts [][]string // of each node, what expand made of it
	affix []string   // contains, startswith, endswith
}

func (m *modifying) fail(hint, format string, args ...any) *Error {
	e := m.key.fail(hint, format, args...)
	e.Msg = m.key.Text + ": " + e.Msg
	return e
}

// start makes the values as they are without modifiers.
func (m *modifying) start() {
	for i, n := range m.nodes {
		var group []operand
		for _, text := range m.texts[i] {
			v := operand{kind: n.Kind, text: text}
			if n.Kind == Text {
				v.pattern = parsePattern(text)
			}
			group = append(group, v)
		}
		m.groups = append(m.groups, group)
	}
}

// placeholder is one %name% that no backslash stands before.
var placeholder = regexp.MustCompile(`(\\?)%([^%\s\\]+)%`)

// expand replaces placeholders in the texts of the rule by their values, which
// are patterns like those of rules. \% is a percent sign.
func (m *modifying) expand(values map[string][]string) *Error {
	for _, n := range m.nodes {
		made := []string{""}
		add := func(texts ...string) *Error {
			var next []string
			for _, before := range made {
				for _, t := range texts {
					next = append(next, before+t)
				}
			}
			if len(next) > maxValues {
				return m.fail("", "the placeholders make more than %d values", maxValues)
			}
			made = next
			return nil
		}
		rest := n.Text
		if n.Kind != Text {
			m.texts = append(m.texts, []string{n.Text})
			continue
		}
		for rest != "" {
			at := placeholder.FindStringSubmatchIndex(rest)
			if at == nil {
				break
			}
			if at[2] != at[3] { // \%
				if err := add(strings.ReplaceAll(rest[:at[2]], `\%`, "%") + "%"); err != nil {
					return err
				}
				rest = rest[at[3]+1:]
				continue
			}
			name := rest[at[4]:at[5]]
			list, ok := values[name]
			if !ok {
				hint := "give its values: --placeholder " + name + "=VALUE,VALUE"
				return m.fail(hint, "the placeholder %%%s%% has no values", name)
			}
			if err := add(strings.ReplaceAll(rest[:at[0]], `\%`, "%")); err != nil {
				return err
			}
			if err := add(list...); err != nil {
				return err
			}
			rest = rest[at[1]:]
		}
		if err := add(strings.ReplaceAll(rest, `\%`, "%")); err != nil {
			return err
		}
		m.texts = append(m.texts, made)
	}
	return nil
}

var comparisons = map[string]string{"lt": "<", "lte": "<=", "gt": ">", "gte": ">="}

// apply applies one modifier; before are those that stand before it.
func (m *modifying) apply(name string, before []string) *Error {
	switch name {
	case "expand": // done before all others, for it changes the rule's text
		return nil
	case "all":
		m.all = true
	case "cased":
		m.cased = true
	case "neq":
		m.neq = true
	case "contains", "startswith", "endswith":
		m.affix = append(m.affix, name)
		if m.mode == matches {
			return m.patterns(name, func(p pattern) ([]pattern, *Error) {
				return []pattern{p.affixed(name != "startswith", name != "endswith")}, nil
			})
		}
	case "re", "cidr", "exists", "fieldref":
		if m.mode != matches || len(m.changing(before)) > 0 && name != "fieldref" {
			return m.fail("", "%s does not go with %s", name, strings.Join(before, ", "))
		}
		m.mode = map[string]mode{"re": regex, "cidr": cidr, "exists": exists, "fieldref": fieldref}[name]
	case "i", "m", "s":
		if m.mode != regex {
			return m.fail("", "%s is a flag of re, and must stand behind it", name)
		}
		m.flags += name
	case "lt", "lte", "gt", "gte":
		if m.mode != matches && m.mode != compares || m.op != "" && m.op != "=" {
			return m.fail("", "%s does not go with %s", name, strings.Join(before, ", "))
		}
		m.mode, m.op = compares, comparisons[name]
	case "minute", "hour", "day", "week", "month", "year":
		if m.mode != matches && m.mode != compares || m.unit != "" {
			return m.fail("", "%s does not go with %s", name, strings.Join(before, ", "))
		}
		m.mode, m.unit = compares, name
		if m.op == "" {
			m.op = "="
		}
	case "base64", "base64offset", "utf16", "utf16le", "utf16be", "wide", "windash":
		return m.encode(name)
	default:
		hint := "the modifiers are " + strings.Join(modifiers, ", ")
		if near, ok := sqltext.Nearest(name, modifiers); ok {
			hint = "did you mean " + near + "?"
		}
		return m.fail(hint, "there is no modifier %s", name)
	}
	return nil
}

// changing are the modifiers among names that change values.
func (m *modifying) changing(names []string) []string {
	var out []string
	for _, n := range names {
		if !slices.Contains([]string{"all", "cased", "neq", "expand"}, n) {
			out = append(out, n)
		}
	}
	return out
}

// patterns replaces each value by the patterns f makes of it.
func (m *modifying) patterns(name string, f func(pattern) ([]pattern, *Error)) *Error {
	total := 0
	for i, group := range m.groups {
		var next []operand
		for _, v := range group {
			p := v.pattern
			switch v.kind {
			case Null:
				return m.fail("", "%s takes a text, not null", name)
			case Bool, Number:
				p = pattern{{text: v.text}}
			}
			made, err := f(p)
			if err != nil {
				return err
			}
			for _, p := range made {
				next = append(next, operand{kind: Text, pattern: p, text: v.text})
			}
			if total += len(made); total > maxValues {
				return m.fail("", "%s makes more than %d values", name, maxValues)
			}
		}
		m.groups[i] = next
	}
	return nil
}

// encode applies the modifiers that write a value in another way.
func (m *modifying) encode(name string) *Error {
	if m.mode != matches {
		return m.fail("", "%s takes texts, which are compared as such", name)
	}
	return m.patterns(name, func(p pattern) ([]pattern, *Error) {
		switch name {
		case "utf16le", "wide":
			return []pattern{p.texts(func(s string) string { return wide(s, false) })}, nil
		case "utf16be":
			return []pattern{p.texts(func(s string) string { return wide(s, true) })}, nil
		case "utf16":
			p = p.texts(func(s string) string { return wide(s, false) })
			return []pattern{append(pattern{{text: "\xff\xfe"}}, p...)}, nil
		case "windash":
			return m.dashes(p)
		}
		text, ok := p.plain()
		if !ok {
			return nil, m.fail("let contains stand behind it", "%s takes a text without wildcards", name)
		}
		if name == "base64" {
			return []pattern{{{text: base64.StdEncoding.EncodeToString([]byte(text))}}}, nil
		}
		var out []pattern
		for shift := range 3 {
			out = append(out, pattern{{text: shifted(text, shift)}})
		}
		return out, nil
	})
}

// shifted is the part of the Base64 of a text with shift bytes before it that
// depends on neither them nor on what comes behind the text. A character of
// Base64 holds 6 bits.
func shifted(text string, shift int) string {
	full := base64.StdEncoding.EncodeToString(append(make([]byte, shift), text...))
	first := (8*shift + 5) / 6
	last := 8 * (shift + len(text)) / 6
	if first > last {
		return ""
	}
	return full[first:last]
}

func wide(s string, big bool) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b.WriteByte(byte(u >> 8))
		}
		b.WriteByte(byte(u))
		if !big {
			b.WriteByte(byte(u >> 8))
		}
	}
	return b.String()
}

// dash are the characters that windash takes for one another.
var dash = []rune{'-', '/', '\u2013', '\u2014', '\u2015'}

// maxDashes is how many options windash varies: 5⁵ ways.
const maxDashes = 5

// dashes are all ways to write the options in p: the dashes that begin a word,
// as the first of -param-name.
func (m *modifying) dashes(p pattern) ([]pattern, *Error) {
	made := []pattern{{}}
	found := 0
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	for _, x := range p {
		if x.wild != 0 {
			for i := range made {
				made[i] = append(made[i], x)
			}
			continue
		}
		runes := []rune(x.text)
		from := 0
		text := func(s string) {
			for i := range made {
				made[i] = append(made[i], part{text: s})
			}
		}
		for i, r := range runes {
			if !slices.Contains(dash, r) || i+1 == len(runes) || !word(runes[i+1]) || i > 0 && word(runes[i-1]) {
				continue
			}
			if found++; found > maxDashes {
				return nil, m.fail("", "windash: a value with more than %d options", maxDashes)
			}
			text(string(runes[from:i]))
			from = i + 1
			var next []pattern
			for _, before := range made {
				for _, d := range dash {
					next = append(next, append(slices.Clone(before), part{text: string(d)}))
				}
			}
			made = next
		}
		text(string(runes[from:]))
	}
	return made, nil
}

// finish checks the values once all modifiers have been applied.
func (m *modifying) finish() *Error {
	if m.mode == fieldref || m.mode == regex {
		m.before = slices.Contains(m.affix, "endswith") || slices.Contains(m.affix, "contains")
		m.behind = slices.Contains(m.affix, "startswith") || slices.Contains(m.affix, "contains")
	}
	if m.mode == fieldref {
		// Affixes may stand before fieldref: the values are names all the same.
		m.groups = nil
		m.start()
	}
	if m.field == "" && m.mode != matches && m.mode != regex {
		return m.fail("", "the whole event can be searched for texts and by re, and by nothing else")
	}
	if m.neq && m.all {
		return m.fail("", "neq is different from all values as it is: all does not go with it")
	}
	for _, group := range m.groups {
		for i := range group {
			if err := m.check(&group[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (m *modifying) check(v *operand) *Error {
	switch m.mode {
	case matches:
		if !v.pattern.valid() {
			return m.fail("let base64 stand behind it", "the encoding gives bytes that are no text")
		}
		if m.field == "" && v.kind == Null {
			return m.fail("", "null is no word to look for")
		}
	case regex:
		if v.kind == Null {
			return m.fail("", "re takes a text, not null")
		}
		if _, err := syntax.Parse(v.text, syntax.Perl); err != nil {
			hint := ""
			var e *syntax.Error
			if errors.As(err, &e) && slices.Contains([]syntax.ErrorCode{syntax.ErrInvalidPerlOp, syntax.ErrInvalidNamedCapture, syntax.ErrInvalidEscape, syntax.ErrInvalidRepeatOp}, e.Code) {
				hint = "look-around, back references and possessive quantifiers are not to be had"
			}
			return m.fail(hint, "the regular expression cannot be used: %v", err)
		}
	case cidr:
		prefix, err := netip.ParsePrefix(v.text)
		if err != nil {
			addr, aerr := netip.ParseAddr(v.text)
			if aerr != nil || addr.Zone() != "" {
				return m.fail("such as 203.0.113.0/24 or 2001:db8::/32", "%q is no block of addresses", v.text)
			}
			prefix = netip.PrefixFrom(addr, addr.BitLen())
		}
		v.text = prefix.Masked().String()
	case compares:
		if _, ok := number(v.text); !ok || v.kind != Number && v.kind != Text {
			return m.fail("", "%q is no number", v.text)
		}
	case exists:
		b, err := strconv.ParseBool(strings.ToLower(v.text))
		if err != nil || v.kind != Bool && v.kind != Text {
			return m.fail("", "exists takes true or false")
		}
		v.text = strconv.FormatBool(b)
	case fieldref:
		if v.kind != Text || strings.ContainsAny(v.text, "\"\\*?\x00") || v.text == "" {
			return m.fail("", "fieldref takes the name of a field")
		}
	}
	return nil
}

var decimal = regexp.MustCompile(`^[-+]?[0-9]{1,18}(\.[0-9]{1,18})?$`)

// number is text as an SQL number, where it is a plain decimal one.
func number(text string) (string, bool) {
	if !decimal.MatchString(text) {
		return "", false
	}
	sign := ""
	if text[0] == '-' {
		sign = "-"
	}
	text = strings.TrimLeft(strings.TrimLeft(text, "+-"), "0")
	if text == "" || text[0] == '.' {
		text = "0" + text
	}
	return sign + text, true
}
