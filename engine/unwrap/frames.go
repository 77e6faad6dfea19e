package unwrap

import (
	"bytes"
	"errors"
	"fmt"

	"logquarry/engine/decode"
	"logquarry/engine/decode/jsontext"
)

// wholeLen is the longest document that is opened whole, in bytes; of a longer
// one the elements of its array are opened one by one. CloudWatch Logs and
// Firehose hand over at most a few MB at a time; the answers of the AWS CLI have
// no bound.
const wholeLen = 16 << 20

// streamed are the keys of arrays that make answers long.
var streamed = map[string]bool{
	"Events": true, "events": true, "results": true, "Results": true, "Records": true, "records": true, "Messages": true,
	"Findings": true, "findings": true, "configurationItems": true, "logEvents": true,
}

// peek moves to the next byte that is no white space.
func (r *Reader) peek() (byte, bool) {
	for {
		buf := r.in.Bytes()
		r.in.Pos = jsontext.Space(buf, r.in.Pos)
		if r.in.Pos < len(buf) {
			return buf[r.in.Pos], true
		}
		if !r.in.More() {
			return 0, false
		}
	}
}

// object reads the next JSON document, or element of a long array; false at the
// end of the file.
func (r *Reader) object() bool {
	for {
		c, ok := r.peek()
		if !ok {
			if len(r.inArray) > 0 && r.in.Err() == nil {
				r.inArray = nil
				r.reject(r.in.Pos, r.in.Pos, "the file ends before an array of it does")
				return true
			}
			return false
		}
		depth := len(r.inArray)
		switch {
		case c == ',':
			r.in.Pos++
		case r.tail && c == '}':
			r.in.Pos++
			r.tail = false
		case r.lost && depth == 0 && (c == ']' || c == '}'):
			r.in.Pos++ // of what was rejected
		case r.tail:
			if done := r.behind(); done {
				return true
			}
		case c == ']' && depth > 0:
			r.in.Pos++
			r.tail = r.inArray[depth-1] != ""
			r.inArray = r.inArray[:depth-1]
		case c == '[' && (depth == 0 || r.inArray[depth-1] == ""):
			r.in.Pos++
			r.inArray = append(r.inArray, "")
		case c == '{' || depth > 0 && (r.inArray[depth-1] != "" || c == '"'):
			return r.value(c)
		default:
			return r.garbage("text that is no JSON object")
		}
	}
}

// value opens the value at Pos.
func (r *Reader) value(c byte) bool {
	key := ""
	if n := len(r.inArray); n > 0 {
		key = r.inArray[n-1]
	}
	ms := r.opener.list()
	defer func() { r.opener.done(ms) }()
	for {
		buf := r.in.Bytes()
		var end int
		var err error
		if c == '{' {
			ms, end, err = jsontext.Object(ms[:0], buf, r.in.Pos)
		} else {
			end, _, err = jsontext.Skip(buf, r.in.Pos)
		}
		if err == nil {
			p := r.place(r.in.Pos)
			text := buf[r.in.Pos:end]
			r.in.Pos = end
			switch {
			case key != "":
				r.opener.one(p, text, ms, r.from, key, 0)
			case c == '"':
				r.opener.text(p, r.string(text), nil, 0)
			default:
				r.opener.object(p, text, ms, nil, "", 0)
			}
			return true
		}
		size := len(buf) - r.in.Pos
		switch {
		case !errors.Is(err, jsontext.ErrShort):
			if c == '{' && r.salvage() {
				return true
			}
			return r.garbage(r.placed(err))
		case c == '{' && r.o.Most > 0 && len(r.inArray) < 4 && r.telling() && r.enter():
			return true // its first elements are enough
		case c == '{' && size > wholeLen && len(r.inArray) < 4:
			if r.enter() {
				return true // into its array: the elements come next
			}
			if size > decode.MaxRecord {
				return r.garbage(fmt.Sprintf("a document longer than %d MiB", decode.MaxRecord>>20))
			}
		case size > decode.MaxRecord:
			return r.garbage(fmt.Sprintf("an element longer than %d MiB", decode.MaxRecord>>20))
		}
		if !r.in.More() {
			if c == '{' && r.salvage() {
				return true
			}
			reason := "the file ends in the middle of a document"
			if err := r.in.Err(); err != nil {
				r.failed, reason = true, err.Error()
			}
			r.cutOff()
			return r.garbage(reason)
		}
	}
}

