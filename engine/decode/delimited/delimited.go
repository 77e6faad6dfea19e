package delimited

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/decode/csvtext"
	"logquarry/engine/schema"
)

// Decoder is a [decode.Decoder] of delimited lines.
type Decoder struct {
	plan *Plan
	keep decode.Keep

	in     decode.Input
	after  int // where the next line begins in the window
	t      *decode.Tally
	order  []decode.Field
	header bool // order is from a line of the file
	cells  decode.Cells
	split  []field
}

// NewDecoder makes a decoder by plan. keep may be nil.
func NewDecoder(plan *Plan, keep decode.Keep) *Decoder {
	return &Decoder{plan: plan, keep: keep, cells: decode.Cells{Fields: plan.fields}}
}

// Reset implements [decode.Decoder].
func (d *Decoder) Reset(r io.Reader, t *decode.Tally) {
	d.in.Reset(r)
	d.t, d.order, d.header = t, d.plan.order, false
}

// Begin implements [decode.Decoder].
func (d *Decoder) Begin(t *decode.Tally) {
	d.t, d.order, d.header = t, d.plan.order, false
	d.Message(decode.Message{})
}

// Message implements [decode.Decoder].
func (d *Decoder) Message(m decode.Message) {
	d.in.Message(m)
	d.t.Origin = m.Origin
}

// Fill implements [decode.Decoder].
func (d *Decoder) Fill(b *batch.Batch) (bool, error) {
	for !b.Full() {
		line, ok := d.line()
		if !ok {
			d.t.Bytes = d.in.Offset(d.in.Pos)
			return true, d.in.Err()
		}
		if line != nil {
			d.row(b, line)
		}
		d.next()
	}
	return false, nil
}

