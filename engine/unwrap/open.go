package unwrap

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"

	"logquarry/engine/decode"
	"logquarry/engine/decode/jsontext"
)

// maxDepth is how many envelopes may lie in one another: SQS of SNS of
// EventBridge of CloudTrail is four.
const maxDepth = 6

// maxPiece is the most that one compressed piece may unpack to, in bytes.
// Kinesis records and Lambda events are at most a few MB.
const maxPiece = 64 << 20

// opener opens envelopes that lie whole in memory, and puts what is in them
// into the reader's queue.
type opener struct {
	r          *Reader
	containers map[string]bool // keys of the sources' own arrays of records
	free       []members
	zip        *gzip.Reader
	owner      string // of the event before
}

// wrappers are the keys of a text that collectors put a record into.
var wrappers = []string{"message", "@message", "_raw", "log", "body"}

// IsEnvelope reports whether text is an object that is an envelope, and no record
// of a known source.
func IsEnvelope(text []byte, known Known) bool {
	ms, whole := membersOf(nil, text)
	return whole && (isFramed(ms) || known.Source(text, nil) == "" && isEnvelope(ms, known))
}

// isEnvelope reports whether an object with these members is an envelope. Values
// may be cut off.
func isEnvelope(ms members, known Known) bool {
	if isFramed(ms) {
		return true
	}
	for _, w := range wrappers {
		switch {
		case ms.isString(w):
			inner := stringOf(nil, ms.get(w))
			if known.Source(inner, nil) != "" || ms.has("@timestamp") && w == "@message" {
				return true
			}
			if text := bytes.TrimSpace(inner); len(text) > 0 && text[0] == '{' {
				if deep, _ := membersOf(nil, text); isEnvelope(deep, known) {
					return true
				}
			}
		case ms.object(w) && (known.Source(ms.get(w), nil) != "" || ms.has("@timestamp") && w == "@message"):
			return true
		}
	}
	return false
}

// isFramed reports whether an object is an envelope by its members alone.
func isFramed(ms members) bool {
	switch {
	case isAnswer(ms), ms.array("logEvents"), ms.has("detail-type") && ms.has("detail"), ms.has("awslogs"), ms.has("invokingEvent"),
		ms.text("Type") == "Notification" && ms.has("Message"):
		return true
	}
	switch {
	case isLookup(ms), isEvent(ms),
		ms.array("Events") && hasElement(ms.get("Events"), isLookup), ms.array("events") && hasElement(ms.get("events"), has("message")),
		ms.array("results") && insights(ms.get("results")), ms.array("Results") && firstIs(ms.get("Results"), '"'),
		ms.array("Records") && hasElement(ms.get("Records"), has("Data", "kinesis", "body", "Sns")),
		ms.array("records") && hasElement(ms.get("records"), has("data")), ms.array("Messages") && hasElement(ms.get("Messages"), has("Body")):
		return true
	}
	return false
}

// isElement reports whether an object is plainly an element of the array under
// key of an envelope.
func isElement(key string, ms members) bool {
	switch key {
	case "logEvents":
		return ms.isString("message") && (ms.has("id") || ms.has("timestamp"))
	case "events":
		return ms.isString("message") && ms.has("timestamp")
	case "Events":
		return isLookup(ms)
	case "Records", "records":
		return ms.isString("Data") || ms.isString("data") || ms.has("kinesis") || ms.isString("body") || ms.has("Sns")
	case "Messages":
		return ms.isString("Body")
	}
	return false
}

// list is an empty list of members, which is given back with done.
func (o *opener) list() members {
	n := len(o.free)
	if n == 0 {
		return nil
	}
	list := o.free[n-1][:0]
	o.free = o.free[:n-1]
	return list
}

func (o *opener) done(ms members) { o.free = append(o.free, ms) }

// members takes the object apart into a list that is given back with done.
func (o *opener) members(text []byte) members {
	ms, _ := membersOf(o.list(), text)
	return ms
}

