// Package delimited decodes records that are lines of fields parted by blanks,
// such as VPC flow logs.
//
// In: plain bytes and a [Plan] made from a source. Out: one row a line. A line
// of field names, at the start of a file or anywhere in it, sets the order of
// the fields from there on; without one the source's default order holds.
package delimited

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/schema"
)

// Plan says which column each field goes to. It is read-only and may serve any
// number of decoders.
type Plan struct {
	Source *schema.Source
	layout decode.Columns
	byName map[string]field
	order  []field // without a header line
	absent string
}

// field is one field of a line.
type field struct {
	name string
	col  int // -1: no column, kept in extra
	typ  schema.Type
}

// NewPlan makes the plan of a delimited source.
func NewPlan(s *schema.Source) (*Plan, error) {
	p := &Plan{Source: s, layout: decode.Layout(s), byName: make(map[string]field), absent: s.Absent}
	for i, c := range s.Columns {
		if _, twice := p.byName[c.From]; twice {
			return nil, fmt.Errorf("%s: column %s: %s is already a column", s.Name, c.Name, c.From)
		}
		p.byName[c.From] = field{c.From, i, c.Type}
	}
	for _, name := range s.Default {
		f, ok := p.byName[name]
		if !ok {
			return nil, fmt.Errorf("%s: default field %s is no column", s.Name, name)
		}
		p.order = append(p.order, f)
	}
	return p, nil
}

// Header reads line as a line of field names: the names, or nil where it is
// none. It is one when its first word is a field's name and the fields the
// source is recognised by are all in it.
func (p *Plan) Header(line []byte) []string {
	words := strings.Fields(string(line))
	if len(words) == 0 {
		return nil
	}
	if _, ok := p.byName[words[0]]; !ok {
		return nil
	}
	has := make(map[string]bool, len(words))
	known := 0
	for _, w := range words {
		has[w] = true
		if _, ok := p.byName[w]; ok {
			known++
		}
	}
	for _, w := range p.Source.Recognise.All {
		if !has[w] {
			return nil
		}
	}
	for _, w := range p.Source.Recognise.None {
		if has[w] {
			return nil
		}
	}
	if 2*known < len(words) {
		return nil
	}
	return words
}

// Decoder is a [decode.Decoder] of delimited lines.
type Decoder struct {
	plan *Plan
	keep decode.Keep

	in       decode.Input
	after    int // where the next line begins in the window
	t        *decode.Tally
	order    []field
	header   bool // order is from a line of the file
	recordNo int64
	extra    []byte
	misfit   string
	misfits  int
	fields   int
}

// NewDecoder makes a decoder by plan. keep may be nil.
func NewDecoder(plan *Plan, keep decode.Keep) *Decoder {
	return &Decoder{plan: plan, keep: keep}
}

// Reset implements [decode.Decoder].
func (d *Decoder) Reset(r io.Reader, t *decode.Tally) {
	d.in.Reset(r)
	d.t, d.order, d.header, d.recordNo = t, d.plan.order, false, 0
}

// Begin implements [decode.Decoder].
func (d *Decoder) Begin(t *decode.Tally) {
	d.t, d.order, d.header, d.recordNo = t, d.plan.order, false, 0
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
			before := d.recordNo
			d.row(b, line)
			b.Reset()
			if d.recordNo == recordNo && before != recordNo {
				return line, nil
			}
		}
		d.next()
	}
}