// Record implements [decode.Decoder].
func (d *Decoder) Record(recordNo int64) ([]byte, error) {
	b := batch.New(decode.Types(d.plan.Source))
	for {
		line, ok := d.line()
		if !ok {
			if err := d.in.Err(); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
		if line != nil {
			before := d.t.Number
			d.row(b, line)
			b.Reset()
			if d.t.Number == recordNo && before != recordNo {
				return line, nil
			}
		}
		d.next()
	}
}

// line is the line at Pos without its end, nil for one that is blank or was
// rejected; false at the end of the file. next moves past it.
func (d *Decoder) line() ([]byte, bool) {
	from, quotes := d.in.Pos, 0
	for {
		buf := d.in.Bytes()
		k := bytes.IndexByte(buf[from:], '\n')
		if k >= 0 && d.plan.Source.Shape == schema.CSV {
			if quotes += bytes.Count(buf[from:from+k], []byte{'"'}); quotes%2 == 1 && len(buf)-d.in.Pos <= decode.MaxRecord {
				from += k + 1 // the line end stands in quotes
				continue
			}
		}
		if k >= 0 && quotes%2 == 0 {
			d.after = from + k + 1
			return d.trim(buf[d.in.Pos : from+k]), true
		}
		if len(buf)-d.in.Pos > decode.MaxRecord {
			if d.unclosed(quotes) {
				return nil, true
			}
			d.reject(buf[d.in.Pos:], fmt.Sprintf("a line longer than %d MiB", decode.MaxRecord>>20))
			d.skipLine()
			return nil, true
		}
		if k < 0 && d.plan.Source.Shape == schema.CSV {
			quotes += bytes.Count(buf[from:], []byte{'"'})
		}
		seen := len(buf) - d.in.Pos
		if !d.in.More() {
			if d.in.Err() == nil && d.unclosed(quotes) {
				return nil, true
			}
			d.after = len(d.in.Bytes())
			return d.last()
		}
		from = d.in.Pos + seen
	}
}

// unclosed rejects the first line of what looks like one record of many lines,
// because its quotes do not close: that line is lost, not the rest of the file.
func (d *Decoder) unclosed(quotes int) bool {
	rest := d.in.Bytes()[d.in.Pos:]
	end := bytes.IndexByte(rest, '\n')
	if d.plan.Source.Shape != schema.CSV || quotes%2 == 0 || end < 0 {
		return false
	}
	d.after = d.in.Pos + end + 1
	d.reject(d.trim(rest[:end]), "a field in quotes that does not end")
	return true
}

// last is the line that no line end follows: a whole one at the end of the
// file, a lost one where reading failed.
func (d *Decoder) last() ([]byte, bool) {
	rest := d.in.Bytes()[d.in.Pos:]
	if err := d.in.Err(); err != nil {
		d.reject(rest, err.Error())
		d.in.Pos = len(d.in.Bytes())
		return nil, false
	}
	if len(rest) == 0 {
		return nil, false
	}
	return d.trim(rest), true
}

// next moves behind the line that line returned.
func (d *Decoder) next() { d.in.Pos = d.after }

// skipLine drops the rest of a line too long to hold, up to its end.
func (d *Decoder) skipLine() {
	for {
		d.in.Pos = len(d.in.Bytes())
		if !d.in.More() {
			d.after = d.in.Pos // which More may have moved
			return
		}
		if k := bytes.IndexByte(d.in.Bytes(), '\n'); k >= 0 {
			d.after = k + 1
			return
		}
	}
}

// trim cuts a carriage return, and blanks where they part fields or are filling;
// nil for a blank line.
func (d *Decoder) trim(line []byte) []byte {
	if d.plan.sep == '\t' || d.plan.Source.Shape == schema.CSV {
		if len(bytes.TrimSpace(line)) == 0 {
			return nil
		}
		return bytes.TrimSuffix(line, []byte{'\r'})
	}
	for len(line) > 0 && blank(line[len(line)-1]) {
		line = line[:len(line)-1]
	}
	for len(line) > 0 && blank(line[0]) {
		line = line[1:]
	}
	if len(line) == 0 {
		return nil
	}
	return line
}

func (d *Decoder) reject(raw []byte, reason string) {
	d.t.Number++
	d.t.Reject(decode.Reject{
		RecordNo: d.t.Number,
		Line:     d.in.Line(d.in.Pos),
		Offset:   d.in.Offset(d.in.Pos),
		Reason:   reason,
		Raw:      raw[:min(len(raw), decode.RawLimit)],
	})
}

// row decodes one line into the current row and finishes it.
func (d *Decoder) row(b *batch.Batch, line []byte) {
	if d.names(line) {
		return
	}
	d.cells.Dirty = d.in.Dirty
	d.cells.Begin()
	k, torn := 0, false
	if d.plan.sep == 0 && bytes.IndexByte(line, '"') < 0 && bytes.IndexByte(line, '[') < 0 {
		for i := 0; i < len(line); {
			end := word(line, i)
			if text := line[i:end]; k < len(d.order) {
				d.cells.Put(b, &d.order[k], text)
			} else {
				d.surplus(k, text)
			}
			k++
			i = skipBlanks(line, end)
		}
	} else {
		switch d.split = d.split[:0]; {
		case d.plan.sep == 0:
			var plain bool
			if d.split, plain = splitPlainly(d.split, line, d.order); !plain {
				d.split, torn = splitQuoted(d.split[:0], line, d.order)
			}
		case d.plan.Source.Shape == schema.CSV:
			d.split = csvtext.Split(d.split, line, d.plan.sep)
		default:
			d.split = splitAt(d.split, line, d.separator(line))
		}
		for _, f := range d.split {
			switch {
			case len(f.Text) == 0 && !(f.Quoted && k < len(d.order) && d.order[k].Type == schema.Varchar):
				// Nothing there is no value; an empty text in quotes is one.
			case k < len(d.order):
				d.cells.Put(b, &d.order[k], f.Text)
			default:
				d.surplus(k, f.Text)
			}
			k++
		}
	}
	least := len(d.order)
	if !d.header || d.plan.Source.Least > 0 {
		least = min(d.plan.least, len(d.order))
	}
	switch {
	case k < least:
		b.Drop()
		d.reject(line, fmt.Sprintf("a line of %d fields where %s names %d", k, d.orderFrom(), len(d.order)))
		return
	case len(d.order) == 0:
		b.Drop()
		d.reject(line, "a line before any line of field names")
		return
	case 2*d.cells.Misfits > d.cells.Given:
		b.Drop()
		d.reject(line, "most fields do not fit: "+d.cells.Misfit)
		return
	}
	d.t.Number++
	d.cells.End(b, d.plan.layout.Extra)
	if torn && d.cells.Misfit == "" {
		d.cells.Misfit = "quotes that do not part the fields, which may be cut wrongly"
	}
	if d.cells.Misfit != "" {
		d.t.Repair(d.t.Number, d.cells.Misfit)
	}
	d.plan.layout.Finish(b, d.t, d.keep, d.t.Number)
}

// separator is what parts the fields of line. CloudFront lets the owner of a log
// choose it, and its header does not say: where no tab stands in a line of a W3C
// log, it is what parts the line into as many fields as there are names.
func (d *Decoder) separator(line []byte) byte {
	if d.plan.sep == '\t' && d.plan.Source.Shape == schema.W3C && len(d.order) > 1 && bytes.IndexByte(line, '\t') < 0 {
		for _, c := range []byte(",;| ") {
			if d.split = splitAt(d.split[:0], line, c); len(d.split) == len(d.order) {
				d.split = d.split[:0]
				return c
			}
		}
		d.split = d.split[:0]
	}
	return d.plan.sep
}

// surplus keeps a field behind the last of the order. AWS announces a new field
// with the sign for no value, which is none.
func (d *Decoder) surplus(k int, text []byte) {
	if string(text) != d.plan.Source.Absent {
		d.cells.Keep("field_"+strconv.Itoa(k+1), text)
	}
}

// names reports whether line is no data, and takes the order of the fields from
// it where it names them.
func (d *Decoder) names(line []byte) bool {
	switch d.plan.Source.Shape {
	case schema.W3C:
		if line[0] != '#' {
			return false
		}
		if words := d.plan.words(line); words != nil {
			d.setOrder(words)
		}
		return true
	case schema.CSV:
		if d.header {
			return false
		}
	default:
		// Data begins with a digit or the sign for no value, names with a letter.
		if c := line[0] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	words := d.plan.Header(line)
	if words == nil {
		return false
	}
	d.setOrder(words)
	return true
}

func (d *Decoder) orderFrom() string {
	if d.header {
		return "the header"
	}
	return "the default format"
}

func (d *Decoder) setOrder(names []string) {
	d.header = true
	d.order = make([]decode.Field, len(names))
	used := make(map[string]bool)
	for i, name := range names {
		d.order[i] = d.plan.fields.Field(name)
		if used[name] {
			d.order[i] = decode.Field{Name: name, Column: -1, Port: -1}
		}
		used[name] = true
	}
	if d.t.Format == "" {
		d.t.Format = strings.Join(names, " ")
	}
}
