package unwrap

import (
	"bytes"
	"slices"
	"strings"

	"logquarry/engine/decode"
	"logquarry/engine/decode/csvtext"
	"logquarry/engine/decode/jsontext"
	"logquarry/engine/schema"
)

// table is a file of comma-separated results: what its columns are.
type table struct {
	source  string   // "" for Logs Insights, whose messages tell their own
	names   []string // of the header, as they stand
	targets []string // of the source's fields, dotted; "" for none
	literal bool     // targets are names, not paths
	event   int      // the column that holds the whole record; -1
	keys    map[string]string
}

// newTable reads a header line; nil where it is that of no results known.
func newTable(header []byte, known Known, sources []*schema.Source) *table {
	var names []string
	for _, f := range csvtext.Split(nil, header, ',') {
		names = append(names, strings.TrimSpace(string(f.Text)))
	}
	if len(names) < 2 && plainName(names[0]) != "message" {
		return nil
	}
	t := &table{names: names, targets: make([]string, len(names)), event: -1}
	if slices.Contains(names, "@message") {
		return t
	}
	if t.console() {
		return t
	}
	best := 0
	for _, s := range sources {
		// A source of CSV reads its own files.
		if s.Shape == schema.CSV {
			continue
		}
		fields := fieldsOf(s)
		targets := make([]string, len(names))
		n, event := 0, -1
		for i, name := range names {
			if targets[i] = fields[plainName(name)]; targets[i] != "" {
				n++
			}
			if plainName(name) == "eventjson" {
				event = i
			}
		}
		if event >= 0 && s.Name == "cloudtrail" || 10*n >= 6*len(names) && n > best && recognised(s, targets) {
			best, t.source, t.targets, t.event, t.literal = n, s.Name, targets, event, s.Shape != schema.JSON
			t.keys = fields
		}
	}
	if t.source == "" {
		return nil
	}
	return t
}

// plainName is a name without what its writers differ in.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' || r == ' ' || r == '(' || r == ')' {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// fieldsOf are the places in a record of s by the plain names people give them:
// the fields' own, those of objects around them, and the columns'.
func fieldsOf(s *schema.Source) map[string]string {
	out := map[string]string{}
	put := func(name, target string) {
		if key := plainName(name); out[key] == "" {
			out[key] = target
		}
	}
	for _, c := range s.Columns {
		for _, from := range append([]string{c.From}, c.Also...) {
			if schema.IsArrival(from) || strings.ContainsAny(from, "[") {
				continue
			}
			put(from, from)
			if date, clock, two := strings.Cut(from, " "); two {
				put(date, date)
				put(clock, clock)
			}
			if s.Shape == schema.JSON {
				for at, r := range from {
					if r == '.' {
						put(from[:at], from[:at])
						put(from[strings.LastIndexByte(from[:at], '.')+1:at], from[:at])
					}
				}
				// Struct cells name their members alone.
				put(from[strings.LastIndexByte(from, '.')+1:], from)
			}
		}
	}
	for _, c := range s.Columns {
		if !schema.IsArrival(c.From) && !strings.ContainsAny(c.From, "[") {
			put(c.Name, c.From)
		}
	}
	return out
}

// recognised reports whether a record with these members is one of s.
func recognised(s *schema.Source, targets []string) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(targets, func(t string) bool {
			top, _, _ := strings.Cut(t, ".")
			return t == name || s.Shape == schema.JSON && top == name
		})
	}
	for _, name := range s.Recognise.All {
		if !has(name) {
			return false
		}
	}
	if slices.ContainsFunc(s.Recognise.None, has) {
		return false
	}
	return len(s.Recognise.Any) == 0 && len(s.Recognise.All) > 0 || slices.ContainsFunc(s.Recognise.Any, has)
}

