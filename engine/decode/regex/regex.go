// Package regex decodes records that patterns with named groups fit, such as
// the logs of databases and functions.
//
// In: plain bytes and a [Plan] made from a source. Out: one row a record, which
// is a line, or all lines from one that begins a record up to the next such.
package regex

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/schema"
)

// Plan says what a source's records look like and where their parts go. It is
// read-only and may serve any number of decoders.
type Plan struct {
	Source   *schema.Source
	layout   decode.Columns
	fields   *decode.Fields
	patterns []pattern
	begin    *Matcher // nil: each line is a record
	line     *Matcher // what a source is known by; nil: the patterns
	keep     bool     // also what no pattern fits
}

// pattern is one form of a record.
type pattern struct {
	re     *Matcher
	groups []decode.Field // by the number of the group, from 1
	named  []bool
}

// NewPlan makes the plan of a source of patterns.
func NewPlan(s *schema.Source) (*Plan, error) {
	p := &Plan{Source: s, layout: decode.Layout(s), keep: s.Unmatched == schema.Keep}
	var err error
	if p.fields, err = decode.NewFields(s); err != nil {
		return nil, err
	}
	for _, expr := range s.Patterns {
		re, err := NewMatcher(expr)
		if err != nil {
			return nil, fmt.Errorf("%s: pattern: %w", s.Name, err)
		}
		x := pattern{re: re}
		for _, name := range re.SubexpNames() {
			x.groups = append(x.groups, p.fields.Field(name))
			x.named = append(x.named, name != "")
		}
		p.patterns = append(p.patterns, x)
	}
	for _, x := range []struct {
		expr string
		to   **Matcher
		what string
	}{{s.Begin, &p.begin, "begin"}, {s.Recognise.Line, &p.line, "recognise.line"}} {
		if x.expr == "" {
			continue
		}
		if *x.to, err = NewMatcher(x.expr); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", s.Name, x.what, err)
		}
	}
	return p, nil
}

// Fits reports whether text begins like a record of the source.
func (p *Plan) Fits(text []byte) bool {
	if p.line != nil {
		return p.line.Match(text)
	}
	return slices.ContainsFunc(p.patterns, func(x pattern) bool { return x.re.Match(text) })
}

// Starts reports whether a text that begins with c may fit. It may be wrong with
// true, never with false.
func (p *Plan) Starts(c byte) bool {
	if p.line != nil {
		return p.line.Starts(c)
	}
	return slices.ContainsFunc(p.patterns, func(x pattern) bool { return x.re.Starts(c) })
}

// Decoder is a [decode.Decoder] of records that patterns fit.
type Decoder struct {
	plan *Plan
	keep decode.Keep

	in      decode.Input
	after   int  // where the next record begins in the window
	begun   bool // the line there has been seen to begin one
	t       *decode.Tally
	message bool // the text at hand is a message: one record,
	pending bool // which has not been read yet
	cells   decode.Cells
	at      []int // room for where the groups lie
	told    bool  // a reject says why reading stopped
}

// NewDecoder makes a decoder by plan. keep may be nil.
func NewDecoder(plan *Plan, keep decode.Keep) *Decoder {
	return &Decoder{plan: plan, keep: keep, cells: decode.Cells{Fields: plan.fields}}
}

// Reset implements [decode.Decoder].
func (d *Decoder) Reset(r io.Reader, t *decode.Tally) {
	d.in.Reset(r)
	d.t, d.message, d.told, d.begun = t, false, false, false
}

// Begin implements [decode.Decoder].
func (d *Decoder) Begin(t *decode.Tally) {
	d.t = t
	d.Message(decode.Message{})
	d.pending = false
}

// Message implements [decode.Decoder]. A message is one record.
func (d *Decoder) Message(m decode.Message) {
	d.in.Message(m)
	d.message, d.pending = true, true
	d.t.Origin = m.Origin
}

// Fill implements [decode.Decoder].
func (d *Decoder) Fill(b *batch.Batch) (bool, error) {
	for !b.Full() {
		text, ok := d.next()
		if !ok {
			d.t.Bytes = d.in.Offset(d.in.Pos)
			return true, d.in.Err()
		}
		if text != nil {
			d.row(b, text)
		}
		d.in.Pos = d.after
	}
	return false, nil
}

