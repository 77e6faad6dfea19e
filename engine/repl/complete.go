package repl

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"logquarry/engine/sqltext"
)

// suggestion is one way to complete the word before the cursor.
type suggestion struct{ text, doc string }

// sqlSeparators part the words of SQL. The dollar sign is part of a parameter.
const sqlSeparators = " \t\n(),;.=<>!+-*/%|&'\"[]{}:@~^"

// complete are the ways to complete the word that ends before, the text of the
// line up to the cursor; sep are the letters that word cannot hold. Everything
// comes from the cached catalogue.
func (s *session) complete(before, after string) (found []suggestion, sep string) {
	if s.input.pending == "" && strings.HasPrefix(strings.TrimLeft(before, " "), ".") {
		return s.completeMeta(strings.TrimLeft(before, " "))
	}
	return s.completeSQL(s.input.pending+before, after), sqlSeparators
}

func (s *session) completeSQL(before, after string) []suggestion {
	if pieces := sqltext.Split(before); len(pieces) > 0 {
		last := pieces[len(pieces)-1]
		if last.Complete {
			return nil
		}
		before = last.Piece
	}
	if pieces := sqltext.Split(after); len(pieces) > 0 {
		after = strings.TrimSuffix(pieces[0].Piece, ";")
	}
	tokens := sqltext.Tokens(before)
	if len(tokens) == 0 {
		return nil
	}
	// The word being typed, and the tokens before it.
	word := ""
	last := tokens[len(tokens)-1]
	switch {
	case last.Open, last.Kind == sqltext.Comment, last.Kind == sqltext.Number:
		return nil
	case last.Kind == sqltext.Param, last.Kind == sqltext.Op && last.Text(before) == "$":
		return s.paramSuggestions(last.Text(before))
	case last.Kind == sqltext.Ident:
		word = last.Text(before)
		tokens = tokens[:len(tokens)-1]
	}
	tokens = slices.DeleteFunc(tokens, func(t sqltext.Token) bool {
		return t.Kind == sqltext.Space || t.Kind == sqltext.Comment
	})
	text := func(fromEnd int) string {
		if len(tokens) < fromEnd {
			return ""
		}
		return tokens[len(tokens)-fromEnd].Text(before)
	}
	statement := before + " " + after
	if word != "" {
		statement = before + after
	}
	tables := tablesIn(statement)

	if text(1) == "." {
		return match(word, true, s.columnsOf(tables, text(2)))
	}
	previous := strings.ToUpper(text(1))
	if previous == "," && inFrom(before, tokens) {
		previous = "FROM"
	}
	switch previous {
	case "FROM", "JOIN", "INTO", "UPDATE", "TABLE", "VIEW", "DESCRIBE", "DESC", "SUMMARIZE":
		return match(word, true, s.relations(statement), tableFunctions)
	case "AS":
		return nil // a new name
	}
	columns := s.columnsOf(tables, "")
	if word == "" {
		switch previous {
		case "SELECT", "WHERE", "AND", "OR", "ON", "BY", "HAVING", "DISTINCT", "(", ",":
			return match("", true, columns, aliases(tables))
		}
		return nil
	}
	lower := strings.ToLower(word) == word
	var keywords []suggestion
	for _, k := range s.cat.keywords() {
		if lower {
			k = strings.ToLower(k)
		}
		keywords = append(keywords, suggestion{k, ""})
	}
	var functions []suggestion
	for _, f := range s.cat.Functions {
		functions = append(functions, suggestion{f + "(", "function"})
	}
	if len(tokens) == 0 { // the first word of a statement
		return match(word, false, keywords)
	}
	return match(word, len(tables) > 0, columns, aliases(tables), keywords, functions, s.relations(statement))
}

// tableFunctions are those that read files.
var tableFunctions = []suggestion{
	{"scan(", "scan(source, path): query files where they lie"},
	{"read_csv(", "function"}, {"read_json(", "function"}, {"read_parquet(", "function"},
}

