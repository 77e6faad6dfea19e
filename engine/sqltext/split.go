package sqltext

import "strings"

// Statement is one statement of a text.
type Statement struct {
	// Piece is the statement with everything around it, from the end of the
	// statement before to its own semicolon: the pieces together are the text.
	Piece string
	// SQL is the statement alone, without its semicolon, the blanks and
	// comments before it, and those after it. Empty where there is none.
	SQL    string
	Offset int // of SQL, in bytes from the start of the text
	Line   int // of SQL, counted from 1
	// Complete is false for what follows the last semicolon.
	Complete bool
}

// Split cuts text at its semicolons. A semicolon in a string, a quoted name, a
// dollar quote or a comment does not count. What follows the last one is a
// statement that is not complete. Blank pieces are given too, with empty SQL:
// a text holds no statement to run where every SQL is empty.
func Split(text string) []Statement {
	var all []Statement
	begin, line := 0, 1
	first, last := -1, -1 // where the statement's own tokens start and end
	flush := func(end int, complete bool) {
		s := Statement{Piece: text[begin:end], Offset: end, Complete: complete}
		if first >= 0 {
			s.SQL, s.Offset = text[first:last], first
		}
		s.Line = line + strings.Count(text[begin:s.Offset], "\n")
		line += strings.Count(s.Piece, "\n")
		all = append(all, s)
		begin, first, last = end, -1, -1
	}
	for pos := 0; pos < len(text); {
		t := next(text, pos)
		pos = t.End
		switch {
		case t.Kind == Semicolon:
			flush(t.End, true)
		case !t.blank():
			if first < 0 {
				first = t.Start
			}
			last = t.End
		}
	}
	if begin < len(text) {
		flush(len(text), false)
	}
	return all
}

// Complete reports whether every statement of text has its semicolon. Text
// without a statement is complete unless it ends inside a comment.
func Complete(text string) bool {
	open := false
	for pos := 0; pos < len(text); {
		t := next(text, pos)
		pos = t.End
		if t.Open {
			return false
		}
		if !t.blank() {
			open = t.Kind != Semicolon
		}
	}
	return !open
}

// Params are the names of the parameters $name in sql, without the mark, in
// the order they first appear. $1 is given as "1"; ? has no name.
func Params(sql string) []string {
	var names []string
	seen := map[string]bool{}
	for _, t := range meaningful(sql) {
		name := strings.TrimPrefix(t.Text(sql), "$")
		if t.Kind == Param && name[0] != '?' && !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// FirstKeyword is the first word of sql in capitals, past comments and opening
// brackets, or "" where sql starts with something else.
func FirstKeyword(sql string) string {
	for pos := 0; pos < len(sql); {
		t := next(sql, pos)
		pos = t.End
		switch {
		case t.Kind == Ident:
			return strings.ToUpper(t.Text(sql))
		case !t.blank() && t.Text(sql) != "(":
			return ""
		}
	}
	return ""
}

// ReadsOnly reports whether every statement of sql is one known to change
// nothing. It is false where that is not sure, and for text without a statement.
func ReadsOnly(sql string) bool {
	some := false
	for _, s := range Split(sql) {
		if s.SQL == "" {
			continue
		}
		if !readsOnly(s.SQL) {
			return false
		}
		some = true
	}
	return some
}

func readsOnly(sql string) bool {
	switch FirstKeyword(sql) {
	case "SELECT", "FROM", "VALUES", "TABLE":
		return !writes(sql)
	case "DESCRIBE", "DESC", "SHOW", "SUMMARIZE", "PRAGMA":
		return true
	case "WITH":
		main := afterWith(sql)
		return main != "" && FirstKeyword(main) != "WITH" && !writes(sql) && readsOnly(main)
	case "EXPLAIN":
		rest := meaningful(sql)[1:]
		if len(rest) > 0 && rest[0].Text(sql) == "(" { // EXPLAIN (ANALYZE, FORMAT json) …
			for i, t := range rest {
				if t.Text(sql) == ")" {
					return i+1 < len(rest) && readsOnly(sql[rest[i+1].Start:])
				}
			}
			return false
		}
		if len(rest) > 1 && strings.EqualFold(rest[0].Text(sql), "ANALYZE") {
			return readsOnly(sql[rest[1].Start:]) // it runs the statement
		}
		return true
	}
	return false
}

// afterWith is the statement that follows the common table expressions.
func afterWith(sql string) string {
	depth := 0
	for _, t := range meaningful(sql) {
		switch word := strings.ToUpper(t.Text(sql)); {
		case word == "(":
			depth++
		case word == ")":
			depth--
		case depth > 0 || t.Kind != Ident:
		case word == "SELECT", word == "FROM", word == "VALUES", word == "TABLE",
			word == "INSERT", word == "UPDATE", word == "DELETE", word == "MERGE", word == "COPY":
			return sql[t.Start:]
		}
	}
	return ""
}

// writes reports whether a statement is opened inside sql that changes data:
// a word that does so right after a bracket, or INTO of SELECT … INTO.
func writes(sql string) bool {
	before := ""
	for _, t := range meaningful(sql) {
		word := t.Text(sql)
		if t.Kind == Ident {
			word = strings.ToUpper(word)
			switch word {
			case "INSERT", "UPDATE", "DELETE", "MERGE", "COPY":
				if before == "(" {
					return true
				}
			case "INTO":
				return true
			}
		}
		before = word
	}
	return false
}

// OneLine is sql with the same meaning on one line, as a history keeps it:
// line ends become blanks, line comments block comments, and strings with
// line ends E” strings. ok is false where that cannot be, as for a quoted
// name with a line end in it or an unfinished token.
func OneLine(sql string) (line string, ok bool) {
	var b strings.Builder
	for _, t := range Tokens(sql) {
		text := t.Text(sql)
		broken := strings.ContainsAny(text, "\r\n\t")
		switch {
		case t.Open:
			return "", false
		case t.Kind == Space:
			if broken || strings.ContainsAny(text, "\f\v") {
				text = " "
			}
		case t.Kind == Comment && strings.HasPrefix(text, "--"):
			body := strings.TrimSpace(text[2:])
			if strings.Contains(body, "*/") || strings.Contains(body, "/*") || strings.ContainsRune(body, '\t') {
				text = ""
			} else {
				text = "/* " + body + " */"
			}
		case !broken:
		case t.Kind == Comment:
			text = strings.Join(strings.Fields(text), " ")
		case t.Kind == String:
			text = escapeString(strings.ReplaceAll(text[1:len(text)-1], "''", "'"))
		case t.Kind == EString:
			text = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text)
		case t.Kind == DollarQuote:
			tag := strings.IndexByte(text[1:], '$') + 2
			text = escapeString(text[tag : len(text)-tag])
		default:
			return "", false
		}
		b.WriteString(text)
	}
	return strings.TrimSpace(b.String()), true
}

func escapeString(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, "'", "''", "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + "'"
}