// Record implements [decode.Decoder].
func (d *Decoder) Record(recordNo int64) ([]byte, error) {
	b := batch.New(decode.Types(d.plan.Source))
	for {
		text, ok := d.next()
		if !ok {
			if err := d.in.Err(); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
		before := d.t.Number
		if text != nil {
			text = d.row(b, text)
			b.Reset()
		}
		if d.t.Number == recordNo && before != recordNo {
			return text, nil
		}
		d.in.Pos = d.after
	}
}

// next is the text of the record at Pos without its line end, nil for a blank
// line or what was rejected; false at the end.
func (d *Decoder) next() ([]byte, bool) {
	if d.message {
		if !d.pending {
			return nil, false
		}
		// It may be empty, and is a record all the same.
		d.pending = false
		d.after = len(d.in.Bytes())
		if text := bytes.TrimRight(d.in.Bytes(), "\r\n"); text != nil {
			return text, true
		}
		return []byte{}, true
	}
	end, ok := d.lineEnd(d.in.Pos)
	if !ok {
		if err := d.in.Err(); err != nil && !d.told {
			d.told = true
			d.reject(nil, err.Error())
		}
		return nil, false
	}
	if d.plan.begin == nil {
		return d.cut(end), true
	}
	if !d.begun && !d.plan.keep && !d.begins(d.in.Pos, end) {
		return d.strayLines(end)
	}
	// The record goes on up to the next line that begins one.
	for {
		size := end - d.in.Pos
		next, more := d.lineEnd(end)
		end = d.in.Pos + size // the window may have moved
		if d.begun = more && d.begins(end, next); d.begun || !more {
			return d.cut(end), true
		}
		if end = next; end-d.in.Pos > decode.MaxRecord {
			return d.cut(end), true
		}
	}
}

// begins reports whether the line between two places of the window begins a record.
func (d *Decoder) begins(from, to int) bool {
	return d.plan.begin.Match(trimEnd(d.in.Bytes()[from:to]))
}

// strayLines rejects, as one, the lines from the one that ends at end to the
// next that begins a record.
func (d *Decoder) strayLines(end int) ([]byte, bool) {
	for {
		size := end - d.in.Pos
		next, more := d.lineEnd(end)
		end = d.in.Pos + size
		if d.begun = more && d.begins(end, next); d.begun || !more || end-d.in.Pos > decode.MaxRecord {
			break
		}
		end = next
	}
	text := d.in.Bytes()[d.in.Pos:end]
	d.after = end
	if len(bytes.TrimSpace(text)) > 0 {
		d.reject(text, "lines that belong to no record of "+d.plan.Source.Name)
	}
	return nil, true
}

// lineEnd is where the line that begins at from ends, behind its line end; false
// where the file ends at from, or reading failed. Pos and from move together.
func (d *Decoder) lineEnd(from int) (int, bool) {
	ahead := from - d.in.Pos
	seen := ahead
	for {
		buf := d.in.Bytes()
		if k := bytes.IndexByte(buf[d.in.Pos+seen:], '\n'); k >= 0 {
			return d.in.Pos + seen + k + 1, true
		}
		if len(buf)-d.in.Pos > decode.MaxRecord {
			return len(buf), true // cut there: a longer one is rejected as no record
		}
		seen = len(buf) - d.in.Pos
		if !d.in.More() {
			break
		}
	}
	end := len(d.in.Bytes())
	return end, end > d.in.Pos+ahead
}

// cut is the record from Pos to end, nil where it is blank.
func (d *Decoder) cut(end int) []byte {
	d.after = end
	text := trimEnd(d.in.Bytes()[d.in.Pos:end])
	if err := d.in.Err(); err != nil && end == len(d.in.Bytes()) && len(text) == end-d.in.Pos {
		d.told = true
		d.reject(text, err.Error()) // reading ended within it
		return nil
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil
	}
	return text
}

func trimEnd(text []byte) []byte { return bytes.TrimRight(text, "\r\n") }

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

// row decodes one record into the current row and finishes it. It returns the
// record's text: of lines that are none together, the first where that is one
// alone. Those behind it are then at hand next.
func (d *Decoder) row(b *batch.Batch, text []byte) []byte {
	if len(text) > decode.MaxRecord {
		d.reject(text, fmt.Sprintf("a record longer than %d MiB", decode.MaxRecord>>20))
		return text
	}
	d.cells.Dirty = d.in.Dirty
	d.cells.Begin()
	matched := d.match(b, text)
	if !matched && !d.object(b, text) && !d.plan.keep {
		b.Drop()
		first, _, more := bytes.Cut(text, []byte{'\n'})
		d.cells.Begin()
		if !more || d.message || !d.match(b, trimEnd(first)) {
			b.Drop()
			d.reject(text, d.unfit())
			return text
		}
		d.after, d.begun = d.in.Pos+len(first)+1, false
		text, matched = trimEnd(first), true
	}
	d.cells.Text(b, text, matched)
	d.t.Number++
	d.cells.End(b, d.plan.layout.Extra)
	if d.cells.Misfit != "" {
		d.t.Repair(d.t.Number, d.cells.Misfit)
	}
	d.plan.layout.Finish(b, d.t, d.keep, d.t.Number)
	return text
}

func (d *Decoder) unfit() string {
	if len(d.plan.patterns) == 1 {
		return "a record that the pattern of " + d.plan.Source.Name + " does not fit"
	}
	return fmt.Sprintf("a record that none of the %d patterns of %s fits", len(d.plan.patterns), d.plan.Source.Name)
}

// match puts the groups of the first pattern that fits text into their columns.
func (d *Decoder) match(b *batch.Batch, text []byte) bool {
	for k := range d.plan.patterns {
		x := &d.plan.patterns[k]
		at := x.re.Submatches(text, d.at)
		if at == nil {
			continue
		}
		d.at = at
		for g := 1; g < len(x.groups); g++ {
			if from, to := at[2*g], at[2*g+1]; x.named[g] && from >= 0 && to > from {
				part := text[from:to]
				if x.groups[g].Padded {
					if part = bytes.Trim(part, " "); len(part) == 0 {
						continue
					}
				}
				if x.groups[g].Quoted {
					part = unquoted(part)
				}
				d.cells.Put(b, &x.groups[g], part)
			}
		}
		return true
	}
	return false
}

// unquoted is text without the double quotes around it, and those doubled inside
// made single, as CSV writes them; text itself where none are around it.
func unquoted(text []byte) []byte {
	if n := len(text); n < 2 || text[0] != '"' || text[n-1] != '"' {
		return text
	}
	return bytes.ReplaceAll(text[1:len(text)-1], []byte(`""`), []byte{'"'})
}
