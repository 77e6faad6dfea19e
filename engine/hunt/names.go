package hunt

import "strings"

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
	for i := 0; i < len(sql); {
		end := i + 1
		switch c := sql[i]; {
		case c == '\'' || c == '"':
			// A doubled quote closes and opens again: no special case.
			end = after(sql, i+1, string(c))
		case strings.HasPrefix(sql[i:], "--"):
			end = after(sql, i, "\n")
		case strings.HasPrefix(sql[i:], "/*"):
			end = after(sql, i+2, "*/")
		case c == '$':
			n := i + 1
			for n < len(sql) && isName(sql[n]) {
				n++
			}
			if n < len(sql) && sql[n] == '$' {
				end = after(sql, n+1, sql[i:n+1])
			} else if n > i+1 {
				out = append(out, used{strings.ToLower(sql[i+1 : n]), line})
				end = n
			}
		case isName(c):
			// A $ inside a name belongs to it: a$b is one identifier.
			for end < len(sql) && (isName(sql[end]) || sql[end] == '$') {
				end++
			}
		}
		line += strings.Count(sql[i:end], "\n")
		i = end
	}
	return out
}

// after is the index behind the first sep at or after from, or the end of s.
func after(s string, from int, sep string) int {
	if from > len(s) {
		return len(s)
	}
	if i := strings.Index(s[from:], sep); i >= 0 {
		return from + i + len(sep)
	}
	return len(s)
}

func isName(c byte) bool {
	return c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// nearest is the candidate closest to s, or "" when none is close.
func nearest(s string, candidates []string) string {
	best, bestDistance := "", len(s)/2+1
	for _, c := range candidates {
		if d := distance(strings.ToLower(s), strings.ToLower(c)); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	if best != "" {
		return best
	}
	// A word of a longer name: brute-force for ct-console-brute-force.
	if len(s) >= 3 {
		for _, c := range candidates {
			if strings.Contains(c, strings.ToLower(s)) {
				return c
			}
		}
	}
	return ""
}

func hintNearest(s string, candidates []string) string {
	if n := nearest(s, candidates); n != "" {
		return "did you mean " + n + "?"
	}
	return ""
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