// object opens one whole JSON object, whose members are ms. key is that of the
// array it is an element of, "" where none. text must stay until the queue is
// empty.
func (o *opener) object(p place, text []byte, ms members, from *decode.Origin, key string, depth int) {
	if depth < maxDepth && (o.element(p, text, ms, from, key, depth) || o.envelope(p, text, ms, from, depth)) {
		return
	}
	own := o.r.o.Known.Object(text, ms)
	if own != "" || depth >= maxDepth {
		o.container(p, text, ms, own, from, depth)
		return
	}
	for _, w := range wrappers {
		if !ms.isString(w) && !ms.object(w) {
			continue
		}
		inner := ms.get(w)
		if inner[0] == '"' {
			inner = o.r.string(inner)
		}
		of := o.r.o.Known.Source(inner, nil)
		if from != nil && from.Log && of != "" && of == o.r.o.Known.Arrived(own, text, from) {
			// Its source takes the whole too, which says more: a container's line
			// without the container around it is worth little.
			continue
		}
		insights := w == "@message" && ms.has("@timestamp")
		if insights && from == nil || of != "" || o.opens(inner) {
			at := o.origin(from, Collector)
			if insights {
				at.Via, at.Log, at.Time = Insights, true, timeOf(ms.get("@timestamp"))
				at.LogStream = ms.text("@logStream")
				at.Owner, at.LogGroup = logOf(ms.text("@log"))
			}
			o.text(p, inner, at, depth+1)
			return
		}
	}
	if len(ms) > 0 && len(ms[0].Name) > 0 && ms[0].Name[0] <= 'Z' {
		if low := lowered(text); o.r.o.Known.Source(low, nil) != "" {
			low = o.r.keep(low)
			inner := o.members(low)
			o.object(p, low, inner, o.origin(from, CLI), "", depth+1)
			o.done(inner)
			return
		}
	}
	o.container(p, text, ms, own, from, depth)
}

// opens reports whether text is an envelope.
func (o *opener) opens(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' {
		return false
	}
	ms := o.members(text)
	defer o.done(ms)
	return isEnvelope(ms, o.r.o.Known)
}

// logOf takes Insights' @log apart: the account, a colon, the log group.
func logOf(text string) (owner, group string) {
	owner, group, ok := strings.Cut(text, ":")
	if !ok {
		return "", text
	}
	return owner, group
}

// container hands over the elements of a source's own array of records one by
// one, or the object itself where it has none; own is the source that its content
// says.
func (o *opener) container(p place, text []byte, ms members, own string, from *decode.Origin, depth int) {
	for i := range ms {
		if val := ms[i].Val; val[0] == '[' && o.containers[string(ms[i].Name)] && firstElement(val) != nil && depth < maxDepth {
			key := string(ms[i].Name)
			o.each(val, func(el []byte, inner members) {
				if el[0] == '{' {
					o.object(p, el, inner, from, key, depth+1)
					return
				}
				o.r.bad(p, el, "an element of "+key+" that is no object")
			})
			return
		}
	}
	o.r.whole(p, text, own, from)
}

// origin is a new origin: what from says, and via where it says nothing.
func (o *opener) origin(from *decode.Origin, via string) *decode.Origin {
	at := o.r.origin()
	if from != nil {
		*at = *from
	}
	if at.Via == "" {
		at.Via = via
	}
	return at
}

// text opens a text that may be JSON, or lines.
func (o *opener) text(p place, text []byte, from *decode.Origin, depth int) {
	trimmed := bytes.TrimSpace(text)
	if len(trimmed) == 0 || trimmed[0] != '{' && trimmed[0] != '[' || depth >= maxDepth {
		o.r.push(p, text, from)
		return
	}
	// Only where all of it is JSON is it taken apart: a line may begin with a
	// bracket for its own reasons.
	if trimmed[0] == '{' {
		ms, end, err := jsontext.Object(o.list(), trimmed, 0)
		defer o.done(ms)
		switch {
		case err != nil:
			o.r.push(p, text, from)
			return
		case end == len(trimmed):
			o.object(p, trimmed, ms, from, "", depth)
			return
		}
	}
	var docs [][]byte
	for i := 0; i < len(trimmed); {
		if c := trimmed[i]; c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',' {
			i++
			continue
		}
		end, _, err := jsontext.Skip(trimmed, i)
		if err != nil || trimmed[i] != '{' && trimmed[i] != '[' {
			o.r.push(p, text, from)
			return
		}
		docs = append(docs, trimmed[i:end])
		i = end
	}
	for _, doc := range docs {
		if doc[0] == '{' {
			ms := o.members(doc)
			o.object(p, doc, ms, from, "", depth)
			o.done(ms)
			continue
		}
		objects := firstElement(doc) != nil
		if !objects {
			o.r.push(p, doc, from)
			continue
		}
		o.each(doc, func(el []byte, ms members) {
			if el[0] == '{' {
				o.object(p, el, ms, from, "", depth)
			} else {
				o.r.push(p, el, from)
			}
		})
	}
}

