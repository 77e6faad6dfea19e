package pattern

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"
	"sync"

	"logquarry/engine/decode/jsontext"
)

// Set is many patterns made ready to be matched in one pass over an event. It
// is not changed once made and may be used by any number of goroutines.
type Set struct {
	root  node
	slots int
	ways  []compiled
	rules int // patterns
	// bySource are the ways that take only certain texts as source, by each of
	// these; others are the rest.
	bySource map[string][]int32
	others   []int32
	source   int // the slot of source; -1 where no way is in bySource
	events   sync.Pool
}

// node is a step on the way to the values that patterns ask for.
type node struct {
	kids map[string]*node
	slot int // where the values are kept; -1 where no pattern asks for them
}

// compiled is one way to match one pattern.
type compiled struct {
	rule   int
	fields []wanted // in the order of paths
	quick  []wanted // the same, with those that are checked fastest first
}

type wanted struct {
	slot int
	*field
}

// NewSet makes a set of patterns; [Set.Match] speaks of them by their places.
func NewSet(patterns []*Pattern) *Set {
	s := &Set{root: node{slot: -1}, rules: len(patterns), source: -1, bySource: make(map[string][]int32)}
	for rule, p := range patterns {
		for _, way := range p.any {
			c := compiled{rule: rule}
			id := int32(len(s.ways))
			var source *field
			for _, f := range way {
				c.fields = append(c.fields, wanted{s.slot(f.path), f})
				if f.path == "source" && f.literal() {
					source = f
				}
			}
			c.quick = slices.Clone(c.fields)
			slices.SortStableFunc(c.quick, func(a, b wanted) int { return cmp.Compare(len(a.ops), len(b.ops)) })
			if source == nil {
				s.others = append(s.others, id)
			} else {
				s.source = s.slot("source")
				for text := range source.texts {
					s.bySource[text] = append(s.bySource[text], id)
				}
			}
			s.ways = append(s.ways, c)
		}
	}
	return s
}

// slot is the place of the values at path.
func (s *Set) slot(path string) int {
	n := &s.root
	for step := range strings.SplitSeq(path, ".") {
		kid := n.kids[step]
		if kid == nil {
			if n.kids == nil {
				n.kids = make(map[string]*node)
			}
			kid = &node{slot: -1}
			n.kids[step] = kid
		}
		n = kid
	}
	if n.slot < 0 {
		n.slot = s.slots
		s.slots++
	}
	return n.slot
}

// find is the node at path; nil where no pattern asks for it or what is in it.
func (s *Set) find(path string) *node {
	n := &s.root
	if path == "" {
		return n
	}
	for step := range strings.SplitSeq(path, ".") {
		if n = n.kids[step]; n == nil {
			return nil
		}
	}
	return n
}

// ErrTooComplex is the error of matching an event whose arrays of objects can be
// combined in too many ways.
var ErrTooComplex = errors.New("its arrays of objects can be combined in too many ways for one of the patterns")

// Match appends the places of the patterns that match an event to dst, in their
// order. The event is one JSON object as EventBridge delivers it; its bytes are
// not kept. The error is that it is no JSON object; or [ErrTooComplex], with
// which the patterns that could be decided are appended all the same.
func (s *Set) Match(event []byte, dst []int) ([]int, error) {
	e, _ := s.events.Get().(*Event)
	if e == nil {
		e = s.NewEvent()
	}
	defer s.events.Put(e)
	e.Reset()
	start := jsontext.Space(event, 0)
	if start >= len(event) || event[start] != '{' {
		return dst, errors.New("an event is a JSON object")
	}
	end, err := e.object(&s.root, event, start)
	if err != nil {
		return dst, err
	}
	if jsontext.Space(event, end) != len(event) {
		return dst, errors.New("something follows the event")
	}
	return e.Match(dst)
}

// Event is an event that is given value by value. One goroutine uses it, for one
// event after another.
type Event struct {
	set      *Set
	slots    [][]scalar
	filled   []int     // the slots that hold values
	elements []element // of arrays, the first stands for none
	arrays   int32
	several  bool   // an array has several elements that values lie in
	step     []byte // the text of a key with escapes
	matched  []bool // by pattern
	work     consistency
}

// element is an element of an array which holds objects or arrays.
type element struct {
	array, index int32
	in           int32 // the element that its array lies in
}

// NewEvent is an event without values.
func (s *Set) NewEvent() *Event {
	return &Event{set: s, slots: make([][]scalar, s.slots), elements: make([]element, 1), matched: make([]bool, s.rules)}
}

// Reset makes it an event without values again.
func (e *Event) Reset() {
	for _, slot := range e.filled {
		e.slots[slot] = e.slots[slot][:0]
	}
	e.filled, e.elements, e.arrays, e.several = e.filled[:0], e.elements[:1], 0, false
}

func (e *Event) add(n *node, v scalar) {
	if n == nil || n.slot < 0 {
		return
	}
	if len(e.slots[n.slot]) == 0 {
		e.filled = append(e.filled, n.slot)
	}
	e.slots[n.slot] = append(e.slots[n.slot], v)
}

// object takes the values that are wanted out of the object at b[i], whose place
// is n, and returns where it ends.
func (e *Event) object(n *node, b []byte, i int) (int, error) { return e.inner(n, b, i, 0, 0) }

// maxDepth is how deep objects and arrays may lie in one another, as elsewhere.
const maxDepth = 1000

