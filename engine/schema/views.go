package schema

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"logquarry/engine/sqltext"
)

// View is one CREATE OR REPLACE VIEW statement of a views.sql, or a MACRO.
type View struct {
	Name  string
	Macro bool
	Doc   string // the comment line above it: what the view shows
	SQL   string // the statement, without its semicolon
}

var createView = regexp.MustCompile(`^CREATE OR REPLACE (VIEW|MACRO) "?([a-z0-9_]+)"?`)

// SplitViews takes the text of a views.sql apart, in order. The text may hold
// CREATE OR REPLACE VIEW and MACRO statements only, each starting on a line of its own
// under one comment line that says what the view shows, and each ended by a
// semicolon at the end of a line.
func SplitViews(text string) ([]View, error) {
	var views []View
	var doc string
	var body []string
	for i, line := range strings.Split(text, "\n") {
		switch {
		case len(body) == 0 && strings.TrimSpace(line) == "":
			doc = ""
			continue
		case len(body) == 0 && strings.HasPrefix(line, "--"):
			doc = strings.TrimSpace(strings.TrimPrefix(line, "--"))
			continue
		case len(body) == 0 && !createView.MatchString(line):
			return nil, fmt.Errorf("line %d: not a CREATE OR REPLACE VIEW or MACRO statement", i+1)
		case len(body) == 0 && doc == "":
			return nil, fmt.Errorf("line %d: no comment above the view says what it shows", i+1)
		}
		body = append(body, line)
		if strings.HasSuffix(strings.TrimRight(line, " \t\r"), ";") {
			sql := strings.TrimRight(strings.Join(body, "\n"), "; \t\r")
			made := createView.FindStringSubmatch(sql)
			views = append(views, View{Name: made[2], Macro: made[1] == "MACRO", Doc: doc, SQL: sql})
			body, doc = nil, ""
		}
	}
	if len(body) > 0 {
		return nil, fmt.Errorf("view %s has no semicolon at its end", createView.FindStringSubmatch(body[0])[2])
	}
	return views, nil
}

// CheckViews refuses views that are more than questions to the case: they run
// wherever it is opened. It goes by their words, to say what is wrong and where;
// what these hide is refused by a confined case when the views are made. The
// error is an [*Error].
func (s *Source) CheckViews() error {
	name := path.Join(s.Name, viewsFile)
	for _, st := range sqltext.Split(s.Views) {
		if st.SQL != "" && !createView.MatchString(st.SQL) {
			return &Error{Path: name, Line: st.Line, Column: 1, Message: "not a CREATE OR REPLACE VIEW or MACRO statement"}
		}
	}
	if r, bad := sqltext.Outside(s.Views); bad {
		return &Error{Path: name, Line: r.Line, Column: 1, Message: r.What + "; a view sees the case and nothing else"}
	}
	return nil
}
