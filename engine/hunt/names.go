package hunt

import (
	"strings"

	"logquarry/engine/sqltext"
)

// used is one $name in a SQL text.
type used struct {
	text string
	line int // 1-based
}

// names finds the named parameters of a SQL text, in order, leaving out what
// stands in strings, quoted names, comments and dollar quotes.
func names(sql string) []used {
	var out []used
	line := 1
	for _, t := range sqltext.Tokens(sql) {
		text := t.Text(sql)
		if t.Kind == sqltext.Param && len(text) > 1 && text[0] == '$' {
			out = append(out, used{strings.ToLower(text[1:]), line})
		}
		line += strings.Count(text, "\n")
	}
	return out
}

// hintNearest asks whether the candidate nearest to s was meant; empty where
// none is near.
func hintNearest(s string, candidates []string) string {
	n, ok := sqltext.Nearest(s, candidates)
	// A word of a longer name: brute-force for ct-console-brute-force.
	for _, c := range candidates {
		if ok || len(s) < 3 {
			break
		}
		if strings.Contains(c, strings.ToLower(s)) {
			n, ok = c, true
		}
	}
	if !ok {
		return ""
	}
	return "did you mean " + n + "?"
}
