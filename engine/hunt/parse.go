package hunt

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
)

// The front matter lies between these, and nothing but blanks comes before it.
const (
	frontOpen  = "/*---"
	frontClose = "---*/"
)

var (
	idPattern     = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)
	namePattern   = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	attackPattern = regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
)

// front is the front matter as it is written.
type front struct {
	ID       string   `yaml:"id"`
	Title    string   `yaml:"title"`
	Severity string   `yaml:"severity"`
	Attack   []string `yaml:"attack"`
	Sources  []string `yaml:"sources"`
	Packs    []string `yaml:"packs"`
	Params   []struct {
		Name    string `yaml:"name"`
		Type    string `yaml:"type"`
		Default any    `yaml:"default"`
		Doc     string `yaml:"doc"`
	} `yaml:"params"`
	Next []struct {
		ID   string         `yaml:"id"`
		With map[string]any `yaml:"with"`
	} `yaml:"next"`
	Means string `yaml:"means"`
	Noise string `yaml:"noise"`
	Cite  string `yaml:"cite"`
}

var (
	frontKeys = []string{"id", "title", "severity", "attack", "sources", "packs", "params", "next", "means", "noise", "cite"}
	paramKeys = []string{"name", "type", "default", "doc"}
	nextKeys  = []string{"id", "with"}
)

// ParseFile reads one hunt. name is the file's name for errors and, of a file
// without front matter, the id. The error is an [*Error].
func ParseFile(name, text string) (Hunt, error) {
	body := strings.TrimPrefix(text, "\ufeff")
	lead := len(body) - len(strings.TrimLeft(body, " \t\r\n"))
	if !strings.HasPrefix(body[lead:], frontOpen) {
		return parsePlain(name, body)
	}
	rest := body[lead+len(frontOpen):]
	yamlText, sql, found := strings.Cut(rest, frontClose)
	startLine := 1 + strings.Count(body[:lead], "\n")
	if !found {
		return Hunt{}, &Error{File: name, Line: startLine, Msg: "the front matter is not closed", Hint: "end it with a line " + frontClose}
	}
	// The YAML decoder counts from the text it is given, which begins at the
	// end of the opening line.
	f, err := parseFront(name, startLine, yamlText)
	if err != nil {
		return Hunt{}, err
	}
	h := Hunt{
		ID: f.ID, Title: f.Title, Severity: Severity(f.Severity), Attack: f.Attack, Sources: f.Sources,
		Packs: f.Packs, Means: strings.TrimSpace(f.Means), Noise: strings.TrimSpace(f.Noise),
		Cite: strings.TrimSpace(f.Cite), SQL: body, File: name,
	}
	fail := func(key, hint, format string, args ...any) (Hunt, error) {
		return Hunt{}, &Error{File: name, Line: startLine + lineOf(yamlText, key), Msg: fmt.Sprintf(format, args...), Hint: hint}
	}
	if !idPattern.MatchString(h.ID) {
		return fail("id", "", "id %q: want lower-case letters, digits and dashes", h.ID)
	}
	if h.Title == "" {
		return fail("title", "", "the hunt has no title")
	}
	if h.Severity.Rank() < 0 {
		return fail("severity", hintNearest(f.Severity, strs(severities)), "severity %q: want one of %s", f.Severity, strings.Join(strs(severities), ", "))
	}
	for _, id := range h.Attack {
		if !attackPattern.MatchString(id) {
			return fail("attack", "", "attack %q is not an ATT&CK technique id such as T1078.004", id)
		}
	}
	if len(h.Sources) == 0 {
		return fail("sources", "", "the hunt names no sources")
	}
	for _, p := range h.Packs {
		if !idPattern.MatchString(p) {
			return fail("packs", "", "pack %q: want lower-case letters, digits and dashes", p)
		}
	}
	for _, p := range f.Params {
		if !namePattern.MatchString(p.Name) {
			return fail("params", "", "parameter %q: want lower-case letters, digits and underscores", p.Name)
		}
		if p.Name == "since" || p.Name == "until" {
			return fail("params", "", "parameter %s: every hunt has it already", p.Name)
		}
		if _, dup := h.Param(p.Name); dup {
			return fail("params", "", "parameter %s is declared twice", p.Name)
		}
		t := ParamType(p.Type)
		if !slices.Contains(paramTypes, t) {
			return fail("params", hintNearest(p.Type, strs(paramTypes)), "parameter %s: type %q: want one of %s", p.Name, p.Type, strings.Join(strs(paramTypes), ", "))
		}
		q := Param{Name: p.Name, Type: t, Doc: p.Doc, Required: p.Default == nil}
		if !q.Required {
			text, err := scalarText(p.Default)
			if err == nil {
				q.Default, err = convert(t, text)
			}
			if err != nil {
				return fail("params", "", "parameter %s: default: %v", p.Name, err)
			}
		}
		h.Params = append(h.Params, q)
	}
	for _, n := range f.Next {
		if !idPattern.MatchString(n.ID) {
			return fail("next", "", "next %q: want the id of a hunt", n.ID)
		}
		next, err := parseNext(n.ID, n.With)
		if err != nil {
			return fail("next", "", "next %s: %v", n.ID, err)
		}
		h.Next = append(h.Next, next)
	}
	if strings.TrimSpace(sql) == "" {
		return Hunt{}, &Error{File: name, Line: startLine, Msg: "there is no SQL after the front matter"}
	}
	if err := checkNames(&h); err != nil {
		return Hunt{}, err
	}
	return h, nil
}

