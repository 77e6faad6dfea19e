package unwrap

import (
	"fmt"
	"io"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
)

// Decoder is a [decode.Decoder] of the messages of one source among those of a
// file. Records are numbered by their messages, those of other sources counted:
// a number names one record of the file, whatever its source.
type Decoder struct {
	inner  decode.Decoder
	o      Options
	source string
	first  bool

	r     *Reader
	t     *decode.Tally
	base  int64 // number of the last record before what the reader reads
	busy  bool  // inner is in a message
	taken int64
	err   error
}

// NewDecoder makes a decoder of the messages of source, which inner decodes. Of
// the passes over a file the first tells what cannot be read, and how many
// messages are others'.
func NewDecoder(inner decode.Decoder, o Options, source string, first bool) *Decoder {
	return &Decoder{inner: inner, o: o, source: source, first: first}
}

// Taken is how many messages went to the source.
func (d *Decoder) Taken() int64 { return d.taken }

// Reset implements [decode.Decoder].
func (d *Decoder) Reset(r io.Reader, t *decode.Tally) {
	d.r, d.t, d.base, d.busy, d.taken, d.err = NewReader(r, d.o), t, 0, false, 0, nil
	d.inner.Begin(t)
}

// Begin implements [decode.Decoder].
func (d *Decoder) Begin(t *decode.Tally) {
	d.Message(decode.Message{})
	d.t, d.taken = t, 0
	d.inner.Begin(t)
}

// Message implements [decode.Decoder]: m is an envelope, or several.
func (d *Decoder) Message(m decode.Message) {
	d.r = newReader(d.o)
	d.r.in.Message(m)
	d.busy, d.err = false, nil
	if d.t != nil {
		d.base = d.t.Number
	}
}

// Fill implements [decode.Decoder].
func (d *Decoder) Fill(b *batch.Batch) (bool, error) {
	for !b.Full() {
		if !d.busy && !d.next() {
			d.t.Origin = nil
			d.t.Bytes = d.r.Bytes()
			d.t.Number = d.base + d.r.Number()
			if d.first {
				d.t.Control += d.r.Control()
			}
			return true, d.err
		}
		done, err := d.inner.Fill(b)
		if err != nil {
			return true, err
		}
		d.busy = !done
	}
	return false, nil
}

// next hands inner the next message of the source; false at the end.
func (d *Decoder) next() bool {
	for {
		m, source, bad, err := d.r.Next()
		if err != nil {
			if err != io.EOF {
				d.err = err
			}
			return false
		}
		number := d.base + d.r.Number()
		switch {
		case bad != nil:
			if d.first {
				bad.RecordNo = number
				d.t.Reject(*bad)
			}
		case source == d.source:
			d.taken++
			d.t.Number = number - 1
			d.inner.Message(m)
			d.busy = true
			return true
		case !d.first:
		case source == "":
			d.t.Reject(decode.Reject{RecordNo: number, Line: m.Line, Offset: m.Offset, Raw: m.Text, Reason: via(m.Origin) + "a message of no known source"})
		default:
			if d.t.Foreign == nil {
				d.t.Foreign = make(map[string]int64)
			}
			d.t.Foreign[source]++
		}
	}
}

func via(o *decode.Origin) string {
	if o == nil || o.Via == "" {
		return ""
	}
	return fmt.Sprintf("through %s: ", o.Via)
}

// Record implements [decode.Decoder]. It returns the message's text, whatever
// its source.
func (d *Decoder) Record(recordNo int64) ([]byte, error) {
	for {
		m, _, bad, err := d.r.Next()
		switch {
		case err != nil:
			d.t.Number = d.base + d.r.Number()
			return nil, err
		case d.base+d.r.Number() < recordNo:
		case bad != nil:
			return bad.Raw, nil
		default:
			return m.Text, nil
		}
	}
}
