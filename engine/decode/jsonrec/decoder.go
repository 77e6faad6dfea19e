package jsonrec

import (
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/decode/jsontext"
	"logquarry/engine/schema"
)

// place is where in a document the decoder stands.
type place int

const (
	between place = iota // documents, at the top level
	inArray              // elements of an array of records
	inTail               // members of a container behind its array
)

// frame is a place, and for the places in or behind an array of records
// whether a container object holds it.
type frame struct {
	at       place
	contains bool
}

// maxOuter is how many arrays and containers of records may lie in one another.
const maxOuter = 16

// Decoder is a [decode.Decoder] of JSON records.
type Decoder struct {
	plan *Plan
	// Siblings are the plans of other sources whose records may stand in the
	// same file. Their records are counted, not rejected.
	siblings []*Plan
	keep     decode.Keep
	// Envelope reports whether an object that is no record of the plan's holds
	// records in an envelope, which Inner then decodes: what lies in a file as
	// it is and what arrived in envelopes can stand in one. Inner nil: no object
	// is one.
	Envelope func(text []byte) bool
	Inner    decode.Decoder
	// Again says that the file is read once more, for its records of another
	// source than its own: what cannot be read has been told.
	Again bool

	inner bool // Inner is in an envelope
	in    decode.Input
	t     *decode.Tally
	frame         // where the decoder stands now
	outer []frame // and in what that lies, outermost first
	lost  bool    // a reject may have taken opening brackets with it
	told  bool    // a reject says why reading stopped

	// State of the record being decoded.
	b      *batch.Batch
	seen   uint64
	extra  []byte
	misfit string
	text   []byte
	items  []byte
	lists  []byte
	fields []member
	parts  [][]byte // of the plan's joins
}

// NewDecoder makes a decoder by plan. keep may be nil.
func NewDecoder(plan *Plan, siblings []*Plan, keep decode.Keep) *Decoder {
	return &Decoder{plan: plan, siblings: siblings, keep: keep}
}

// Reset implements [decode.Decoder].
func (d *Decoder) Reset(r io.Reader, t *decode.Tally) {
	d.in.Reset(r)
	d.t = t
	d.lost, d.told, d.inner = false, false, false
	if d.Inner != nil {
		d.Inner.Begin(t)
	}
	d.top()
}

// Begin implements [decode.Decoder].
func (d *Decoder) Begin(t *decode.Tally) {
	d.t = t
	d.Message(decode.Message{})
}

// Message implements [decode.Decoder].
func (d *Decoder) Message(m decode.Message) {
	d.in.Message(m)
	d.t.Origin = m.Origin
	d.lost, d.told = false, false
	d.top()
}

// top says that the decoder stands outside of all documents.
func (d *Decoder) top() { d.frame, d.outer = frame{}, d.outer[:0] }

// enter steps into an array of records, whose first element is at Pos.
func (d *Decoder) enter(contains bool) {
	d.outer = append(d.outer, d.frame)
	d.frame = frame{inArray, contains}
}

// leave steps out of a bare array or a container.
func (d *Decoder) leave() {
	last := len(d.outer) - 1
	if last < 0 { // it began in text that was rejected
		d.top()
		return
	}
	d.frame, d.outer = d.outer[last], d.outer[:last]
}

// Fill implements [decode.Decoder].
func (d *Decoder) Fill(b *batch.Batch) (bool, error) {
	d.b = b
	for !b.Full() {
		if d.inner {
			if done, _ := d.Inner.Fill(b); !done {
				return false, nil
			}
			d.inner = false
			continue
		}
		if _, _, ok := d.next(); !ok {
			d.t.Bytes = d.in.Offset(d.in.Pos)
			return true, d.in.Err()
		}
	}
	return false, nil
}

