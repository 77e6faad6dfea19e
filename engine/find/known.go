package find

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"logquarry/engine/decode"
	"logquarry/engine/decode/delimited"
	"logquarry/engine/decode/jsonrec"
	"logquarry/engine/decode/jsontext"
	"logquarry/engine/decode/regex"
	"logquarry/engine/schema"
)

// Known tells the source of records by their content. It is read-only and may
// serve any number of goroutines.
type Known struct {
	json     []*jsonrec.Plan // of the JSON sources
	flat     []*jsonrec.Plan // of the others, as JSON objects
	lines    []*lines
	starts   [256][]*lines // those that may fit a text by its first byte
	records  []string      // keys that hold arrays of records
	groups   []group
	catchAll *schema.Source // of CloudWatch Logs

	memos    sync.Pool // of *memo
	remember int       // at most so many lists of keys a memo
}

// memo remembers the sources of objects by their keys: the messages of a file
// have few kinds of them. One goroutine uses it at a time.
type memo struct {
	members []jsontext.Member         // of the object at hand
	keys    []byte                    // their names
	sources map[string]*schema.Source // nil where none takes such an object

	logGroup string         // asked about last
	of       *schema.Source // nil: its name tells none
}

// maxMemo and maxKeys are how many lists of keys are remembered, and how long one
// may be in bytes: logs have a few dozen short ones, but what a file says has no
// bound.
const (
	maxMemo = 4096
	maxKeys = 4096
)

// lines is how a source of lines is known.
type lines struct {
	source *schema.Source
	header func(line []byte) []string // nil: it has no header
	fits   func(text []byte) bool     // nil: only by its header
	loose  func(text []byte) bool     // of what looks like JSON and is none; nil: not
	starts []func(c byte) bool        // whether a text that begins with c may be one of these
}

func (l *lines) fit(text []byte) bool { return l.fits != nil && l.fits(text) }

// group is a log group whose messages are of a source.
type group struct {
	re     *regexp.Regexp
	source *schema.Source
}

// NewKnown prepares to tell records of the given sources.
func NewKnown(sources []*schema.Source) (*Known, error) {
	k := &Known{remember: maxMemo}
	k.memos.New = func() any { return &memo{sources: map[string]*schema.Source{}} }
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
		m, err := regex.NewMatcher(s.Recognise.Line)
		if err != nil {
			return fmt.Errorf("%s: recognise.line: %w", s.Name, err)
		}
		l.fits, l.starts = m.Match, append(l.starts, m.Starts)
	}
	switch s.Shape {
	case schema.JSON:
		return nil
	case schema.Regex:
		p, err := regex.NewPlan(s)
		if err != nil {
			return err
		}
		l.fits, l.starts = p.Fits, []func(byte) bool{p.Starts}
		if len(s.Recognise.All)+len(s.Recognise.Any) > 0 {
			l.loose, l.starts = p.FitsLoosely, append(l.starts, func(c byte) bool { return c == '{' })
		}
	default:
		p, err := delimited.NewPlan(s)
		if err != nil {
			return err
		}
		l.header, l.starts = p.Header, append(l.starts, p.Starts)
	}
	k.lines = append(k.lines, l)
	for c := range k.starts {
		if slices.ContainsFunc(l.starts, func(may func(byte) bool) bool { return may(byte(c)) }) {
			k.starts[c] = append(k.starts[c], l)
		}
	}
	return nil
}

// Source is the name of the source that takes a message: by its content, then
// by its log group; for a message of CloudWatch Logs the one that takes all.
// "" where none does. It implements unwrap.Known.
func (k *Known) Source(text []byte, o *decode.Origin) string {
	log := o != nil && o.Log && k.catchAll != nil
	if s := k.of(text, nil, log); s != nil {
		return s.Name
	}
	return k.byOrigin(text, o)
}

