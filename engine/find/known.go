package find

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"logquarry/engine/decode"
	"logquarry/engine/decode/delimited"
	"logquarry/engine/decode/jsonrec"
	"logquarry/engine/decode/regex"
	"logquarry/engine/schema"
)

// Known tells the source of records by their content. It is read-only and may
// serve any number of goroutines.
type Known struct {
	json     []*jsonrec.Plan // of the JSON sources
	flat     []*jsonrec.Plan // of the others, as JSON objects
	lines    []*lines
	records  []string // keys that hold arrays of records
	groups   []group
	catchAll *schema.Source // of CloudWatch Logs
}

// lines is how a source of lines is known.
type lines struct {
	source *schema.Source
	header func(line []byte) []string // nil: it has no header
	fits   func(text []byte) bool     // nil: only by its header
}

// group is a log group whose messages are of a source.
type group struct {
	re     *regexp.Regexp
	source *schema.Source
}

// NewKnown prepares to tell records of the given sources.
func NewKnown(sources []*schema.Source) (*Known, error) {
	k := new(Known)
	seen := map[string]bool{}
	for _, s := range sources {
		r := s.Recognise
		p, err := jsonrec.NewPlan(s)
		if err != nil {
			return nil, err
		}
		telling := len(r.All)+len(r.Any) > 0
		switch {
		case s.Shape == schema.JSON && telling:
			k.json = append(k.json, p)
		case telling:
			k.flat = append(k.flat, p)
		}
		for _, key := range s.Records {
			if !seen[key] {
				seen[key] = true
				k.records = append(k.records, key)
			}
		}
		if err := k.addLines(s); err != nil {
			return nil, err
		}
		for _, expr := range r.Group {
			re, err := regexp.Compile(expr)
			if err != nil {
				return nil, fmt.Errorf("%s: recognise.group: %w", s.Name, err)
			}
			k.groups = append(k.groups, group{re, s})
		}
		if r.Messages {
			if k.catchAll != nil {
				return nil, fmt.Errorf("%s and %s both take all messages", k.catchAll.Name, s.Name)
			}
			k.catchAll = s
		}
	}
	return k, nil
}

func (k *Known) addLines(s *schema.Source) error {
	l := &lines{source: s}
	if s.Recognise.Line != "" {
		re, err := regexp.Compile(s.Recognise.Line)
		if err != nil {
			return fmt.Errorf("%s: recognise.line: %w", s.Name, err)
		}
		l.fits = re.Match
	}
	switch s.Shape {
	case schema.JSON:
		return nil
	case schema.Regex:
		p, err := regex.NewPlan(s)
		if err != nil {
			return err
		}
		l.fits = p.Fits
	default:
		p, err := delimited.NewPlan(s)
		if err != nil {
			return err
		}
		l.header = p.Header
	}
	k.lines = append(k.lines, l)
	return nil
}

// Source is the name of the source that takes a message: by its content, then
// by its log group; for a message of CloudWatch Logs the one that takes all.
// "" where none does. It implements unwrap.Known.
func (k *Known) Source(text []byte, o *decode.Origin) string {
	if s := k.of(text); s != nil {
		return s.Name
	}
	if o == nil {
		return ""
	}
	if o.LogGroup != "" {
		for _, g := range k.groups {
			if g.re.MatchString(o.LogGroup) {
				return g.source.Name
			}
		}
	}
	if o.Log && k.catchAll != nil {
		return k.catchAll.Name
	}
	return ""
}

// of is the source of one record; nil where none knows it.
func (k *Known) of(text []byte) *schema.Source {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil
	}
	if text[0] == '{' || text[0] == '[' {
		for _, keys := range jsonrec.Peek(text, k.records, 1) {
			if s := first(k.byKeys(keys)); s != nil {
				return s
			}
		}
	}
	// A record of lines is one line; several in a message are something else.
	line, rest, _ := bytes.Cut(text, []byte{'\n'})
	for _, l := range k.lines {
		whole := text
		if l.source.Shape != schema.Regex {
			if whole = bytes.TrimRight(line, "\r"); len(rest) > 0 {
				continue
			}
			if l.header(whole) != nil {
				return l.source
			}
		}
		if l.fits != nil && l.fits(whole) {
			return l.source
		}
	}
	return nil
}

func first(list []*schema.Source) *schema.Source {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// byKeys are the sources that an object with these keys may be a record of:
// those of JSON, and only where there is none, those of another shape of whose
// fields most keys are names.
func (k *Known) byKeys(keys map[string]bool) []*schema.Source {
	var claims []*schema.Source
	for _, p := range k.json {
		if p.Matches(keys) {
			claims = append(claims, p.Source)
		}
	}
	if len(claims) > 0 {
		return claims
	}
	for _, p := range k.flat {
		if p.Matches(keys) && 2*p.Names(keys) >= len(keys) {
			claims = append(claims, p.Source)
		}
	}
	return claims
}

// byLine are the sources one of whose headers or data lines stands among the
// first lines of head that are not blank, and the names in the header.
func (k *Known) byLine(head []byte) (claims []*schema.Source, fields []string) {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	for range 5 {
		line, rest, more := bytes.Cut(head, []byte{'\n'})
		line = bytes.Trim(line, " \t\r")
		for _, l := range k.lines {
			var names []string
			if l.header != nil {
				names = l.header(line)
			}
			if len(line) > 0 && (names != nil || l.fits != nil && l.fits(line)) && !has(claims, l.source) {
				claims = append(claims, l.source)
				fields = names
			}
		}
		if len(claims) > 0 || !more {
			break
		}
		head = rest
	}
	return claims, fields
}

// names joins the names of sources for a message.
func names(list []*schema.Source) string {
	var out []string
	for _, s := range list {
		out = append(out, s.Name)
	}
	return strings.Join(out, " or ")
}
