// Package sqltext is the one lexer of SQL text: it splits what a person typed,
// a script or a one-liner into statements, says what a statement is and where
// in it an error lies.
//
// In: SQL text as DuckDB reads it, finished or not. Out: tokens, statements,
// parameter names, places. It leaves running statements to store and showing
// errors to repl and cmd. It never fails: text that is not SQL has tokens too.
package sqltext

import (
	"strings"
	"unicode/utf8"
)

// Kind is what a [Token] is.
type Kind uint8

const (
	Space       Kind = iota // blanks and line ends
	Comment                 // -- to the end of the line, or /* */, which nests
	Ident                   // a name or keyword without quotes
	QuotedIdent             // "name", with "" for a quote
	String                  // '…' with '' for a quote
	EString                 // E'…', where a backslash escapes
	DollarQuote             // $$…$$ or $tag$…$tag$
	Number                  // 1, 1.5, .5e3, 0xff, 1_000
	Param                   // $name, $1, ? or ?1
	Op                      // an operator or other single mark
	Semicolon               // the end of a statement
)

// Token is one piece of SQL text.
type Token struct {
	Kind       Kind
	Start, End int // byte offsets
	// Open is true where the text ended inside the token: a string, quoted
	// name, dollar quote or block comment without its end.
	Open bool
}

// Text is the token's part of the text it was cut from.
func (t Token) Text(sql string) string { return sql[t.Start:t.End] }

// blank reports whether the token carries no meaning.
func (t Token) blank() bool { return t.Kind == Space || t.Kind == Comment }

// Tokens cuts text into tokens that lie end to end: together they are the text.
func Tokens(text string) []Token {
	tokens := make([]Token, 0, len(text)/4+1)
	for pos := 0; pos < len(text); {
		t := next(text, pos)
		tokens = append(tokens, t)
		pos = t.End
	}
	return tokens
}

// meaningful is Tokens without blanks and comments.
func meaningful(text string) []Token {
	var tokens []Token
	for pos := 0; pos < len(text); {
		t := next(text, pos)
		if !t.blank() {
			tokens = append(tokens, t)
		}
		pos = t.End
	}
	return tokens
}

// next is the token of text that starts at pos, which must be inside the text.
func next(text string, pos int) Token {
	c := text[pos]
	rest := text[pos:]
	token := func(k Kind, n int) Token { return Token{Kind: k, Start: pos, End: pos + n} }
	switch {
	case isSpace(c):
		n := 1
		for n < len(rest) && isSpace(rest[n]) {
			n++
		}
		return token(Space, n)
	case c == ';':
		return token(Semicolon, 1)
	case strings.HasPrefix(rest, "--"):
		// A carriage return alone ends it too, in DuckDB as in PostgreSQL.
		if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
			return token(Comment, n)
		}
		return token(Comment, len(rest))
	case strings.HasPrefix(rest, "/*"):
		n, closed := blockComment(rest)
		t := token(Comment, n)
		t.Open = !closed
		return t
	case c == '\'':
		return quoted(text, String, pos, 1, '\'', false)
	case c == '"':
		return quoted(text, QuotedIdent, pos, 1, '"', false)
	case (c == 'e' || c == 'E') && len(rest) > 1 && rest[1] == '\'':
		return quoted(text, EString, pos, 2, '\'', true)
	case isDigit(c) || c == '.' && len(rest) > 1 && isDigit(rest[1]):
		return token(Number, number(rest))
	case isIdentStart(c):
		n := 1
		for n < len(rest) && isIdentPart(rest[n]) {
			n++
		}
		return token(Ident, n)
	case c == '$':
		return dollar(text, pos)
	case c == '?':
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		return token(Param, n)
	}
	for _, op := range operators {
		if strings.HasPrefix(rest, op) {
			return token(Op, len(op))
		}
	}
	return token(Op, 1) // ASCII: other bytes start names
}

// operators are the marks of more than one byte, longest first.
var operators = []string{
	"!~~*", "->>", "!~~", "!~*", "~~*", "<=>", "::", "<=", ">=", "<>", "!=", "==", "->", "=>", ":=",
	"||", "**", "//", "<<", ">>", "&&", "!~", "~~", "~*", "^@", "@>", "<@",
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// Every byte past ASCII is part of a name, as in the PostgreSQL lexer DuckDB uses.
func isIdentStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= utf8.RuneSelf
}
func isIdentPart(c byte) bool { return isIdentStart(c) || isDigit(c) || c == '$' }

func blockComment(s string) (n int, closed bool) {
	depth := 0
	for n < len(s) {
		switch {
		case strings.HasPrefix(s[n:], "/*"):
			depth++
			n += 2
		case strings.HasPrefix(s[n:], "*/"):
			depth--
			n += 2
			if depth == 0 {
				return n, true
			}
		default:
			n++
		}
	}
	return n, false
}

// quoted reads from pos, where lead bytes open the quote, to the closing mark;
// a doubled mark stands for itself.
func quoted(text string, k Kind, pos, lead int, mark byte, backslash bool) Token {
	i := pos + lead
	for i < len(text) {
		switch {
		case backslash && text[i] == '\\' && i+1 < len(text):
			i += 2
		case text[i] != mark:
			i++
		case i+1 < len(text) && text[i+1] == mark:
			i += 2
		default:
			return Token{Kind: k, Start: pos, End: i + 1}
		}
	}
	return Token{Kind: k, Start: pos, End: len(text), Open: true}
}

func number(s string) int {
	if len(s) > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X' || s[1] == 'b' || s[1] == 'B') {
		n := 2
		for n < len(s) && (isDigit(s[n]) || s[n] >= 'a' && s[n] <= 'f' || s[n] >= 'A' && s[n] <= 'F' || s[n] == '_') {
			n++
		}
		if n > 2 {
			return n
		}
	}
	digits := func(n int) int {
		for n < len(s) && (isDigit(s[n]) || s[n] == '_') {
			n++
		}
		return n
	}
	n := digits(0)
	if n < len(s) && s[n] == '.' && !strings.HasPrefix(s[n:], "..") {
		n = digits(n + 1)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if m < len(s) && isDigit(s[m]) {
			n = digits(m)
		}
	}
	return n
}

// dollar reads a dollar quote, or else a parameter, or else a lone mark.
func dollar(text string, pos int) Token {
	i := pos + 1
	for i < len(text) && isIdentPart(text[i]) && text[i] != '$' {
		i++
	}
	name := text[pos+1 : i]
	if i < len(text) && text[i] == '$' && (name == "" || isIdentStart(name[0])) {
		tag := text[pos : i+1]
		if n := strings.Index(text[i+1:], tag); n >= 0 {
			return Token{Kind: DollarQuote, Start: pos, End: i + 1 + n + len(tag)}
		}
		return Token{Kind: DollarQuote, Start: pos, End: len(text), Open: true}
	}
	if name == "" {
		return Token{Kind: Op, Start: pos, End: pos + 1}
	}
	if isDigit(name[0]) {
		i = pos + 1
		for i < len(text) && isDigit(text[i]) {
			i++
		}
	}
	return Token{Kind: Param, Start: pos, End: i}
}