// telling reports whether the object at Pos, the end of which has not been read,
// is an envelope, and says what it does of its elements before them.
func (r *Reader) telling() bool {
	ms, _ := membersOf(nil, r.in.Bytes()[r.in.Pos:])
	return isFramed(ms) && (!ms.has("logEvents") || ms.has("logGroup"))
}

// salvage steps into the array of an envelope that is broken or cut off further
// on: what stands whole in it is kept.
func (r *Reader) salvage() bool {
	if len(r.inArray) >= 4 {
		return false
	}
	ms, _ := membersOf(nil, r.in.Bytes()[r.in.Pos:])
	return isEnvelope(ms, r.o.Known) && r.enter()
}

// cutOff opens what there is of base64 that the file ends in.
func (r *Reader) cutOff() {
	text := r.in.Bytes()[r.in.Pos:]
	text = text[bytes.LastIndexByte(text, '"')+1:]
	if isBase64(text) {
		r.opener.encoded(r.place(r.in.Pos), text[:len(text)/4*4], nil, 0)
		if n := len(r.queue) - 1; n >= 0 && r.queue[n].bad != nil {
			r.queue = r.queue[:n] // that it is cut off is told once
		}
	}
}

// placed is a syntax error with its place in the file.
func (r *Reader) placed(err error) string {
	var bad *jsontext.SyntaxError
	if errors.As(err, &bad) {
		return fmt.Sprintf("%s at offset %d", bad.What, r.in.Offset(bad.At))
	}
	return err.Error()
}

// enter steps into the long array of the object at Pos, where it has one.
func (r *Reader) enter() bool {
	buf := r.in.Bytes()
	i := r.in.Pos + 1
	var before members
	for {
		if i = jsontext.Space(buf, i); i < len(buf) && buf[i] == ',' {
			i = jsontext.Space(buf, i+1)
		}
		if i >= len(buf) || buf[i] != '"' {
			return false
		}
		next, _, err := jsontext.Key(buf, i)
		if err != nil {
			return false
		}
		name := string(jsontext.KeyText(buf[i:next]))
		if i = jsontext.Space(buf, next); i < len(buf) && buf[i] == '[' && (streamed[name] || r.opener.containers[name]) {
			switch {
			case name == "logEvents":
				r.subscriptions++
				r.log = logOrigin(before)
				r.from = &r.log
			case isAnswer(before):
				r.log = requestOrigin(before.get(asked))
				r.from = &r.log
			case len(r.inArray) == 0:
				r.from = nil
			}
			r.in.Pos = i + 1
			r.inArray = append(r.inArray, name)
			return true
		}
		from := i
		if i, _, err = jsontext.Skip(buf, i); err != nil {
			return false
		}
		before = append(before, jsontext.Member{Name: []byte(name), Val: buf[from:i]})
	}
}

// behind steps over a member that follows a long array in its object. It
// reports whether something was put into the queue.
func (r *Reader) behind() bool {
	for {
		buf := r.in.Bytes()
		next, _, err := jsontext.Key(buf, r.in.Pos)
		if err == nil {
			if i := jsontext.Space(buf, next); i >= len(buf) {
				err = jsontext.ErrShort
			} else if end, _, serr := jsontext.Skip(buf, i); serr == nil {
				r.in.Pos = end
				return false
			} else {
				err = serr
			}
		}
		switch {
		case !errors.Is(err, jsontext.ErrShort):
			return r.garbage("behind an array: " + r.placed(err))
		case len(buf)-r.in.Pos > decode.MaxRecord:
			return r.garbage(fmt.Sprintf("behind an array: a member longer than %d MiB", decode.MaxRecord>>20))
		case !r.in.More():
			return r.garbage("behind an array: the file ends in the middle of a value")
		}
	}
}