// console takes the columns of CloudTrail's event history as the console
// downloads it.
func (t *table) console() bool {
	places := map[string]string{
		"eventname": "eventName", "eventid": "eventID", "eventtime": "eventTime", "username": "userIdentity.userName",
		"eventsource": "eventSource", "awsaccesskey": "userIdentity.accessKeyId", "awsregion": "awsRegion",
		"sourceipaddress": "sourceIPAddress", "useragent": "userAgent", "errorcode": "errorCode", "readonly": "readOnly",
		"requestid": "requestID", "resourcetype": "resourceType", "resourcename": "resourceName", "resources": "resources",
	}
	spaced := 0
	for i, name := range t.names {
		if t.targets[i] = places[plainName(name)]; t.targets[i] != "" && strings.ContainsAny(name, " -") {
			spaced++
		}
	}
	if spaced < 4 || !slices.Contains(t.targets, "eventName") || !slices.Contains(t.targets, "eventID") {
		t.targets = make([]string, len(t.names))
		return false
	}
	t.source = "cloudtrail"
	return true
}

// row reads the next record of a table.
func (r *Reader) row() bool {
	if !r.begun {
		r.begun = true
		end, ok := r.lineEnd(0)
		if !ok {
			return false
		}
		r.table = newTable(bytes.TrimRight(r.in.Bytes()[r.in.Pos:r.in.Pos+end], "\r\n"), r.o.Known, r.o.Sources)
		r.in.Pos += end
		if r.table == nil {
			r.reject(r.in.Pos-end, r.in.Pos, "a header line that names no results")
			return true
		}
	}
	// A field in quotes may hold line ends.
	end, quotes := 0, 0
	for {
		next, ok := r.lineEnd(end)
		if !ok && end == 0 {
			return false
		}
		quotes += bytes.Count(r.in.Bytes()[r.in.Pos+end:r.in.Pos+next], []byte{'"'})
		end = next
		if quotes%2 == 0 {
			break
		}
		if !ok || end > decode.MaxRecord {
			first := bytes.IndexByte(r.in.Bytes()[r.in.Pos:], '\n') + 1
			if first == 0 {
				first = end
			}
			r.reject(r.in.Pos, r.in.Pos+first, "a field in quotes that does not end")
			r.in.Pos += first
			return true
		}
	}
	p := r.place(r.in.Pos)
	text := bytes.TrimRight(r.in.Bytes()[r.in.Pos:r.in.Pos+end], "\r\n")
	switch {
	case r.in.Err() != nil && r.in.Pos+end == len(r.in.Bytes()):
		r.failed = true
		r.reject(r.in.Pos, r.in.Pos+end, r.in.Err().Error())
	case r.table == nil:
		r.bad(p, text, "a record below a header line that names no results")
	case len(text) > 0:
		r.cells(p, text)
	}
	r.in.Pos += end
	return true
}

// cells makes a message of one record.
func (r *Reader) cells(p place, text []byte) {
	t := r.table
	cells := csvtext.Split(nil, text, ',')
	if len(cells) != len(t.names) {
		r.bad(p, text, "a record of other width than the header line")
		return
	}
	if t.source == "" {
		r.logEvent(p, cells)
		return
	}
	at := &decode.Origin{Via: Results}
	if t.event >= 0 {
		if doc := bytes.TrimSpace(cells[t.event].Text); len(doc) > 0 && doc[0] == '{' && jsontext.Valid(doc) {
			r.opener.text(p, r.keep(doc), at, 1)
			return
		}
	}
	var root node
	for i, c := range cells {
		if len(c.Text) == 0 && !c.Quoted {
			continue
		}
		name := t.targets[i]
		steps := []string{name}
		switch {
		case name == "":
			steps = []string{t.names[i]}
		case !t.literal:
			steps = strings.Split(name, ".")
		}
		root.set(steps, t.value(c.Text))
	}
	root.resources()
	doc := r.keep(root.append(nil))
	r.queue = append(r.queue, item{m: decode.Message{Text: doc, Offset: p.offset, Line: p.line, Origin: at}, source: t.source})
}

// logEvent makes a message of a record of Logs Insights.
func (r *Reader) logEvent(p place, cells []csvtext.Field) {
	at := &decode.Origin{Via: Insights, Log: true}
	var message []byte
	for i, c := range cells {
		switch r.table.names[i] {
		case "@message":
			message = r.keep(c.Text)
		case "@timestamp":
			if us, ok := decode.When(c.Text); ok {
				at.Time = us
			}
		case "@logStream":
			at.LogStream = string(c.Text)
		case "@log":
			at.Owner, at.LogGroup = logOf(string(c.Text))
		}
	}
	r.opener.text(p, message, at, 0)
}
