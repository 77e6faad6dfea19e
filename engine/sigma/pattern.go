package sigma

import (
	"strings"
	"unicode/utf8"

	"logquarry/engine/sqltext"
)

// part is a piece of a pattern: a wildcard, or text that stands for itself.
type part struct {
	wild byte // '*', '?' or 0
	text string
}

// pattern is a value of a rule with its wildcards.
type pattern []part

// parsePattern reads a value as the specification writes it. A backslash before
// a wildcard or a backslash takes away what that means; before anything else it
// is a backslash.
func parsePattern(text string) pattern {
	var p pattern
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			p = append(p, part{text: b.String()})
			b.Reset()
		}
	}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && i+1 < len(text) && strings.IndexByte(`\*?`, text[i+1]) >= 0:
			i++
			b.WriteByte(text[i])
		case c == '*' || c == '?':
			flush()
			p = append(p, part{wild: c})
		default:
			b.WriteByte(c)
		}
	}
	flush()
	return p
}

// plain is the text of a pattern without wildcards.
func (p pattern) plain() (string, bool) {
	var b strings.Builder
	for _, x := range p {
		if x.wild != 0 {
			return "", false
		}
		b.WriteString(x.text)
	}
	return b.String(), true
}

// begins and ends say whether the first or last part is a star.
func (p pattern) begins() bool { return len(p) > 0 && p[0].wild == '*' }
func (p pattern) ends() bool   { return len(p) > 0 && p[len(p)-1].wild == '*' }

// affixed is p with stars before and behind it, where there are none.
func (p pattern) affixed(before, behind bool) pattern {
	out := append(pattern(nil), p...)
	if before && !out.begins() {
		out = append(pattern{{wild: '*'}}, out...)
	}
	if behind && !out.ends() {
		out = append(out, part{wild: '*'})
	}
	return out
}

// texts is p with each of its texts changed by f.
func (p pattern) texts(f func(string) string) pattern {
	out := make(pattern, len(p))
	for i, x := range p {
		if x.wild == 0 {
			x.text = f(x.text)
		}
		out[i] = x
	}
	return out
}

// escaped is p as it reads inside a string of JSON text.
func (p pattern) escaped() pattern {
	return p.texts(func(s string) string { return strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) })
}

// valid says whether all of p's text is UTF-8, as all text in a case is.
func (p pattern) valid() bool {
	for _, x := range p {
		if !utf8.ValidString(x.text) {
			return false
		}
	}
	return true
}

// folded is text in lower case, as an SQL constant: lowered here where Go and
// DuckDB cannot differ, else there.
func folded(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return "lower(" + sqltext.Literal(text) + ")"
		}
	}
	return sqltext.Literal(strings.ToLower(text))
}

// like is p as a pattern of LIKE, with backslash as the escape character.
func (p pattern) like() string {
	var b strings.Builder
	for _, x := range p {
		switch x.wild {
		case '*':
			b.WriteByte('%')
		case '?':
			b.WriteByte('_')
		default:
			for i := range len(x.text) {
				if strings.IndexByte(`\%_`, x.text[i]) >= 0 {
					b.WriteByte('\\')
				}
				b.WriteByte(x.text[i])
			}
		}
	}
	return b.String()
}

// match is the SQL condition that the text x fits p. It is NULL where x is.
func (p pattern) match(x string, cased bool) string {
	constant := sqltext.Literal
	subject := x
	if !cased {
		constant, subject = folded, "lower("+x+")"
	}
	if text, ok := p.plain(); ok {
		return subject + " = " + constant(text)
	}
	inner := p
	before, behind := p.begins(), p.ends()
	if before {
		inner = inner[1:]
	}
	if behind && len(inner) > 0 {
		inner = inner[:len(inner)-1]
	}
	text, ok := inner.plain()
	switch {
	case ok && len(inner) == 0:
		return x + " IS NOT NULL"
	case ok && before && behind:
		return "contains(" + subject + ", " + constant(text) + ")"
	case ok && before:
		return "suffix(" + subject + ", " + constant(text) + ")"
	case ok:
		return "prefix(" + subject + ", " + constant(text) + ")"
	}
	return subject + " LIKE " + constant(p.like()) + ` ESCAPE '\'`
}