// encoded opens base64, of gzip or of plain text.
func (o *opener) encoded(p place, text []byte, from *decode.Origin, depth int) {
	text = bytes.TrimSpace(text)
	plain := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(plain, text)
	if err != nil && !zipped(plain[:n]) {
		o.r.bad(p, text, "base64: "+err.Error())
		return
	}
	o.packed(p, plain[:n], from, depth)
}

// packed opens bytes that may be gzip, several times over.
func (o *opener) packed(p place, plain []byte, from *decode.Origin, depth int) {
	for range 4 {
		if !zipped(plain) {
			break
		}
		var err error
		var rest []byte
		if o.zip == nil {
			o.zip = new(gzip.Reader)
		}
		if err = o.zip.Reset(bytes.NewReader(plain)); err == nil {
			var out []byte
			out, err = io.ReadAll(io.LimitReader(o.zip, maxPiece+1))
			if len(out) > maxPiece {
				err = fmt.Errorf("more than %d MiB in one piece", maxPiece>>20)
			}
			if err == nil {
				plain = out
				continue
			}
			rest = out
		}
		o.rest(p, rest)
		o.r.bad(p, plain, "gzip inside base64: "+err.Error())
		return
	}
	// Producers put several lines into one piece.
	if line, more, _ := bytes.Cut(plain, []byte{'\n'}); len(bytes.TrimSpace(more)) > 0 && (from == nil || !from.Log) &&
		o.r.o.Known.Source(plain, nil) == "" && o.r.o.Known.Source(bytes.TrimRight(line, "\r"), nil) != "" {
		for line := range bytes.Lines(plain) {
			o.text(p, line, from, depth)
		}
		return
	}
	o.text(p, plain, from, depth)
}

func zipped(text []byte) bool { return bytes.HasPrefix(text, []byte{0x1f, 0x8b}) }

// rest opens what there is of a piece that is cut off.
func (o *opener) rest(p place, text []byte) {
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || trimmed[0] != '{' {
		return
	}
	in := NewReader(bytes.NewReader(text), Options{Frame: Objects, Known: o.r.o.Known, Sources: o.r.o.Sources})
	for {
		m, source, bad, err := in.Next()
		switch {
		case err != nil:
			return
		case bad == nil:
			m.Text, m.Offset, m.Line = o.r.keep(m.Text), p.offset, p.line
			if from := m.Origin; from != nil {
				m.Origin = o.origin(from, "")
				m.Origin.ID = o.r.keep(from.ID)
			}
			o.r.queue = append(o.r.queue, item{m: m, source: source})
		}
	}
}

// account is the text of the account of an event, which is mostly that of the
// event before.
func (o *opener) account(ms members) string {
	if text := o.r.text(ms, "account"); string(text) != o.owner {
		o.owner = string(text)
	}
	return o.owner
}

// text is that of a member that is a string, empty elsewhere. It stays until the
// queue is empty.
func (r *Reader) text(ms members, name string) []byte {
	if !ms.isString(name) {
		return nil
	}
	return r.string(ms.get(name))
}

// string is the text of a JSON string, which stays until the queue is empty.
func (r *Reader) string(val []byte) []byte {
	if len(val) >= 2 && val[0] == '"' && bytes.IndexByte(val, '\\') < 0 {
		return val[1 : len(val)-1]
	}
	from := len(r.arena)
	r.arena = stringOf(r.arena, val)
	return r.arena[from:len(r.arena):len(r.arena)]
}
