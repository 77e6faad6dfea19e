package sigma

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"logquarry/engine/sqltext"
)

// maxTokens bounds a condition; the longest of published rules have some dozens.
const maxTokens = 2000

// conditionWord is a parenthesis, or a run of what is neither that nor blank.
var conditionWord = regexp.MustCompile(`[()]|[^\s()]+`)

// conditionParser is a parser by descent: or binds least, then and, not, x of,
// parentheses.
type conditionParser struct {
	node  *Node
	words []string
	at    []int // of each word, its place in the condition
	next  int
	depth int
	known []*selection
}

func parseCondition(n *Node, known []*selection) (expr, *Error) {
	if n.Kind != Text {
		return nil, n.fail("", "the condition is %s, and must be a text", n.Kind)
	}
	p := &conditionParser{node: n, known: known}
	for _, at := range conditionWord.FindAllStringIndex(n.Text, maxTokens+1) {
		p.words = append(p.words, n.Text[at[0]:at[1]])
		p.at = append(p.at, at[0])
	}
	switch {
	case len(p.words) == 0:
		return nil, n.fail("", "the condition is empty")
	case len(p.words) > maxTokens:
		return nil, n.fail("", "the condition has more than %d words", maxTokens)
	}
	x, err := p.or()
	if err != nil {
		return nil, err
	}
	switch p.peek() {
	case "":
		return x, nil
	case "|":
		return nil, p.counts()
	}
	return nil, p.fail("", "%q was not expected here", p.peek())
}

// counts is the error at the | of a condition as they were before correlations.
func (p *conditionParser) counts() *Error {
	return p.fail("a correlation document says it today", "conditions that count events, with |, are not read")
}

// fail is an error at the word that is next.
func (p *conditionParser) fail(hint, format string, args ...any) *Error {
	e := p.node.fail(hint, format, args...)
	at := len(p.node.Text)
	if p.next < len(p.at) {
		at = p.at[p.next]
	}
	e.Msg = "condition: " + e.Msg
	// A condition of several lines is folded: its column is that of its start.
	if !strings.Contains(p.node.Text, "\n") && e.Column > 0 {
		e.Column += at
	}
	return e
}

func (p *conditionParser) peek() string {
	if p.next < len(p.words) {
		return p.words[p.next]
	}
	return ""
}

// operator says whether the next word is the operator op, and takes it.
func (p *conditionParser) operator(op string) bool {
	if !strings.EqualFold(p.peek(), op) {
		return false
	}
	p.next++
	return true
}

func (p *conditionParser) or() (expr, *Error) { return p.chain("or", p.and, disjunction) }

func (p *conditionParser) and() (expr, *Error) { return p.chain("and", p.not, conjunction) }

func (p *conditionParser) chain(op string, kid func() (expr, *Error), join func([]expr) expr) (expr, *Error) {
	var kids []expr
	for {
		x, err := kid()
		if err != nil {
			return nil, err
		}
		kids = append(kids, x)
		if !p.operator(op) {
			return join(kids), nil
		}
	}
}

func (p *conditionParser) not() (expr, *Error) {
	if !p.operator("not") {
		return p.operand()
	}
	if p.depth++; p.depth > maxNesting {
		return nil, p.fail("", "nested more than %d deep", maxNesting)
	}
	x, err := p.not()
	p.depth--
	return &not{x}, err
}

func (p *conditionParser) operand() (expr, *Error) {
	word := p.peek()
	switch {
	case word == "":
		return nil, p.fail("", "it ends where a selection should follow")
	case word == "(":
		if p.depth++; p.depth > maxNesting {
			return nil, p.fail("", "nested more than %d deep", maxNesting)
		}
		p.next++
		x, err := p.or()
		if err != nil {
			return nil, err
		}
		if !p.operator(")") {
			return nil, p.fail("", "a parenthesis is not closed")
		}
		p.depth--
		return x, nil
	case word == "|":
		return nil, p.counts()
	case p.next+1 < len(p.words) && strings.EqualFold(p.words[p.next+1], "of"):
		return p.of()
	}
	for _, s := range p.known {
		if s.name == word {
			p.next++
			return s.expr, nil
		}
	}
	var names []string
	for _, s := range p.known {
		names = append(names, s.name)
	}
	hint := ""
	if near, ok := sqltext.Nearest(word, names); ok {
		hint = "did you mean " + near + "?"
	}
	return nil, p.fail(hint, "there is no selection %s", word)
}

// of reads: 1 of them, all of selection*, 2 of filter_*.
func (p *conditionParser) of() (expr, *Error) {
	count := strings.ToLower(p.peek())
	n := 1
	switch count {
	case "all", "any", "one":
	default:
		var err error
		if n, err = strconv.Atoi(count); err != nil || n < 1 {
			return nil, p.fail("such as 1 of selection*, all of them", "%q is no number of selections", p.peek())
		}
	}
	p.next += 2
	what := p.peek()
	if what == "" || what == "(" || what == ")" {
		return nil, p.fail("such as 1 of selection*, all of them", "of must be followed by them or a pattern of names")
	}
	var kids []expr
	for _, s := range p.known {
		if strings.EqualFold(what, "them") {
			// By convention, names with an underscore in front are left out.
			if !strings.HasPrefix(s.name, "_") {
				kids = append(kids, s.expr)
			}
		} else if fitsName(what, s.name) {
			kids = append(kids, s.expr)
		}
	}
	if len(kids) == 0 {
		return nil, p.fail("", "no selection is called %s", what)
	}
	if n > len(kids) {
		return nil, p.fail("", "%d of %s: there are only %d", n, what, len(kids))
	}
	p.next++
	switch {
	case count == "all":
		return conjunction(kids), nil
	case n == 1:
		return disjunction(kids), nil
	}
	return &atLeast{n, kids}, nil
}

// fitsName says whether name fits a pattern in which * is any text.
func fitsName(pattern, name string) bool {
	escaped := strings.NewReplacer(`\`, `\\`, "[", `\[`, "?", `\?`, "/", "\x01").Replace(pattern)
	ok, err := path.Match(escaped, strings.ReplaceAll(name, "/", "\x01"))
	return err == nil && ok
}