// Record implements [decode.Decoder].
func (d *Decoder) Record(recordNo int64) ([]byte, error) {
	b := batch.New(decode.Types(d.plan.Source))
	d.b = b
	for {
		before := d.t.Number
		start, end, ok := d.next()
		if !ok {
			if err := d.in.Err(); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
		if d.t.Number == recordNo && before != recordNo {
			return d.in.Bytes()[start:end], nil
		}
		if d.inner {
			d.inner = false
			raw, err := d.Inner.Record(recordNo)
			if err != io.EOF {
				return raw, err
			}
		}
		b.Reset()
	}
}

// next takes one step: past a record, or past what stands between records. It
// returns the bytes of a record in the window, and false at the end.
func (d *Decoder) next() (start, end int, ok bool) {
	c, ok := d.peek()
	if !ok {
		d.ended()
		return 0, 0, false
	}
	switch d.at {
	case between:
		switch c {
		case '{':
			if pos, isContainer := d.container(); isContainer {
				d.in.Pos = pos
				d.enter(true)
				return 0, 0, true
			}
			return d.record()
		case '[':
			d.in.Pos++
			d.enter(false)
		case ',':
			d.in.Pos++
		default:
			if d.lost && (c == ']' || c == '}') {
				d.in.Pos++ // of what was rejected
				break
			}
			return d.garbage("text that is no JSON object")
		}
	case inArray:
		switch c {
		case '{':
			return d.record()
		case ',':
			d.in.Pos++
		case ']':
			d.in.Pos++
			if d.contains {
				d.at = inTail
			} else {
				d.leave()
			}
		default:
			return d.element()
		}
	case inTail:
		return d.tail(c)
	}
	return 0, 0, true
}

// peek moves to the next byte that is no white space.
func (d *Decoder) peek() (byte, bool) {
	for {
		buf := d.in.Bytes()
		d.in.Pos = jsontext.Space(buf, d.in.Pos)
		if d.in.Pos < len(buf) {
			return buf[d.in.Pos], true
		}
		if !d.in.More() {
			return 0, false
		}
	}
}

// ended accounts for what a file that ends early has lost.
func (d *Decoder) ended() {
	reason := ""
	switch err := d.in.Err(); {
	case err != nil && !d.told:
		reason = err.Error()
	case err != nil:
	case d.at == inArray:
		reason = "the file ends before its array of records does"
	case d.at == inTail:
		reason = "the file ends behind its array of records, before the object around it does"
	}
	if reason == "" {
		return
	}
	d.told = true
	d.top()
	d.reject(d.in.Pos, d.in.Pos, reason)
}

// short is why a value is cut off: reading failed, or the file just ends.
func (d *Decoder) short(err error) string {
	if e := d.in.Err(); e != nil {
		d.told = true
		return e.Error()
	}
	return err.Error()
}

// tooLong is the reason of a reject that is longer than any record may be.
func tooLong() string { return fmt.Sprintf("a record longer than %d MiB", decode.MaxRecord>>20) }

// reject records the bytes from start to end of the window as unreadable.
func (d *Decoder) reject(start, end int, reason string) {
	d.t.Number++
	if d.Again {
		return
	}
	d.t.Reject(decode.Reject{
		RecordNo: d.t.Number,
		Line:     d.in.Line(start),
		Offset:   d.in.Offset(start),
		Reason:   reason,
		Raw:      d.in.Bytes()[start:min(end, start+decode.RawLimit)],
	})
}

// container reports whether the object at Pos holds an array of records, and
// where its first element may begin.
func (d *Decoder) container() (int, bool) {
	if len(d.plan.records) == 0 {
		return 0, false
	}
	for {
		pos, is, err := findArray(d.in.Bytes(), d.in.Pos, d.plan)
		if !errors.Is(err, jsontext.ErrShort) || len(d.in.Bytes())-d.in.Pos > decode.MaxRecord || !d.in.More() {
			return pos, is && err == nil
		}
	}
}

// findArray looks through the members of the object at b[i] for an array under
// one of the plan's keys.
func findArray(b []byte, i int, p *Plan) (int, bool, error) {
	first := true
	i++
	for {
		if i = jsontext.Space(b, i); i >= len(b) {
			return i, false, jsontext.ErrShort
		}
		switch {
		case b[i] == '}':
			return i, false, nil
		case b[i] == ',' && !first:
			i = jsontext.Space(b, i+1)
		}
		if i >= len(b) {
			return i, false, jsontext.ErrShort
		}
		start := i
		next, _, err := jsontext.Key(b, i)
		if err != nil {
			return i, false, err
		}
		name := jsontext.KeyText(b[start:next])
		if i = jsontext.Space(b, next); i >= len(b) {
			return i, false, jsontext.ErrShort
		}
		if b[i] == '[' {
			for _, r := range p.records {
				if r == string(name) {
					return i + 1, true, nil
				}
			}
		}
		// A record's own first key settles it without a look at the rest.
		if k := p.root.member(name); k >= 0 && first && p.root.kids[k].col >= 0 {
			return i, false, nil
		}
		if i, _, err = jsontext.Skip(b, i); err != nil {
			return i, false, err
		}
		first = false
	}
}

// element rejects an element that is no object.
func (d *Decoder) element() (int, int, bool) {
	for {
		buf := d.in.Bytes()
		end, _, err := jsontext.Skip(buf, d.in.Pos)
		switch {
		case err == nil:
			start := d.in.Pos
			d.reject(start, end, "a record that is "+kind(buf[start])+", not an object")
			d.in.Pos = end
			return start, end, true
		case !errors.Is(err, jsontext.ErrShort):
			return d.garbage(err.Error())
		case len(buf)-d.in.Pos >= decode.MaxRecord:
			return d.garbage(tooLong())
		case !d.in.More():
			return d.garbage(d.short(err))
		}
	}
}

func kind(c byte) string {
	switch c {
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	case '[':
		return "an array"
	case '{':
		return "an object"
	}
	return "a number"
}

// tail steps through what follows the array in its container.
func (d *Decoder) tail(c byte) (int, int, bool) {
	switch c {
	case '}':
		d.in.Pos++
		d.leave()
		return 0, 0, true
	case ',':
		d.in.Pos++
		return 0, 0, true
	}
	for {
		buf := d.in.Bytes()
		i, _, err := jsontext.Key(buf, d.in.Pos)
		if err == nil {
			name := jsontext.KeyText(buf[d.in.Pos:i])
			if i = jsontext.Space(buf, i); i < len(buf) && buf[i] == '[' {
				for _, r := range d.plan.records {
					if r == string(name) {
						d.in.Pos, d.at = i+1, inArray
						return 0, 0, true
					}
				}
			}
			if i >= len(buf) {
				err = jsontext.ErrShort
			} else if i, _, err = jsontext.Skip(buf, i); err == nil {
				d.in.Pos = i
				return 0, 0, true
			}
		}
		const where = "behind the array of records: "
		switch {
		case !errors.Is(err, jsontext.ErrShort):
			return d.garbage(where + err.Error())
		case len(buf)-d.in.Pos > decode.MaxRecord:
			return d.garbage(where + tooLong())
		case !d.in.More():
			return d.garbage(where + d.short(err))
		}
	}
}

// record decodes the object at Pos into the current row and finishes it.
func (d *Decoder) record() (int, int, bool) {
	for {
		d.seen, d.extra, d.misfit = 0, d.extra[:0], ""
		for k := range d.parts {
			d.parts[k] = d.parts[k][:0]
		}
		buf := d.in.Bytes()
		end, err := d.object(buf, d.in.Pos, &d.plan.root)
		if err == nil {
			start := d.in.Pos
			d.in.Pos = end
			d.finish(start, end)
			return start, end, true
		}
		d.b.Drop()
		var bad *jsontext.SyntaxError
		switch {
		case errors.As(err, &bad):
			return d.garbage(fmt.Sprintf("%s at offset %d", bad.What, d.in.Offset(bad.At)))
		case len(buf)-d.in.Pos >= decode.MaxRecord:
			return d.garbage(tooLong())
		case !d.in.More():
			return d.garbage(d.short(err))
		}
	}
}

// finish settles what a decoded object is: a row, another source's, or none.
func (d *Decoder) finish(start, end int) {
	if !d.own(start, end) {
		d.b.Drop()
		if d.inner {
			d.Inner.Message(decode.Message{Text: d.in.Bytes()[start:end], Offset: d.in.Offset(start), Line: d.in.Line(start)})
			return
		}
		if name := d.foreign(start); name != "" {
			d.t.Number++
			if d.t.Foreign == nil {
				d.t.Foreign = make(map[string]int64)
			}
			d.t.Foreign[name]++
			return
		}
		// A container that begins like a record, or lies in an array.
		if len(d.plan.records) > 0 && len(d.outer) < maxOuter {
			if pos, is, err := findArray(d.in.Bytes(), start, &Plan{records: d.plan.records}); is && err == nil {
				d.in.Pos = pos
				d.enter(true)
				return
			}
		}
		d.reject(start, end, "an object that is no "+d.plan.Source.Name+" record: "+d.lacks())
		return
	}
	d.t.Number++
	if len(d.plan.joins) > 0 {
		d.join()
	}
	if d.plan.message >= 0 || d.plan.whole >= 0 {
		d.entire(d.in.Bytes()[start:end])
	}
	if len(d.extra) > 0 {
		d.extra = append(d.extra, '}')
		d.b.SetText(d.plan.layout.Extra, d.extra)
	}
	if d.misfit != "" {
		d.t.Repair(d.t.Number, d.misfit)
	}
	d.plan.layout.Finish(d.b, d.t, d.keep, d.t.Number)
}

// own reports whether the object from start to end is a record of the plan's, as
// it lies there; where it is none, whether it is an envelope.
func (d *Decoder) own(start, end int) bool {
	own := d.plan.selects(d.seen)
	if d.Again {
		// As when the file was read first: there objects were those of JSON
		// sources, and an envelope never a record.
		own = own && d.plan.Source.Shape == schema.JSON
	} else if own {
		return true
	}
	d.inner = d.Inner != nil && d.Envelope(d.in.Bytes()[start:end])
	return own && !d.inner
}

// entire gives the columns of a record's whole text.
func (d *Decoder) entire(text []byte) {
	if d.in.Dirty && !utf8.Valid(text) {
		text = jsontext.Repair(nil, text)
	}
	if d.plan.message >= 0 {
		d.b.SetText(d.plan.message, text)
	}
	if d.plan.whole >= 0 {
		d.b.SetText(d.plan.whole, text)
	}
}

// foreign is the name of the sibling source the record at b[start] is of.
func (d *Decoder) foreign(start int) string {
	if len(d.siblings) == 0 {
		return ""
	}
	keys := topKeys(d.in.Bytes(), start)
	for _, p := range d.siblings {
		if p.Matches(keys) {
			return p.Source.Name
		}
	}
	return ""
}

func (d *Decoder) lacks() string {
	r := d.plan.Source.Recognise
	for _, k := range r.All {
		if i := d.plan.root.index[k]; d.seen&d.plan.root.kids[i].bit == 0 {
			return "it has no " + k
		}
	}
	for _, k := range r.None {
		if i := d.plan.root.index[k]; d.seen&d.plan.root.kids[i].bit != 0 {
			return "it has " + k
		}
	}
	return fmt.Sprintf("it has none of %v", r.Any)
}
