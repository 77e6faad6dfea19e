package sigmatest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// An Event is one record of a log, as JSON. ID tells it apart within a list.
type Event struct {
	ID     string
	Time   time.Time // UTC
	Fields map[string]any
}

// object is a JSON object. Its text is kept too, for its keys have an order
// that a map loses: a value of a rule may be sought in the text.
type object struct {
	text   string
	fields map[string]any
}

// NewEvent reads one JSON object. idField and timeField name its members that
// hold the id, a string, and the time, RFC 3339.
func NewEvent(raw []byte, idField, timeField string) (Event, error) {
	v, err := decode(raw)
	if err != nil {
		return Event{}, err
	}
	o, ok := v.(object)
	if !ok {
		return Event{}, errors.New("an event is a JSON object")
	}
	e := Event{Fields: o.fields}
	e.ID, ok = o.fields[idField].(string)
	if !ok {
		return Event{}, fmt.Errorf("%s is not a string", idField)
	}
	t, _ := o.fields[timeField].(string)
	e.Time, err = time.Parse(time.RFC3339, t)
	if err != nil {
		return Event{}, fmt.Errorf("%s: %w", timeField, err)
	}
	e.Time = e.Time.UTC()
	return e, nil
}

// decode gives nil, bool, json.Number, string, []any or object.
func decode(raw []byte) (any, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) > 0 && raw[0] == '{':
		var members map[string]json.RawMessage
		if err := json.Unmarshal(raw, &members); err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := json.Compact(&text, raw); err != nil {
			return nil, err
		}
		o := object{text: text.String(), fields: make(map[string]any, len(members))}
		for k, m := range members {
			v, err := decode(m)
			if err != nil {
				return nil, err
			}
			o.fields[k] = v
		}
		return o, nil
	case len(raw) > 0 && raw[0] == '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(raw, &elements); err != nil {
			return nil, err
		}
		list := make([]any, len(elements))
		for i, m := range elements {
			v, err := decode(m)
			if err != nil {
				return nil, err
			}
			list[i] = v
		}
		return list, nil
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// lookup gives all values a field name leads to, and whether any of its
// members is there at all. Dots lead into nested objects; a list on the way
// stands for each of its elements. A key that holds the dots itself goes
// first.
func lookup(fields map[string]any, name string) (values []any, exists bool) {
	if v, ok := fields[name]; ok {
		return flatten(v), true
	}
	for i, c := range name {
		if c != '.' {
			continue
		}
		v, ok := fields[name[:i]]
		if !ok {
			continue
		}
		for _, x := range flatten(v) {
			o, ok := x.(object)
			if !ok {
				continue
			}
			more, there := lookup(o.fields, name[i+1:])
			values = append(values, more...)
			exists = exists || there
		}
		return values, exists
	}
	return nil, false
}

// flatten takes lists apart, down to values that are none.
func flatten(v any) []any {
	list, ok := v.([]any)
	if !ok {
		return []any{v}
	}
	var all []any
	for _, x := range list {
		all = append(all, flatten(x)...)
	}
	return all
}

// texts are the strings a value of a rule is compared with: a string as it
// is, numbers and booleans as JSON writes them. An object counts with its JSON
// text, as it stands and with quotes and backslashes unescaped: policies stand
// in CloudTrail as JSON in a string. Null has none.
func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case json.Number:
		return []string{v.String()}
	case bool:
		if v {
			return []string{"true"}
		}
		return []string{"false"}
	case object:
		return []string{v.text, strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(v.text)}
	}
	return nil
}

// scalars are the texts of all values inside, however deep.
func scalars(v any) []string {
	var all []string
	switch v := v.(type) {
	case object:
		for _, x := range v.fields {
			all = append(all, scalars(x)...)
		}
	case []any:
		for _, x := range v {
			all = append(all, scalars(x)...)
		}
	default:
		return texts(v)
	}
	return all
}

// single is the value of a field as a group or a count takes it: one text.
// Lists count with their elements' texts joined; absent and null have none.
func single(fields map[string]any, name string) (string, bool) {
	values, _ := lookup(fields, name)
	var all []string
	for _, v := range values {
		if o, ok := v.(object); ok {
			all = append(all, o.text)
			continue
		}
		all = append(all, texts(v)...)
	}
	if len(all) == 0 {
		return "", false
	}
	return strings.Join(all, "\x1f"), true
}
