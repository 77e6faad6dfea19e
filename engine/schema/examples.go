package schema

import (
	"fmt"
	"strings"
)

// Example is one query of an examples.sql.
type Example struct {
	Title string // the comment line above it
	SQL   string // without its semicolon
}

// SplitExamples takes the text of an examples.sql apart, in order: queries, each
// under one comment line that says what it shows, and each ended by a semicolon
// at the end of a line.
func SplitExamples(text string) ([]Example, error) {
	var out []Example
	var title string
	var body []string
	for i, line := range strings.Split(text, "\n") {
		switch {
		case len(body) == 0 && strings.TrimSpace(line) == "":
			continue
		case len(body) == 0 && strings.HasPrefix(line, "--"):
			title = strings.TrimSpace(strings.TrimPrefix(line, "--"))
			continue
		case len(body) == 0 && title == "":
			return nil, fmt.Errorf("line %d: no comment above the query says what it shows", i+1)
		}
		body = append(body, line)
		if strings.HasSuffix(strings.TrimRight(line, " \t\r"), ";") {
			out = append(out, Example{title, strings.TrimRight(strings.Join(body, "\n"), "; \t\r")})
			body, title = nil, ""
		}
	}
	if len(body) > 0 {
		return nil, fmt.Errorf("the query %q has no semicolon at its end", title)
	}
	return out, nil
}