// Object is Source of an object with the members ms by its content alone. It
// implements unwrap.Known.
func (k *Known) Object(text []byte, ms []jsontext.Member) string {
	if s := k.of(text, ms, false); s != nil {
		return s.Name
	}
	return ""
}

// Arrived is Source of a message whose content alone says own. It implements
// unwrap.Known.
func (k *Known) Arrived(own string, text []byte, o *decode.Origin) string {
	switch {
	case own == "":
		return k.byOrigin(text, o)
	case o != nil && o.Log && k.catchAll != nil && own == k.catchAll.Name:
		return k.Source(text, o) // whose own word counts last
	}
	return own
}

// byOrigin is the source of a message whose content tells none.
func (k *Known) byOrigin(text []byte, o *decode.Origin) string {
	if o == nil {
		return ""
	}
	log := o.Log && k.catchAll != nil
	if s := k.ofGroup(o.LogGroup); s != nil && !(log && k.takes(k.catchAll, text)) {
		return s.Name
	}
	if log {
		return k.catchAll.Name
	}
	return ""
}

// ofGroup is the source that a log group's name tells; nil where it tells none.
func (k *Known) ofGroup(logGroup string) *schema.Source {
	if logGroup == "" {
		return nil
	}
	m := k.memos.Get().(*memo)
	defer k.memos.Put(m)
	if m.logGroup != logGroup {
		m.logGroup, m.of = logGroup, nil
		if i := slices.IndexFunc(k.groups, func(g group) bool { return g.re.MatchString(logGroup) }); i >= 0 {
			m.of = k.groups[i].source
		}
	}
	return m.of
}

// takes reports whether text looks like a line of the source.
func (k *Known) takes(s *schema.Source, text []byte) bool {
	return slices.ContainsFunc(k.lines, func(l *lines) bool { return l.source == s && l.fit(bytes.TrimSpace(text)) })
}

// of is the source of one record; nil where none knows it. Where log is set,
// the source that takes all messages is none of them: it need not be asked. ms
// are the members of text where it is an object and they are known.
func (k *Known) of(text []byte, ms []jsontext.Member, log bool) *schema.Source {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil
	}
	object := false
	if text[0] == '{' || text[0] == '[' {
		var s *schema.Source
		if s, object = k.ofObject(text, ms); s != nil {
			return s
		}
	}
	// A record of lines is one line; several in a message are something else.
	line, rest, _ := bytes.Cut(text, []byte{'\n'})
	for _, l := range k.starts[text[0]] {
		if log && l.source == k.catchAll {
			continue
		}
		whole := text
		if l.source.Shape != schema.Regex {
			if whole = bytes.TrimRight(line, "\r"); len(rest) > 0 {
				continue
			}
			if l.header(whole) != nil {
				return l.source
			}
		}
		if l.fit(whole) || !object && l.loose != nil && l.loose(whole) {
			return l.source
		}
	}
	return nil
}

// ofObject is the source of a record that looks like JSON, and whether it is one
// whole object.
func (k *Known) ofObject(text []byte, ms []jsontext.Member) (s *schema.Source, object bool) {
	m := k.memos.Get().(*memo)
	defer k.memos.Put(m)
	whole := ms != nil
	if !whole && text[0] == '{' {
		var end int
		var err error
		m.members, end, err = jsontext.Object(m.members[:0], text, 0)
		ms, whole = m.members, err == nil && end == len(text)
	}
	if m.keys, object = jsonrec.Keys(m.keys[:0], ms, k.records); !whole {
		object = false
	}
	if object {
		if s, ok := m.sources[string(m.keys)]; ok {
			return s, true
		}
	}
	for _, keys := range jsonrec.Peek(text, k.records, 1) {
		s = first(k.byKeys(keys))
	}
	if object && len(m.sources) < k.remember && len(m.keys) <= maxKeys {
		m.sources[string(m.keys)] = s
	}
	return s, object
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
			if len(line) > 0 && (names != nil || l.fit(line) || l.loose != nil && l.loose(line)) && !has(claims, l.source) {
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
