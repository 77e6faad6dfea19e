package indicator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// stixObject is what is read of a STIX object: an indicator (STIX 2.1, 4.7), or
// a cyber-observable of which each value is an indicator (6).
type stixObject struct {
	Type        string   `json:"type"`
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Pattern     string   `json:"pattern"`
	PatternType string   `json:"pattern_type"`
	ValidFrom   string   `json:"valid_from"`
	ValidUntil  string   `json:"valid_until"`
	Labels      []string `json:"labels"`
	Kinds       []string `json:"indicator_types"`
	Confidence  *float64 `json:"confidence"`
	Revoked     bool     `json:"revoked"`

	Value   string            `json:"value"`
	Hashes  map[string]string `json:"hashes"`
	UserID  string            `json:"user_id"`
	Login   string            `json:"account_login"`
	Objects map[string]struct {
		Type   string            `json:"type"`
		Value  string            `json:"value"`
		Hashes map[string]string `json:"hashes"`
		UserID string            `json:"user_id"`
		Login  string            `json:"account_login"`
	} `json:"objects"` // of observed-data, in STIX 2.0
}

// stix reads one STIX object.
func (doc *document) stix() error {
	doc.entry++
	var o stixObject
	if ok, err := doc.into(&o); err != nil || !ok {
		return err
	}
	about := []member{{"id", o.ID}, {"name", o.Name}, {"description", o.Description}, {"labels", o.Labels}, {"indicator_types", o.Kinds}}
	if o.Confidence != nil {
		about = append(about, member{"confidence", *o.Confidence})
	}
	i := Indicator{Line: doc.entry, Revoked: o.Revoked, From: moment(o.ValidFrom), Until: moment(o.ValidUntil)}
	if o.Type == "indicator" {
		return doc.pattern(&o, i, about)
	}
	i.Context = context(about...)
	if err := doc.observable(o.Type, o.Value, o.Hashes, o.UserID, o.Login, i); err != nil {
		return err
	}
	for _, name := range sortedKeys(o.Objects) {
		x := o.Objects[name]
		if err := doc.observable(x.Type, x.Value, x.Hashes, x.UserID, x.Login, i); err != nil {
			return err
		}
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// observable takes the values of a cyber-observable that logs can hold.
func (doc *document) observable(kind, value string, hashes map[string]string, user, login string, i Indicator) error {
	typ, typed := observables[kind]
	if typed && value != "" {
		if err := doc.take(value, settle(value, typ), true, i); err != nil {
			return err
		}
	}
	for _, name := range sortedKeys(hashes) {
		typ, known := hashNames[columnName(name)]
		if !known {
			continue
		}
		if err := doc.take(hashes[name], typ, true, i); err != nil {
			return err
		}
	}
	if kind != "user-account" {
		return nil
	}
	for _, name := range []string{user, login} {
		if name == "" {
			continue
		}
		if err := doc.take(name, Text, false, i); err != nil {
			return err
		}
	}
	return nil
}

// observables are the cyber-observables whose value is an indicator.
var observables = map[string]Type{"ipv4-addr": IP, "ipv6-addr": IP, "domain-name": Domain, "url": URL, "email-addr": Email}

// hashNames are the hashes that can stand in a log.
var hashNames = map[string]Type{"md5": MD5, "sha1": SHA1, "sha256": SHA256, "sha512": SHA512}

// pattern takes what can be used of an indicator's pattern.
func (doc *document) pattern(o *stixObject, i Indicator, about []member) error {
	if o.PatternType != "" && o.PatternType != "stix" {
		doc.bad(int(doc.entry), o.Pattern, "a pattern of type "+o.PatternType)
		return nil
	}
	p, err := parsePattern(o.Pattern)
	if err != nil {
		doc.bad(int(doc.entry), o.Pattern, err.Error())
		return nil
	}
	i.Partial = p.partial
	if p.partial || len(p.comparisons) > 1 {
		about = append(about, member{"pattern", o.Pattern})
	}
	i.Context = context(about...)
	// Of alternatives each that cannot be used is lost; of conditions that must
	// hold together, the others say by their note that they are not all.
	some := false
	for n := range p.comparisons {
		_, err := p.comparisons[n].usable()
		some = some || err == nil
	}
	for n := range p.comparisons {
		c := &p.comparisons[n]
		values, err := c.usable()
		if err != nil {
			if !some || !p.partial {
				doc.bad(int(doc.entry), o.Pattern, err.Error())
			}
			continue
		}
		for _, v := range values {
			typ, typed := c.typ()
			if strings.HasPrefix(v, "*") {
				typ, typed = Text, false // told by its asterisks
			} else if typed {
				typ = settle(v, typ)
			}
			if err := doc.take(v, typ, typed, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// typ is the type of what a comparison compares.
func (c *comparison) typ() (Type, bool) {
	object, rest, _ := strings.Cut(c.path, ":")
	switch {
	case strings.HasSuffix(strings.ToLower(rest), "user-agent"):
		return UserAgent, true
	case strings.HasPrefix(rest, "hashes."):
		t, ok := hashNames[columnName(strings.TrimPrefix(rest, "hashes."))]
		return t, ok
	case strings.HasSuffix(rest, "_ref.value") || strings.Contains(rest, "_refs"):
		return Text, false
	}
	t, ok := observables[object]
	return t, ok
}

// usable are the values of a comparison as a list would have them, or why logs
// cannot tell whether it holds.
func (c *comparison) usable() ([]string, error) {
	object, rest, _ := strings.Cut(c.path, ":")
	known := false
	switch object {
	case "ipv4-addr", "ipv6-addr", "domain-name", "url", "email-addr":
		known = rest == "value" || strings.HasSuffix(rest, ".value")
	case "network-traffic":
		known = strings.HasSuffix(rest, "_ref.value") || strings.HasSuffix(strings.ToLower(rest), "user-agent")
	case "email-message":
		known = strings.Contains(rest, "_ref")
	case "file", "artifact", "x509-certificate":
		if algorithm, ok := strings.CutPrefix(rest, "hashes."); ok {
			_, known = hashNames[columnName(algorithm)]
		} else {
			known = object == "file" && rest == "name"
		}
	case "user-account":
		known = rest == "user_id" || rest == "account_login" || rest == "display_name"
	}
	if !known {
		return nil, fmt.Errorf("logs do not tell %s", c.path)
	}
	if c.negated {
		return nil, fmt.Errorf("%s: what is not so would be found everywhere", c.path)
	}
	switch c.operator {
	case "=", "==", "IN":
		return c.values, nil
	case "ISSUBSET":
		return c.values, nil
	case "LIKE":
		var out []string
		for _, v := range c.values {
			inner := strings.Trim(v, "%")
			switch {
			case strings.ContainsAny(inner, "%_") && object != "domain-name" || strings.Contains(inner, "%"):
				return nil, errors.New("LIKE with % or _ inside")
			case inner == v:
				out = append(out, v)
			case object == "domain-name" && strings.HasPrefix(v, "%.") && !strings.HasSuffix(v, "%"):
				out = append(out, strings.TrimPrefix(inner, "."))
			case strings.HasPrefix(v, "%") && strings.HasSuffix(v, "%"):
				out = append(out, "*"+inner+"*")
			default:
				return nil, errors.New("LIKE with % at one end")
			}
		}
		return out, nil
	}
	return nil, fmt.Errorf("the operator %s", c.operator)
}

// comparison is one comparison of a pattern.
type comparison struct {
	path     string
	operator string
	negated  bool
	values   []string
}

// pattern is a pattern taken apart.
type pattern struct {
	comparisons []comparison
	partial     bool // they are not just alternatives
}

var errPattern = errors.New("not a STIX pattern")

// longestPattern is how many bytes a pattern may have.
const longestPattern = 1 << 20

// parsePattern takes a pattern (STIX 2.1, 9) apart into its comparisons. What
// stands with them under AND, FOLLOWEDBY or a qualifier is said to be more than
// they tell; only a comparison of what type an object is adds nothing.
func parsePattern(text string) (p pattern, err error) {
	if len(text) > longestPattern {
		return p, errors.New("a pattern longer than a mebibyte")
	}
	tokens, err := patternTokens(text)
	if err != nil {
		return p, err
	}
	ands, depth := 0, 0
	for at := 0; at < len(tokens); {
		t := tokens[at]
		switch upper := strings.ToUpper(t.text); {
		case t.literal:
			return p, errPattern
		case t.text == "[" || t.text == "(":
			depth++
			at++
		case t.text == "]" || t.text == ")":
			if depth--; depth < 0 {
				return p, errPattern
			}
			at++
		case upper == "OR":
			at++
		case upper == "AND":
			ands++
			at++
		case upper == "FOLLOWEDBY":
			p.partial = true
			at++
		case upper == "WITHIN" || upper == "REPEATS":
			p.partial = true
			at += 3 // a number and its unit
		case upper == "START" || upper == "STOP":
			p.partial = true
			at += 2
		case upper == "EXISTS" || upper == "NOT" && at+1 < len(tokens) && strings.EqualFold(tokens[at+1].text, "EXISTS"):
			p.comparisons = append(p.comparisons, comparison{path: "EXISTS", operator: "EXISTS"})
			at += 2
			if upper == "NOT" {
				at++
			}
		default:
			c, used, err := comparisonOf(tokens[at:])
			if err != nil {
				return p, err
			}
			at += used
			if strings.HasSuffix(c.path, ".type") {
				ands-- // it says what the value beside it is of
				continue
			}
			p.comparisons = append(p.comparisons, c)
		}
	}
	if depth != 0 || len(p.comparisons) == 0 {
		return p, errPattern
	}
	p.partial = p.partial || ands > 0
	return p, nil
}

func comparisonOf(tokens []patternToken) (c comparison, used int, err error) {
	word := func(i int) string {
		if i < len(tokens) && !tokens[i].literal {
			return tokens[i].text
		}
		return ""
	}
	c.path = word(0)
	if !strings.Contains(c.path, ":") {
		return c, 0, errPattern
	}
	at := 1
	if strings.EqualFold(word(at), "NOT") {
		c.negated = true
		at++
	}
	c.operator = strings.ToUpper(word(at))
	at++
	switch c.operator {
	case "!=", "<>":
		c.negated = true
	case "=", "==", "<", "<=", ">", ">=", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET":
	case "IN":
		if word(at) != "(" {
			return c, 0, errPattern
		}
		for at++; at < len(tokens) && word(at) != ")"; at++ {
			if tokens[at].text != "," || tokens[at].literal {
				c.values = append(c.values, tokens[at].text)
			}
		}
		if at == len(tokens) {
			return c, 0, errPattern
		}
		return c, at + 1, nil
	default:
		return c, 0, errPattern
	}
	if at >= len(tokens) || !tokens[at].literal && strings.Contains("[](),", tokens[at].text) {
		return c, 0, errPattern
	}
	c.values = []string{tokens[at].text}
	return c, at + 1, nil
}

type patternToken struct {
	text    string
	literal bool // a text in quotes
}

// patternTokens parts a pattern. Steps of a path in quotes lose these.
func patternTokens(text string) (out []patternToken, err error) {
	quoted := func(i int) (string, int, error) {
		var b strings.Builder
		for i++; i < len(text); i++ {
			switch text[i] {
			case '\\':
				if i++; i == len(text) {
					return "", 0, errPattern
				}
				b.WriteByte(text[i])
			case '\'':
				return b.String(), i + 1, nil
			default:
				b.WriteByte(text[i])
			}
		}
		return "", 0, errPattern
	}
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '\'':
			v, next, err := quoted(i)
			if err != nil {
				return nil, err
			}
			out, i = append(out, patternToken{v, true}), next
		case strings.IndexByte("[](),", c) >= 0:
			out, i = append(out, patternToken{string(c), false}), i+1
		case strings.IndexByte("=<>!", c) >= 0:
			from := i
			for i < len(text) && strings.IndexByte("=<>!", text[i]) >= 0 {
				i++
			}
			out = append(out, patternToken{text[from:i], false})
		default:
			var b strings.Builder
			brackets := 0
			for i < len(text) {
				c := text[i]
				if c == '\'' {
					v, next, err := quoted(i)
					if err != nil {
						return nil, err
					}
					b.WriteString(v)
					i = next
					continue
				}
				// Of a list in a path: refs[0], refs[*].
				if c == '[' && strings.Contains(b.String(), ":") {
					brackets++
				} else if c == ']' && brackets > 0 {
					brackets--
				} else if c <= ' ' || strings.IndexByte("[](),=<>!", c) >= 0 {
					break
				}
				b.WriteByte(c)
				i++
			}
			if b.Len() == 0 {
				return nil, errPattern
			}
			out = append(out, patternToken{b.String(), false})
		}
	}
	return out, nil
}

// since is the time of Unix seconds as lists write it.
func since(seconds int64) string {
	if seconds == 0 {
		return ""
	}
	return time.Unix(seconds, 0).UTC().Format(time.RFC3339)
}