func (e *Event) inner(n *node, b []byte, i int, at int32, depth int) (int, error) {
	if depth == maxDepth {
		return i, jsontext.Syntax(b, i, "nothing so deep")
	}
	i = jsontext.Space(b, i+1)
	for first := true; ; first = false {
		if i >= len(b) {
			return i, jsontext.ErrShort
		}
		if first && b[i] == '}' {
			return i + 1, nil
		}
		start := i
		next, flags, err := jsontext.Key(b, i)
		if err != nil {
			return next, err
		}
		name := jsontext.KeyText(b[start:next])
		if flags&jsontext.Escaped != 0 {
			e.step = jsontext.Unescape(e.step[:0], append(append([]byte{'"'}, name...), '"'))
			name = e.step
		}
		kid := n.kids[string(name)]
		if kid == nil && bytes.IndexByte(name, '.') >= 0 {
			kid = n.dotted(name)
		}
		if i = jsontext.Space(b, next); i >= len(b) {
			return i, jsontext.ErrShort
		}
		if i, err = e.value(kid, b, i, at, depth); err != nil {
			return i, err
		}
		if i = jsontext.Space(b, i); i >= len(b) {
			return i, jsontext.ErrShort
		}
		switch b[i] {
		case '}':
			return i + 1, nil
		case ',':
			i = jsontext.Space(b, i+1)
		default:
			return i, jsontext.Syntax(b, i, "',' or '}'")
		}
	}
}

// dotted is the node of a key with dots in it: as if each part were a key.
func (n *node) dotted(name []byte) *node {
	for n != nil {
		step, rest, more := bytes.Cut(name, []byte{'.'})
		if n = n.kids[string(step)]; !more {
			return n
		}
		name = rest
	}
	return nil
}

// value takes what is wanted out of the value at b[i].
func (e *Event) value(n *node, b []byte, i int, at int32, depth int) (int, error) {
	switch {
	case n == nil:
		end, _, err := jsontext.Skip(b, i)
		return end, err
	case b[i] == '{' && n.kids != nil:
		return e.inner(n, b, i, at, depth+1)
	case b[i] == '[':
		return e.array(n, b, i, at, depth+1)
	}
	end, flags, err := jsontext.Skip(b, i)
	if err != nil || n.slot < 0 {
		return end, err
	}
	v := scalar{at: at}
	switch b[i] {
	case '{':
		return end, nil // an object is no value
	case '"':
		v.kind, v.text = textKind, b[i+1:end-1]
		if flags&(jsontext.Escaped|jsontext.Lone) != 0 {
			v.text = jsontext.Unescape(nil, b[i:end])
		}
	case 't':
		v.kind = trueKind
	case 'f':
		v.kind = falseKind
	case 'n':
		v.kind = nullKind
	default:
		v.kind, v.text = numberKind, b[i:end]
	}
	e.add(n, v)
	return end, nil
}

func (e *Event) array(n *node, b []byte, i int, at int32, depth int) (int, error) {
	if depth == maxDepth {
		return i, jsontext.Syntax(b, i, "nothing so deep")
	}
	e.arrays++
	array := e.arrays
	i = jsontext.Space(b, i+1)
	inside := 0
	for index := int32(0); ; index++ {
		if i >= len(b) {
			return i, jsontext.ErrShort
		}
		if index == 0 && b[i] == ']' {
			return i + 1, nil
		}
		in := at
		if b[i] == '{' && n.kids != nil || b[i] == '[' {
			in = int32(len(e.elements))
			e.elements = append(e.elements, element{array, index, at})
			if inside++; inside > 1 {
				e.several = true
			}
		}
		var err error
		if i, err = e.value(n, b, i, in, depth); err != nil {
			return i, err
		}
		if i = jsontext.Space(b, i); i >= len(b) {
			return i, jsontext.ErrShort
		}
		switch b[i] {
		case ']':
			return i + 1, nil
		case ',':
			i = jsontext.Space(b, i+1)
		default:
			return i, jsontext.Syntax(b, i, "',' or ']'")
		}
	}
}

// Match appends the places of the patterns that the event matches to dst, in
// their order. [ErrTooComplex] is its only error.
func (e *Event) Match(dst []int) ([]int, error) {
	n, s := len(dst), e.set
	var failed error
	try := func(ids []int32) {
		for _, id := range ids {
			w := &s.ways[id]
			if e.matched[w.rule] {
				continue
			}
			ok, err := e.matches(w)
			if err != nil {
				failed = err
			}
			if ok {
				e.matched[w.rule] = true
				dst = append(dst, w.rule)
			}
		}
	}
	if s.source >= 0 {
		for i := range e.slots[s.source] {
			if v := &e.slots[s.source][i]; v.kind == textKind {
				try(s.bySource[string(v.text)])
			}
		}
	}
	try(s.others)
	for _, rule := range dst[n:] {
		e.matched[rule] = false
	}
	slices.Sort(dst[n:])
	return dst, failed
}

// matches reports whether the event matches in this way. What each field asks for
// alone is checked first: seldom is an event left for which it matters how its
// arrays go together.
func (e *Event) matches(w *compiled) (bool, error) {
	together := false
	for i := range w.quick {
		f := &w.quick[i]
		values := e.slots[f.slot]
		ok, arrays := f.absent && len(values) == 0, false
		for k := range values {
			arrays = arrays || e.several && values[k].at != 0
			ok = ok || f.takes(&values[k])
		}
		if together = together || arrays; !ok && !(f.absent && arrays) {
			return false, nil
		}
	}
	if !together {
		return true, nil
	}
	return e.together(w)
}