// match keeps of the lists what starts with word, in any case, then, if inside
// is true and the word is long enough to mean something, what holds it.
func match(word string, inside bool, lists ...[]suggestion) []suggestion {
	var starts, holds []suggestion
	seen := map[string]bool{}
	low := strings.ToLower(word)
	for _, list := range lists {
		for _, s := range list {
			key := strings.ToLower(s.text)
			plain := strings.Trim(key, `"`)
			switch {
			case seen[key] || plain == low && word != "":
			case strings.HasPrefix(plain, low):
				seen[key] = true
				starts = append(starts, s)
			case inside && len(word) >= 3 && strings.Contains(plain, low):
				seen[key] = true
				holds = append(holds, s)
			}
		}
	}
	return append(starts, holds...)
}

func (s *session) paramSuggestions(typed string) []suggestion {
	var names []suggestion
	for _, name := range sortedKeys(s.params) {
		names = append(names, suggestion{"$" + name, s.params[name]})
	}
	return match(typed, false, names)
}

func (s *session) relations(statement string) []suggestion {
	var all []suggestion
	for _, name := range ctes(statement) {
		all = append(all, suggestion{quoteName(name), "of this statement"})
	}
	for _, r := range s.cat.Relations {
		all = append(all, suggestion{quoteName(r.Name), r.Doc})
	}
	return all
}

// columnsOf are the columns of the tables of a statement, or of the one of
// them, or of the catalogue, that of names.
func (s *session) columnsOf(tables []tableRef, of string) []suggestion {
	var all []suggestion
	add := func(name string) {
		for _, r := range s.cat.Relations {
			if strings.EqualFold(r.Name, name) {
				for _, c := range r.Columns {
					doc := c.Type
					if c.Doc != "" {
						doc += "  " + c.Doc
					}
					all = append(all, suggestion{quoteName(c.Name), doc})
				}
			}
		}
	}
	of = strings.Trim(of, `"`)
	for _, t := range tables {
		if of == "" || strings.EqualFold(t.alias, of) || strings.EqualFold(t.name, of) && t.alias == "" {
			add(t.name)
		}
	}
	if of != "" && len(all) == 0 {
		add(of)
	}
	return all
}

func aliases(tables []tableRef) []suggestion {
	var all []suggestion
	for _, t := range tables {
		if t.alias != "" {
			all = append(all, suggestion{t.alias, t.name})
		}
	}
	return all
}

// tableRef is a table as a statement names it.
type tableRef struct{ name, alias string }

// tablesIn are the tables named after FROM, JOIN, INTO, UPDATE and the like,
// wherever in the statement, finished or not.
func tablesIn(sql string) []tableRef {
	var tokens []sqltext.Token
	for _, t := range sqltext.Tokens(sql) {
		if t.Kind != sqltext.Space && t.Kind != sqltext.Comment {
			tokens = append(tokens, t)
		}
	}
	var tables []tableRef
	word := func(i int) string {
		if i >= len(tokens) || tokens[i].Kind != sqltext.Ident {
			return ""
		}
		return strings.ToUpper(tokens[i].Text(sql))
	}
	name := func(i int) string {
		if i >= len(tokens) {
			return ""
		}
		switch t := tokens[i]; {
		case t.Kind == sqltext.QuotedIdent:
			return strings.Trim(t.Text(sql), `"`)
		case t.Kind == sqltext.Ident && !clause[word(i)]:
			return t.Text(sql)
		}
		return ""
	}
	symbol := func(i int) string {
		if i >= len(tokens) || tokens[i].Kind != sqltext.Op {
			return ""
		}
		return tokens[i].Text(sql)
	}
	// one reads a table and its alias at i and says where they end.
	one := func(i int) int {
		n := name(i)
		if n == "" {
			return i
		}
		i++
		for symbol(i) == "." && name(i+1) != "" {
			n = name(i + 1)
			i += 2
		}
		if symbol(i) == "(" { // a table function
			return i
		}
		ref := tableRef{name: n}
		if word(i) == "AS" {
			i++
		}
		if a := name(i); a != "" {
			ref.alias = a
			i++
		}
		tables = append(tables, ref)
		return i
	}
	for i := 0; i < len(tokens); i++ {
		switch word(i) {
		case "FROM", "JOIN", "INTO", "UPDATE", "DESCRIBE", "SUMMARIZE":
			for i = one(i + 1); symbol(i) == ","; {
				i = one(i + 1)
			}
			i--
		}
	}
	return tables
}