// garbage rejects what begins at Pos and goes on at the next element of the
// array it is in, or document that is an envelope or a record of a known source.
func (r *Reader) garbage(reason string) bool {
	told, key := false, ""
	if n := len(r.inArray); n > 0 && !r.tail {
		key = r.inArray[n-1]
	}
	reject := func(n int) {
		if !told {
			told = true
			r.reject(r.in.Pos, r.in.Pos+n, reason)
		}
		r.in.Pos += n
	}
	from, budget := 1, 16<<20
	for {
		buf := r.in.Bytes()[r.in.Pos:]
		for i := from; i < len(buf) && budget > 0; i++ {
			k := bytes.IndexByte(buf[i:], '{')
			if k < 0 {
				break
			}
			i += k
			ms, whole := membersOf(nil, buf[i:])
			used := len(buf) - i
			if whole {
				used = len(object(buf[i:]))
			}
			budget -= used
			if !whole && !r.in.EOF() && used < wholeLen {
				from = i // more of it must be read
				goto more
			}
			element := whole && isElement(key, ms)
			if element || whole && (isEnvelope(ms, r.o.Known) || r.o.Known.Source(buf[i:i+used], nil) != "") {
				reject(i)
				if !element {
					r.inArray, r.tail, r.lost = nil, false, true
				}
				return true
			}
		}
		from = max(1, len(buf))
	more:
		if len(buf) > decode.MaxRecord {
			reject(len(buf))
			from, budget = 0, 16<<20
			continue
		}
		had := len(buf)
		if !r.in.More() {
			reject(len(r.in.Bytes()) - r.in.Pos)
			r.inArray, r.tail = nil, false
			return true
		}
		budget += 64 * (len(r.in.Bytes()) - r.in.Pos - had)
	}
}

// lineEnd is where the line that begins ahead bytes behind Pos ends, relative to
// Pos and behind its line end; false where the file ends there.
func (r *Reader) lineEnd(ahead int) (int, bool) {
	seen := ahead
	for {
		buf := r.in.Bytes()[r.in.Pos:]
		if k := bytes.IndexByte(buf[seen:], '\n'); k >= 0 {
			return seen + k + 1, true
		}
		if len(buf) > decode.MaxRecord {
			return len(buf), true
		}
		seen = len(buf)
		if !r.in.More() {
			return len(r.in.Bytes()) - r.in.Pos, len(r.in.Bytes())-r.in.Pos > ahead
		}
	}
}

// exported reads the next log event of an export: a line with a time in front
// and those behind it without.
func (r *Reader) exported() bool {
	end, ok := r.lineEnd(0)
	if !ok {
		return false
	}
	for end <= decode.MaxRecord {
		next, more := r.lineEnd(end)
		if !more || exportedLine.Match(bytes.TrimRight(r.in.Bytes()[r.in.Pos+end:r.in.Pos+next], "\r\n")) {
			break
		}
		end = next
	}
	p := r.place(r.in.Pos)
	text := r.in.Bytes()[r.in.Pos : r.in.Pos+end]
	const stamp = len("2026-01-02T03:04:05.678Z")
	switch {
	case r.in.Err() != nil && r.in.Pos+end == len(r.in.Bytes()) && text[len(text)-1] != '\n':
		r.failed = true
		r.reject(r.in.Pos, r.in.Pos+end, r.in.Err().Error())
	case len(bytes.TrimSpace(text)) == 0:
	case !exportedLine.Match(bytes.TrimRight(text, "\r\n")) && !exportedLine.Match(firstLine(text)):
		r.bad(p, text, "lines before any log event of the export")
	default:
		at := r.origin()
		*at = r.base
		at.Time = timeOf(text[:stamp])
		message := bytes.TrimRight(text[stamp:], "\r\n")
		if len(message) > 0 {
			message = message[1:]
		}
		r.opener.text(p, message, at, 0)
	}
	r.in.Pos += end
	return true
}

func firstLine(text []byte) []byte {
	line, _, _ := bytes.Cut(text, []byte{'\n'})
	return bytes.TrimRight(line, "\r")
}

// encoded reads the next line of base64.
func (r *Reader) encoded() bool {
	end, ok := r.lineEnd(0)
	if !ok {
		return false
	}
	// A document may be folded into lines of 76 characters (RFC 2045).
	for folded(r.in.Bytes()[r.in.Pos:r.in.Pos+end]) && end <= decode.MaxRecord {
		next, more := r.lineEnd(end)
		line := bytes.TrimSpace(r.in.Bytes()[r.in.Pos+min(end, next) : r.in.Pos+next])
		if !more || len(line) == 0 || isBase64(line) {
			break
		}
		end = next
	}
	text := r.in.Bytes()[r.in.Pos : r.in.Pos+end]
	p := r.place(r.in.Pos)
	if text = bytes.TrimSpace(text); len(text) > 0 {
		r.opener.encoded(p, bytes.Join(bytes.Fields(text), nil), nil, 0)
	}
	r.in.Pos += end
	return true
}

// folded reports whether the last line of text is as long as folded base64 is.
func folded(text []byte) bool {
	text = bytes.TrimRight(text, "\r\n")
	if k := bytes.LastIndexByte(text, '\n'); k >= 0 {
		text = text[k+1:]
	}
	return len(text) == 76 || len(text) == 64
}