func parsePlain(name, body string) (Hunt, error) {
	h := Hunt{
		ID: strings.TrimSuffix(path.Base(strings.ReplaceAll(name, `\`, "/")), ".sql"), SQL: body, File: name, Plain: true,
	}
	h.Title = h.ID
	if strings.TrimSpace(body) == "" {
		return Hunt{}, &Error{File: name, Msg: "the file is empty"}
	}
	for _, n := range names(body) {
		if n.text == "since" || n.text == "until" {
			h.Window = true
			continue
		}
		if _, ok := h.Param(n.text); !ok {
			h.Params = append(h.Params, Param{Name: n.text, Type: Varchar, Required: true})
		}
	}
	return h, nil
}

// checkNames compares the parameters declared with those the SQL uses.
func checkNames(h *Hunt) error {
	used := map[string]bool{}
	var declared []string
	for _, p := range h.Params {
		declared = append(declared, p.Name)
	}
	for _, n := range names(h.SQL) {
		used[n.text] = true
		if n.text == "since" || n.text == "until" {
			h.Window = true
			continue
		}
		if !slices.Contains(declared, n.text) {
			return &Error{File: h.File, Line: n.line, Msg: fmt.Sprintf("$%s is used but not declared under params", n.text), Hint: hintNearest(n.text, declared)}
		}
	}
	for _, p := range declared {
		if !used[p] {
			return &Error{File: h.File, Msg: fmt.Sprintf("parameter %s is declared but the SQL does not use it", p)}
		}
	}
	return nil
}

// parseFront decodes the YAML strictly. offset is the line of the file on
// which text begins.
func parseFront(name string, offset int, text string) (front, error) {
	var f front
	dec := yaml.NewDecoder(bytes.NewReader([]byte(text)), yaml.Strict())
	err := dec.Decode(&f)
	if errors.Is(err, io.EOF) {
		return f, &Error{File: name, Line: offset, Msg: "the front matter is empty"}
	}
	if err == nil {
		return f, nil
	}
	e := &Error{File: name, Msg: err.Error()}
	var pos yaml.Error
	if errors.As(err, &pos) {
		e.Msg = pos.GetMessage()
		if tok := pos.GetToken(); tok != nil && tok.Position != nil {
			e.Line = offset + tok.Position.Line - 1
			var unknown *yaml.UnknownFieldError
			if errors.As(err, &unknown) {
				key := strings.Trim(tok.Value, `"' `)
				e.Msg = fmt.Sprintf("unknown key %q", key)
				known := frontKeys
				switch line := tok.Position.Line; {
				case keyAbove(text, line) == "next":
					known = nextKeys
				case keyAbove(text, line) == "params":
					known = paramKeys
				}
				e.Hint = hintNearest(key, known)
				if e.Hint == "" {
					e.Hint = "the keys are " + strings.Join(known, ", ")
				}
			}
		}
	}
	return f, e
}

func scalarText(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case uint64:
		return strconv.FormatUint(v, 10), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case int:
		return strconv.Itoa(v), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	default:
		return "", fmt.Errorf("%T is not a scalar", v)
	}
}

// lineOf is the 0-based line of text on which a top-level key stands, or 0.
func lineOf(text, key string) int {
	for i, l := range strings.Split(text, "\n") {
		if strings.HasPrefix(l, key+":") {
			return i
		}
	}
	return 0
}

// keyAbove is the top-level key that the 1-based line of text belongs to; empty
// where the line begins one itself.
func keyAbove(text string, line int) string {
	lines := strings.Split(text, "\n")
	for i := min(line, len(lines)) - 1; i >= 0; i-- {
		l := lines[i]
		if l == "" || strings.ContainsRune(" -#\t\r", rune(l[0])) {
			continue
		}
		if i == line-1 && !strings.ContainsAny(l, "[{") {
			return ""
		}
		key, _, _ := strings.Cut(l, ":")
		return key
	}
	return ""
}

func strs[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}

func itoa(n int) string { return strconv.Itoa(n) }