// clause are the words that end a table and its alias.
var clause = set("AS", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "JOIN", "INNER", "LEFT", "RIGHT",
	"FULL", "CROSS", "NATURAL", "ASOF", "POSITIONAL", "SEMI", "ANTI", "OUTER", "ON", "USING", "UNION", "INTERSECT",
	"EXCEPT", "SELECT", "FROM", "SET", "VALUES", "WINDOW", "QUALIFY", "TABLESAMPLE", "LATERAL", "RETURNING", "AND", "OR", "WITH")

func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}

// inFrom reports whether the comma at the end of tokens parts tables.
func inFrom(sql string, tokens []sqltext.Token) bool {
	depth := 0
	for _, t := range slices.Backward(tokens) {
		switch word := strings.ToUpper(t.Text(sql)); {
		case word == ")":
			depth++
		case word == "(":
			if depth--; depth < 0 {
				return false
			}
		case depth > 0 || t.Kind != sqltext.Ident:
		case word == "FROM":
			return true
		case word == "SELECT" || word == "WHERE" || word == "BY" || word == "HAVING" || word == "SET" || word == "USING" || word == "ON":
			return false
		}
	}
	return false
}

// ctes are the names a statement gives to queries: name AS (.
func ctes(sql string) []string {
	var names []string
	var before [3]string
	for _, t := range sqltext.Tokens(sql) {
		if t.Kind == sqltext.Space || t.Kind == sqltext.Comment {
			continue
		}
		text := t.Text(sql)
		if text == "(" && strings.EqualFold(before[2], "as") &&
			(before[0] == "," || strings.EqualFold(before[0], "with") || strings.EqualFold(before[0], "recursive")) {
			names = append(names, before[1])
		}
		before = [3]string{before[1], before[2], text}
	}
	return names
}

