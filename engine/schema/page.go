package schema

import (
	"fmt"
	"strings"
)

// Page is the documentation of s as a Markdown page: how files of it are
// recognised, its columns, its views, and example queries.
func (s *Source) Page() (string, error) {
	views, err := SplitViews(s.Views)
	if err != nil {
		return "", fmt.Errorf("%s/%s: %w", s.Name, viewsFile, err)
	}
	examples, err := SplitExamples(s.Examples)
	if err != nil {
		return "", fmt.Errorf("%s/%s: %w", s.Name, examplesFile, err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n%s\n\nSource of the field descriptions: %s, unless a column says otherwise.\n", s.Name, s.Title, s.Doc, s.Cite)
	b.WriteString("\n## How a file is recognised\n\n")
	for _, line := range s.recognised() {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	b.WriteString("\n## Columns\n\n| column | type | unit | field | about |\n|---|---|---|---|---|\n")
	for _, c := range s.AllColumns() {
		about := c.Doc
		if c.Cite != "" && c.Cite != s.Cite {
			about += " *" + c.Cite + "*"
		}
		field := code(c.From)
		for _, also := range c.Also {
			field += ", " + code(also)
		}
		unit := c.Unit
		if unit == "-" {
			unit = ""
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", c.Name, c.Type.SQL(), unit, field, cell(about))
	}
	if len(s.Key) > 0 {
		fmt.Fprintf(&b, "\nTwo rows with the same %s are one event: the second is counted as a duplicate", and(s.Key))
		if len(s.State) > 0 {
			fmt.Fprintf(&b, ", unless they differ in %s", and(s.State))
		}
		b.WriteString(".\n")
	}
	if len(views) > 0 {
		b.WriteString("\n## Views\n\n| view | shows |\n|---|---|\n")
		for _, v := range views {
			name := v.Name
			if v.Macro {
				name += "(…)"
			}
			fmt.Fprintf(&b, "| `%s` | %s |\n", name, cell(v.Doc))
		}
	}
	if len(examples) > 0 {
		b.WriteString("\n## Examples\n")
		for _, e := range examples {
			fmt.Fprintf(&b, "\n%s\n\n```sql\n%s;\n```\n", e.Title, e.SQL)
		}
	}
	return b.String(), nil
}

// recognised says in sentences how files and messages of s are told.
func (s *Source) recognised() []string {
	r := &s.Recognise
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	what := map[Shape]string{
		JSON: "JSON objects", Delimited: "lines of fields", W3C: "lines below a `#Fields:` line",
		CSV: "comma-separated values", Regex: "lines that fit a pattern",
	}[s.Shape]
	if s.Parquet {
		what += ", or Parquet"
	}
	say("It is %s. What a file is, is told by its content; its name only breaks ties.", what)
	if len(s.Records) > 0 {
		say("Its records may lie in an array under %s, in a bare array, one a line, or one after another.", or(s.Records))
	}
	place := map[Shape]string{JSON: "keys"}[s.Shape]
	if place == "" {
		place = "field names (in a header line, as keys of JSON objects, or as columns)"
	}
	if len(r.All) > 0 {
		say("A record has the %s %s.", place, and(r.All))
	}
	if len(r.Any) > 0 {
		say("It has one of the %s %s.", place, or(r.Any))
	}
	if len(r.None) > 0 {
		say("It has none of the %s %s.", place, or(r.None))
	}
	if r.Line != "" {
		say("A line without a header fits %s.", code(r.Line))
	}
	for _, p := range s.Patterns {
		say("A record fits %s.", code(p))
	}
	if len(s.Default) > 0 {
		say("Without a header the fields are, in this order: %s.", code(strings.Join(s.Default, " ")))
	}
	for _, p := range r.Group {
		say("Through CloudWatch Logs: messages of log groups that fit %s, where their content says nothing else.", code(p))
	}
	if r.Messages {
		say("It takes every message of CloudWatch Logs that no other source knows.")
	}
	for _, p := range r.Path {
		say("Its name fits %s.", code(p))
	}
	return out
}

// code is text as Markdown code that may stand in a table.
func code(text string) string {
	if text == "" {
		return ""
	}
	quote := "`"
	if strings.Contains(text, "`") {
		quote = "``"
	}
	return quote + strings.ReplaceAll(text, "|", `\|`) + quote
}

// cell is text that may stand in a Markdown table.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;").Replace(text)
}

func and(names []string) string { return list(names, " and ") }
func or(names []string) string  { return list(names, " or ") }

func list(names []string, last string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = code(n)
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + last + quoted[n-1]
	}
	return strings.Join(quoted, "")
}
