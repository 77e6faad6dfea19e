package sqltext

import (
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// What says what kind of thing a name in an error message is.
type What string

const (
	Unknown  What = ""
	Table    What = "table" // or view
	Column   What = "column"
	Function What = "function"
	Type     What = "type"
	Word     What = "word" // a word at a place where the grammar has no such word
)

// Place is where in a statement an error lies and what it is about.
type Place struct {
	// Message is the error text without its picture of the line.
	Message string
	// Line and Column count from 1, Column in characters; both are 0 where the
	// error has no place.
	Line, Column int
	Offset       int // in bytes; -1 where the error has no place
	// Name is the name the message calls unknown or wrong, or "".
	Name string
	What What
	// Candidates are the names the message itself offers.
	Candidates []string
}

// Wordings of DuckDB 1.5.
var (
	picture = regexp.MustCompile(`(?s)\n*LINE (\d+): ([^\n]*)\n( *)\^.*$`)
	wrong   = []struct {
		what What
		re   *regexp.Regexp
	}{
		{Table, regexp.MustCompile(`(?:Table|View) with name "?(.+?)"? does not exist`)},
		{Table, regexp.MustCompile(`Referenced table "(.+?)" not found`)},
		{Column, regexp.MustCompile(`Referenced column "(.+?)" not found`)},
		{Column, regexp.MustCompile(`does not have a column named "(.+?)"`)},
		{Column, regexp.MustCompile(`column "(.+?)" must appear in the GROUP BY`)},
		{Function, regexp.MustCompile(`Function with name "?(.+?)"? does not exist`)},
		{Function, regexp.MustCompile(`No function matches the given name and argument types '(\w+)\(`)},
		{Type, regexp.MustCompile(`Type with name "?(.+?)"? does not exist`)},
		{Word, regexp.MustCompile(`syntax error at or near "(.+?)"`)},
	}
	offered     = regexp.MustCompile(`(?m)^(?:Did you mean|Candidate bindings|Candidate tables)[:\s]*(.*)$`)
	offeredName = regexp.MustCompile(`"([^"]+)"`)
)

// Locate finds where in sql, the statement as it was given to DuckDB, the error
// with the text errText lies. DuckDB shows the line with a caret under the
// place, cut at both ends where the line is long.
func Locate(sql, errText string) Place {
	p := Place{Message: errText, Offset: -1}
	pic := picture.FindStringSubmatch(errText)
	if pic != nil {
		p.Message = strings.TrimRight(errText[:len(errText)-len(pic[0])], "\n")
	}
	for _, w := range wrong {
		if m := w.re.FindStringSubmatch(p.Message); m != nil {
			p.Name, p.What = m[1], w.what
			break
		}
	}
	for _, m := range offered.FindAllStringSubmatch(p.Message, -1) {
		for _, n := range offeredName.FindAllStringSubmatch(m[1], -1) {
			p.Candidates = append(p.Candidates, n[1])
		}
	}
	if pic == nil {
		if strings.Contains(errText, "syntax error at end of input") {
			p.set(sql, len(strings.TrimRight(sql, " \t\r\n")))
		} else if p.Name != "" {
			if i := findName(sql, p.Name, 0); i >= 0 {
				p.set(sql, i)
			}
		}
		return p
	}
	line, _ := strconv.Atoi(pic[1])
	start, text, ok := lineOf(sql, line)
	if !ok {
		return p
	}
	shown := pic[2]
	head := len("LINE : ") + len(pic[1]) // bytes before the excerpt
	caret := len(pic[3]) - head
	excerpt := strings.TrimSuffix(shown, "...")
	if cut := strings.TrimPrefix(excerpt, "..."); cut != excerpt && !strings.HasPrefix(text, excerpt) {
		excerpt = cut
		caret -= len("...")
	}
	at := strings.Index(text, excerpt)
	if at < 0 || caret < 0 {
		if i := findName(sql, p.Name, start); i >= 0 {
			p.set(sql, i)
		}
		return p
	}
	place := at + byChars(excerpt, caret)
	// The caret counts characters, or cells where there are wide ones, and for
	// a name after a dot stands under what is before it: the reading with the
	// name under the caret is the right one.
	if !nameAt(text, place, p.Name) {
		if w := at + byCells(excerpt, caret); nameAt(text, w, p.Name) {
			place = w
		} else if i := findName(sql, p.Name, start); i >= 0 {
			place = i - start
		}
	}
	p.set(sql, start+place)
	return p
}

func (p *Place) set(sql string, offset int) {
	offset = min(offset, len(sql))
	p.Offset = offset
	p.Line = 1 + strings.Count(sql[:offset], "\n")
	p.Column = 1 + utf8.RuneCountInString(sql[strings.LastIndexByte(sql[:offset], '\n')+1:offset])
}

// lineOf is line n of sql, counted from 1, and where it starts.
func lineOf(sql string, n int) (start int, text string, ok bool) {
	for ; n > 1; n-- {
		i := strings.IndexByte(sql[start:], '\n')
		if i < 0 {
			return 0, "", false
		}
		start += i + 1
	}
	text, _, _ = strings.Cut(sql[start:], "\n")
	return start, text, n == 1
}

func byChars(s string, n int) int {
	at := 0
	for ; n > 0 && at < len(s); n-- {
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return at
}

func byCells(s string, n int) int {
	for i, r := range s {
		if n <= 0 {
			return i
		}
		n -= runewidth.RuneWidth(r)
	}
	return len(s)
}

func nameAt(s string, at int, name string) bool {
	if name == "" || at > len(s) {
		return false
	}
	s = strings.TrimPrefix(s[at:], `"`)
	return len(s) >= len(name) && strings.EqualFold(s[:len(name)], name)
}

// findName is the place of the first name or word of sql at or past from that
// is name, or -1.
func findName(sql, name string, from int) int {
	if name == "" {
		return -1
	}
	for _, t := range meaningful(sql) {
		if t.Start < from {
			continue
		}
		text := t.Text(sql)
		if t.Kind == QuotedIdent {
			text = strings.ReplaceAll(strings.Trim(text, `"`), `""`, `"`)
		}
		if strings.EqualFold(text, name) {
			return t.Start
		}
	}
	return -1
}