// quoteName is name as SQL has to write it.
func quoteName(name string) string {
	tokens := sqltext.Tokens(name)
	if len(tokens) == 1 && tokens[0].Kind == sqltext.Ident && !reserved[strings.ToUpper(name)] {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

// reserved are the words DuckDB reserves that a column could be called.
var reserved = set("ALL", "ANALYZE", "AND", "ANY", "ARRAY", "AS", "ASC", "BOTH", "CASE", "CAST", "CHECK", "COLUMN",
	"CONSTRAINT", "CREATE", "DEFAULT", "DESC", "DESCRIBE", "DISTINCT", "DO", "ELSE", "END", "EXCEPT", "FALSE", "FETCH",
	"FOR", "FOREIGN", "FROM", "GROUP", "HAVING", "IN", "INTO", "LATERAL", "LIMIT", "NOT", "NULL", "OFFSET", "ON", "ONLY",
	"OR", "ORDER", "PIVOT", "PRIMARY", "QUALIFY", "REFERENCES", "RETURNING", "SELECT", "SHOW", "SOME", "SUMMARIZE",
	"SYMMETRIC", "TABLE", "THEN", "TO", "TRAILING", "TRUE", "UNION", "UNIQUE", "UNPIVOT", "USING", "WHEN", "WHERE", "WINDOW", "WITH")

func (c *Catalogue) keywords() []string {
	if len(c.Keywords) > 0 {
		return c.Keywords
	}
	return keywords
}

var keywords = []string{
	"SELECT", "FROM", "WHERE", "GROUP BY", "ORDER BY", "HAVING", "LIMIT", "OFFSET", "DISTINCT", "AS", "AND", "OR", "NOT",
	"IN", "IS", "NULL", "LIKE", "BETWEEN", "EXISTS", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "JOIN", "LEFT JOIN",
	"INNER JOIN", "CROSS JOIN", "ASOF JOIN", "ON", "USING", "UNION", "UNION ALL", "INTERSECT", "EXCEPT", "WITH", "RECURSIVE",
	"VALUES", "DESC", "ASC", "NULLS LAST", "NULLS FIRST", "OVER", "PARTITION BY", "WINDOW", "FILTER", "INTERVAL", "TIMESTAMP",
	"DATE", "TRUE", "FALSE", "CREATE TABLE", "CREATE VIEW", "CREATE OR REPLACE", "DROP TABLE", "DROP VIEW", "INSERT INTO",
	"UPDATE", "DELETE FROM", "ALTER TABLE", "COPY", "ATTACH", "DETACH", "DESCRIBE", "SUMMARIZE", "SHOW", "EXPLAIN",
	"EXPLAIN ANALYZE", "PRAGMA", "SET", "UNNEST", "QUALIFY", "SAMPLE",
}

// completeMeta completes a line that starts with a dot.
func (s *session) completeMeta(line string) (found []suggestion, sep string) {
	name, rest, args := strings.Cut(line, " ")
	if !args {
		for _, c := range commands() {
			found = append(found, suggestion{"." + c.name, c.help})
		}
		return match(name, false, found), " "
	}
	c, err := findCommand(strings.TrimPrefix(name, "."))
	if err != nil || c.complete == nil {
		return nil, " "
	}
	word := rest[strings.LastIndexByte(rest, ' ')+1:]
	return c.complete(s, strings.Fields(strings.TrimSuffix(rest, word)), word), " "
}

func completeWords(words ...string) func(*session, []string, string) []suggestion {
	return func(_ *session, before []string, word string) []suggestion {
		if len(before) > 0 {
			return nil
		}
		var all []suggestion
		for _, w := range words {
			all = append(all, suggestion{w, ""})
		}
		return match(word, false, all)
	}
}

func completeFormats(s *session, before []string, word string) []suggestion {
	return completeWords(s.cfg.Formats...)(s, before, word)
}

func completeFiles(_ *session, before []string, word string) []suggestion {
	if len(before) > 0 {
		return nil
	}
	dir, base := filepath.Split(word)
	look := dir
	switch {
	case look == "":
		look = "."
	case strings.HasPrefix(look, "~/"):
		look = expandHome(look)
	}
	entries, err := os.ReadDir(look)
	if err != nil {
		return nil
	}
	var all []suggestion
	for _, e := range entries {
		name := e.Name()
		if strings.Contains(name, " ") || strings.HasPrefix(name, ".") && !strings.HasPrefix(base, ".") {
			continue
		}
		if e.IsDir() {
			name += "/"
		}
		if strings.HasPrefix(name, base) {
			all = append(all, suggestion{dir + name, ""})
		}
	}
	return all
}

func completeHunts(s *session, before []string, word string) []suggestion {
	hunts := s.cfg.Engine.Hunts()
	var all []suggestion
	if len(before) == 0 {
		for _, h := range hunts {
			all = append(all, suggestion{h.ID, h.Severity + "  " + h.Title})
		}
		return match(word, true, all)
	}
	for _, h := range hunts {
		if h.ID == before[0] {
			for _, p := range h.Params {
				all = append(all, suggestion{p.Name + "=" + p.Default, p.Doc})
			}
		}
	}
	return match(word, false, all)
}

func completeNames(s *session, before []string, word string) []suggestion {
	if len(before) > 0 {
		return nil
	}
	var all []suggestion
	for _, r := range s.cat.Relations {
		all = append(all, suggestion{r.Name, r.Doc})
	}
	for _, h := range s.cfg.Engine.Hunts() {
		all = append(all, suggestion{h.ID, h.Title})
	}
	return match(word, true, all)
}

func completeCommands(_ *session, before []string, word string) []suggestion {
	if len(before) > 0 {
		return nil
	}
	var all []suggestion
	for _, c := range commands() {
		all = append(all, suggestion{c.name, c.help})
	}
	return match(strings.TrimPrefix(word, "."), false, all)
}

func completeParams(s *session, before []string, word string) []suggestion {
	if len(before) == 0 {
		return completeWords("set", "unset", "list", "clear")(s, before, word)
	}
	if len(before) > 1 || before[0] == "list" {
		return nil
	}
	var all []suggestion
	for _, name := range sortedKeys(s.params) {
		all = append(all, suggestion{name, s.params[name]})
	}
	for _, h := range s.cfg.Engine.Hunts() {
		for _, p := range h.Params {
			all = append(all, suggestion{p.Name, p.Doc})
		}
	}
	return match(word, false, all)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
