package indicator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// longestEntry is how many bytes one object of a JSON list may have.
const longestEntry = 64 << 20

// deepest is how many objects of a list may lie in one another before those
// that hold indicators.
const deepest = 8

// meter ends a file whose entry is longer than it may be.
type meter struct {
	r io.Reader
	n int64 // since the entry began
}

func (m *meter) Read(p []byte) (int, error) {
	if m.n > longestEntry {
		return 0, fmt.Errorf("an entry longer than %d bytes", longestEntry)
	}
	n, err := m.r.Read(p)
	m.n += int64(n)
	return n, err
}

// document reads STIX and MISP, which lie in JSON in many ways: bundles, events,
// arrays of either, answers of servers, one object after another.
type document struct {
	*reader
	d     *json.Decoder
	m     *meter
	entry int32
	event *mispEvent // that is being read; nil: none
	some  bool       // something was known
}

func (r *reader) json(in io.Reader) error {
	m := &meter{r: in}
	doc := &document{reader: r, d: json.NewDecoder(m), m: m}
	for doc.d.More() {
		err := doc.value(0)
		if err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
				return fmt.Errorf("not JSON from byte %d on: %w", doc.d.InputOffset(), err)
			}
			return err
		}
	}
	// What is not the end, such as a brace too many, or an unreadable file.
	if _, err := doc.d.Token(); err != nil && err != io.EOF {
		return fmt.Errorf("not JSON from byte %d on: %w", doc.d.InputOffset(), err)
	}
	if !doc.some {
		return errors.New("JSON, but neither STIX nor MISP")
	}
	return nil
}

// into decodes the next value; one of another shape is noted.
func (doc *document) into(v any) (ok bool, err error) {
	doc.m.n = 0
	err = doc.d.Decode(v)
	var shape *json.UnmarshalTypeError
	if errors.As(err, &shape) {
		doc.bad(int(doc.entry), shape.Field, "a "+shape.Value+" where there should be none")
		return false, nil
	}
	return err == nil, err
}

// token is the next token of a value that has begun.
func (doc *document) token() (json.Token, error) {
	doc.m.n = 0
	t, err := doc.d.Token()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return t, err
}

// each calls f before each element of an array; of another value it calls object,
// or passes over it.
func (doc *document) each(depth int, f func() error) error {
	t, err := doc.token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('['):
		for doc.d.More() {
			if err := f(); err != nil {
				return err
			}
		}
		_, err = doc.token()
		return err
	case json.Delim('{'):
		if depth < deepest {
			return doc.object(depth)
		}
		return doc.skip()
	}
	return nil
}

// value reads one value of which it is not known yet what it is.
func (doc *document) value(depth int) error {
	if depth == deepest {
		t, err := doc.token()
		if err == nil && (t == json.Delim('[') || t == json.Delim('{')) {
			err = doc.skip()
		}
		return err
	}
	return doc.each(depth, func() error { return doc.value(depth + 1) })
}

// skip passes over the rest of an array or object without keeping it.
func (doc *document) skip() error {
	for depth := 1; depth > 0; {
		t, err := doc.token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('['), json.Delim('{'):
			depth++
		case json.Delim(']'), json.Delim('}'):
			depth--
		}
	}
	return nil
}

var uuidForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// object reads an object, whose brace is read, by its keys: those that hold
// entries as they come, the others together, for it may be an entry itself.
func (doc *document) object(depth int) error {
	own := map[string]json.RawMessage{}
	for doc.d.More() {
		t, err := doc.token()
		if err != nil {
			return err
		}
		name, _ := t.(string)
		switch {
		case name == "objects":
			err = doc.each(depth+1, func() error { return doc.known(STIX, doc.stix) })
		case name == "Event":
			err = doc.inEvent(func() error { return doc.value(depth + 1) })
		case name == "response":
			err = doc.value(depth + 1)
		case name == "Attribute":
			err = doc.each(depth+1, func() error { return doc.known(MISP, func() error { return doc.attribute(nil) }) })
		case name == "Object":
			err = doc.each(depth+1, func() error { return doc.known(MISP, doc.mispObject) })
		default:
			var raw json.RawMessage
			doc.m.n = 0
			if err = doc.d.Decode(&raw); err != nil {
				break
			}
			if uuidForm.MatchString(name) {
				err = doc.known(MISP, func() error { return doc.named(name) })
			} else if len(own) < 200 {
				own[name] = raw
			}
		}
		if err != nil {
			return err
		}
	}
	if _, err := doc.token(); err != nil {
		return err
	}
	return doc.own(own)
}

// known reads an entry of a format.
func (doc *document) known(f Format, read func() error) error {
	doc.here().Format, doc.some = f, true
	return read()
}

// own is what to do with the plain members of an object: those of an event are
// about its attributes, others may be a STIX object or a MISP attribute.
func (doc *document) own(members map[string]json.RawMessage) error {
	if doc.event != nil {
		doc.event.about(members)
		return nil
	}
	text, err := json.Marshal(members)
	if err != nil {
		return nil // it was read, so it can be written
	}
	_, category := members["category"]
	_, value := members["value"]
	_, id := members["id"]
	_, typ := members["type"]
	switch {
	case typ && value && category:
		return doc.known(MISP, func() error { return doc.within(text, func() error { return doc.attribute(nil) }) })
	case string(members["type"]) == `"bundle"`:
		return doc.known(STIX, func() error { return nil })
	case typ && id:
		return doc.known(STIX, func() error { return doc.within(text, doc.stix) })
	}
	return nil
}

// within reads an entry that has been read already as text.
func (doc *document) within(text []byte, read func() error) error {
	d, m := doc.d, doc.m
	defer func() { doc.d, doc.m = d, m }()
	doc.m = &meter{r: bytes.NewReader(text)}
	doc.d = json.NewDecoder(doc.m)
	return read()
}