// line is the line at Pos without its end, nil for one that is blank or was
// rejected; false at the end of the file. next moves past it.
func (d *Decoder) line() ([]byte, bool) {
	from := d.in.Pos
	for {
		buf := d.in.Bytes()
		if k := bytes.IndexByte(buf[from:], '\n'); k >= 0 {
			d.after = from + k + 1
			return trim(buf[d.in.Pos : from+k]), true
		}
		if len(buf)-d.in.Pos > decode.MaxRecord {
			d.reject(buf[d.in.Pos:], fmt.Sprintf("a line longer than %d MiB", decode.MaxRecord>>20))
			d.skipLine()
			return nil, true
		}
		seen := len(buf) - d.in.Pos
		if !d.in.More() {
			d.after = len(d.in.Bytes())
			return d.last()
		}
		from = d.in.Pos + seen
	}
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
	return trim(rest), true
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

// trim cuts a carriage return and blanks; nil for a blank line.
func trim(line []byte) []byte {
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

func blank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// word is where the word that begins at line[i] ends: at a blank or the end of
// the line. It looks at eight bytes at a time for one that may be a blank.
func word(line []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for {
		for i+8 <= len(line) {
			w := binary.LittleEndian.Uint64(line[i:])
			if low := (w - 0x21*ones) &^ w & highs; low != 0 {
				i += bits.TrailingZeros64(low) >> 3
				break
			}
			i += 8
		}
		for i < len(line) && line[i] > ' ' {
			i++
		}
		if i == len(line) || line[i] == ' ' || line[i] == '\t' {
			return i
		}
		i++ // some other control character, part of the word
	}
}

func (d *Decoder) reject(raw []byte, reason string) {
	d.recordNo++
	d.t.Reject(decode.Reject{
		RecordNo: d.recordNo,
		Line:     d.in.Line(d.in.Pos),
		Offset:   d.in.Offset(d.in.Pos),
		Reason:   reason,
		Raw:      raw[:min(len(raw), decode.RawLimit)],
	})
}

// row decodes one line into the current row and finishes it.
func (d *Decoder) row(b *batch.Batch, line []byte) {
	// Data begins with a digit or the sign for no value, names with a letter.
	if c := line[0] | 0x20; c >= 'a' && c <= 'z' {
		if names := d.plan.Header(line); names != nil {
			d.setOrder(names)
			return
		}
	}
	d.extra, d.misfit, d.misfits, d.fields = d.extra[:0], "", 0, 0
	k := 0
	for i := 0; i < len(line); {
		end := word(line, i)
		if text := line[i:end]; k < len(d.order) {
			if string(text) != d.plan.absent {
				d.cell(b, &d.order[k], text)
			}
		} else {
			d.keepExtra("field_"+strconv.Itoa(k+1), text)
		}
		k++
		for i = end; i < len(line) && (line[i] == ' ' || line[i] == '\t'); i++ {
		}
	}
	switch {
	case k < len(d.order):
		b.Drop()
		d.reject(line, fmt.Sprintf("a line of %d fields where %s names %d", k, d.orderFrom(), len(d.order)))
		return
	case 2*d.misfits > d.fields:
		b.Drop()
		d.reject(line, "most fields do not fit: "+d.misfit)
		return
	}
	d.recordNo++
	if len(d.extra) > 0 {
		d.extra = append(d.extra, '}')
		b.SetText(d.plan.layout.Extra, d.extra)
	}
	if d.misfit != "" {
		d.t.Repair(d.recordNo, d.misfit)
	}
	d.plan.layout.Finish(b, d.t, d.keep, d.recordNo)
}

func (d *Decoder) orderFrom() string {
	if d.header {
		return "the header"
	}
	return "the default format"
}

func (d *Decoder) setOrder(names []string) {
	d.header = true
	d.order = make([]field, len(names))
	used := make(map[string]bool)
	for i, name := range names {
		f, ok := d.plan.byName[name]
		if !ok || used[name] {
			f = field{name: name, col: -1}
		}
		used[name] = true
		d.order[i] = f
	}
	if d.t.Format == "" {
		d.t.Format = strings.Join(names, " ")
	}
}

// cell puts one field into its column, or into extra where it does not fit.
func (d *Decoder) cell(b *batch.Batch, f *field, text []byte) {
	d.fields++
	if f.col < 0 {
		d.keepExtra(f.name, text)
		return
	}
	ok := true
	switch f.typ {
	case schema.Varchar, schema.JSONText:
		if d.in.Dirty && !utf8.Valid(text) {
			d.note(f.name + ": bytes that are not UTF-8, replaced by U+FFFD")
			text = bytes.ToValidUTF8(text, []byte("\uFFFD"))
		}
		b.SetText(f.col, text)
	case schema.Integer:
		var v int64
		if v, ok = decode.Int(text); ok {
			if ok = v == int64(int32(v)); ok {
				b.SetInt32(f.col, int32(v))
			}
		}
	case schema.Bigint:
		var v int64
		if v, ok = decode.Int(text); ok {
			b.SetInt64(f.col, v)
		}
	case schema.TimestampS, schema.TimestampMS:
		var v int64
		scale := int64(1)
		if f.typ == schema.TimestampMS {
			scale = 1000
		}
		if v, ok = decode.Int(text); ok {
			if _, ok = decode.Micros(v / scale); ok {
				b.SetInt64(f.col, v*(1_000_000/scale))
			}
		}
	case schema.Timestamp:
		var v int64
		if v, ok = decode.Time(text); ok {
			b.SetInt64(f.col, v)
		}
	case schema.Double:
		v, err := strconv.ParseFloat(string(text), 64)
		if ok = err == nil; ok {
			b.SetFloat64(f.col, v)
		}
	case schema.Boolean:
		if ok = string(text) == "true" || string(text) == "false"; ok {
			b.SetBool(f.col, text[0] == 't')
		}
	}
	if !ok {
		d.misfits++
		d.note(fmt.Sprintf("%s: %.60q does not fit %s, kept in extra", f.name, text, f.typ))
		d.keepExtra(f.name, text)
	}
}

func (d *Decoder) note(what string) {
	if d.misfit == "" {
		d.misfit = what
	}
}

func (d *Decoder) keepExtra(name string, word []byte) {
	if len(d.extra) == 0 {
		d.extra = append(d.extra, '{')
	} else {
		d.extra = append(d.extra, ',')
	}
	d.extra = decode.AppendQuoted(d.extra, name)
	d.extra = append(d.extra, ':')
	d.extra = decode.AppendQuoted(d.extra, string(word))
}
