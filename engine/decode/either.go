package decode

import (
	"io"

	"logquarry/engine/batch"
)

// Either is a [Decoder] of messages that come in one of two forms.
type Either struct {
	own, objects Decoder
	isObject     func(text []byte) bool
	now          Decoder
}

// NewEither makes a decoder of messages: objects decodes those for which
// isObject is true, own the others. Files without messages are own's.
func NewEither(own, objects Decoder, isObject func(text []byte) bool) *Either {
	return &Either{own: own, objects: objects, isObject: isObject, now: own}
}

// Reset implements [Decoder].
func (e *Either) Reset(r io.Reader, t *Tally) {
	e.now = e.own
	e.own.Reset(r, t)
}

// Begin implements [Decoder].
func (e *Either) Begin(t *Tally) {
	e.now = e.own
	e.own.Begin(t)
	e.objects.Begin(t)
}

// Message implements [Decoder].
func (e *Either) Message(m Message) {
	if e.now = e.own; e.isObject(m.Text) {
		e.now = e.objects
	}
	e.now.Message(m)
}

// Fill implements [Decoder].
func (e *Either) Fill(b *batch.Batch) (bool, error) { return e.now.Fill(b) }

// Record implements [Decoder].
func (e *Either) Record(recordNo int64) ([]byte, error) { return e.now.Record(recordNo) }
