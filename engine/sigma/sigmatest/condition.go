package sigmatest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An expression is a parsed condition: a name, not of one other, or the truth
// of at least need of several others.
type expression struct {
	name   string
	negate *expression
	among  []expression
	need   int
}

// holds asks for the truth of the names.
func (x expression) holds(truth func(name string) bool) bool {
	switch {
	case x.name != "":
		return truth(x.name)
	case x.negate != nil:
		return !x.negate.holds(truth)
	}
	count := 0
	for _, y := range x.among {
		if y.holds(truth) {
			count++
		}
	}
	return count >= x.need
}

var conditionToken = regexp.MustCompile(`\(|\)|[^\s()]+`)

// parseCondition reads a condition over the given names. Binding, from the
// weakest: or, and, not, "x of", parentheses.
func parseCondition(text string, names []string) (expression, error) {
	p := conditionParser{tokens: conditionToken.FindAllString(text, -1), names: names}
	x, err := p.or()
	if err == nil && len(p.tokens) > 0 {
		err = fmt.Errorf("condition %q: unexpected %q", text, p.tokens[0])
	}
	return x, err
}

type conditionParser struct {
	tokens, names []string
}

// word takes the next token if it is the given one, in any case.
func (p *conditionParser) word(w string) bool {
	if len(p.tokens) > 0 && strings.EqualFold(p.tokens[0], w) {
		p.tokens = p.tokens[1:]
		return true
	}
	return false
}

func (p *conditionParser) or() (expression, error) {
	left, err := p.and()
	for err == nil && p.word("or") {
		var right expression
		a := left
		right, err = p.and()
		left = expression{among: []expression{a, right}, need: 1}
	}
	return left, err
}

func (p *conditionParser) and() (expression, error) {
	left, err := p.not()
	for err == nil && p.word("and") {
		var right expression
		a := left
		right, err = p.not()
		left = expression{among: []expression{a, right}, need: 2}
	}
	return left, err
}

func (p *conditionParser) not() (expression, error) {
	if p.word("not") {
		x, err := p.not()
		return expression{negate: &x}, err
	}
	if p.word("(") {
		x, err := p.or()
		if err == nil && !p.word(")") {
			err = fmt.Errorf("condition: a bracket is not closed")
		}
		return x, err
	}
	if len(p.tokens) == 0 {
		return expression{}, fmt.Errorf("condition ends early")
	}
	if len(p.tokens) > 2 && strings.EqualFold(p.tokens[1], "of") {
		return p.of()
	}
	name := p.tokens[0]
	p.tokens = p.tokens[1:]
	if !slices.Contains(p.names, name) {
		return expression{}, fmt.Errorf("condition: no search identifier %q", name)
	}
	return expression{name: name}, nil
}

// of reads "1 of x", "any of x", "all of x", "3 of x"; them are all names
// that do not begin with an underscore.
func (p *conditionParser) of() (expression, error) {
	quantity, pattern := strings.ToLower(p.tokens[0]), p.tokens[2]
	p.tokens = p.tokens[3:]
	var among []expression
	for _, n := range p.names {
		if pattern == "them" && !strings.HasPrefix(n, "_") || pattern != "them" && glob(pattern, n) {
			among = append(among, expression{name: n})
		}
	}
	if len(among) == 0 {
		return expression{}, fmt.Errorf("condition: no search identifier is like %q", pattern)
	}
	need := len(among)
	switch quantity {
	case "all":
	case "any":
		need = 1
	default:
		n, err := strconv.Atoi(quantity)
		if err != nil || n < 1 {
			return expression{}, fmt.Errorf("condition: %q of", quantity)
		}
		need = n
	}
	return expression{among: among, need: need}, nil
}

// glob compares a name with a pattern in which * is any text.
func glob(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(name)
}
