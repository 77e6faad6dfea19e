package pattern

import (
	"encoding/binary"
	"slices"
)

// Where an event holds arrays of objects, the values that the fields of a
// pattern match must lie in the same element of each array that they share: of
// {"a": [{"b": 1, "c": 2}, {"b": 3, "c": 4}]} the pattern {"a": {"b": [1],
// "c": [4]}} asks for what no element has. (Event Ruler, "JSON Array Matching";
// an array's own strings and numbers lie in none of its elements.)
//
// The fields are gone through in the order of their paths. A state is what has
// been chosen so far: for arrays, the element. {"exists": false} asks that no
// value is left which the choice allows, so it depends on the fields before it,
// as it does in EventBridge.

// mostSteps bounds the work on one event and one way to match it.
const mostSteps = 1 << 22

// choice is one element of one array.
type choice struct{ array, index int32 }

// consistency is the memory of together, kept from one event to the next.
type consistency struct {
	last map[int32]int // by array: the last field that has values inside
	keys map[string]bool
	key  []byte
}

// together reports whether values of all fields can be chosen that go together.
func (e *Event) together(w *compiled) (bool, error) {
	c := &e.work
	if c.last == nil {
		c.last, c.keys = make(map[int32]int), make(map[string]bool)
	}
	clear(c.last)
	for i := range w.fields {
		values := e.slots[w.fields[i].slot]
		for k := range values {
			for at := values[k].at; at != 0; at = e.elements[at].in {
				c.last[e.elements[at].array] = i
			}
		}
	}
	states := [][]choice{nil}
	steps := 0
	for i := range w.fields {
		f := &w.fields[i]
		values := e.slots[f.slot]
		// The elements that hold values which pass, each once: values of one
		// element are alike for what follows.
		var pass []int32
		for k := range values {
			if at := values[k].at; f.takes(&values[k]) && (len(pass) == 0 || pass[len(pass)-1] != at) {
				pass = append(pass, at)
			}
		}
		clear(c.keys)
		var next [][]choice
		add := func(state []choice) {
			// An array that no later field lies in is of no matter any more.
			state = slices.DeleteFunc(state, func(x choice) bool { return c.last[x.array] <= i })
			c.key = c.key[:0]
			for _, x := range state {
				c.key = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(c.key, uint32(x.array)), uint32(x.index))
			}
			if !c.keys[string(c.key)] {
				c.keys[string(c.key)] = true
				next = append(next, state)
			}
		}
		for _, state := range states {
			for _, at := range pass {
				if steps++; steps > mostSteps {
					return false, ErrTooComplex
				}
				if e.allows(state, at) {
					add(e.choose(state, at))
				}
			}
			if f.absent {
				left := false
				for k := range values {
					if steps++; steps > mostSteps {
						return false, ErrTooComplex
					}
					if left = e.allows(state, values[k].at); left {
						break
					}
				}
				if !left {
					add(slices.Clone(state))
				}
			}
		}
		if states = next; len(states) == 0 {
			return false, nil
		}
	}
	return true, nil
}

// allows reports whether what lies in the element at goes together with state.
func (e *Event) allows(state []choice, at int32) bool {
	for ; at != 0; at = e.elements[at].in {
		x := &e.elements[at]
		for _, chosen := range state {
			if chosen.array == x.array {
				if chosen.index != x.index {
					return false
				}
				break
			}
		}
	}
	return true
}

// choose is state with the element at, and those that it lies in, chosen too, in
// the order of arrays.
func (e *Event) choose(state []choice, at int32) []choice {
	out := slices.Clone(state)
	for ; at != 0; at = e.elements[at].in {
		x := choice{e.elements[at].array, e.elements[at].index}
		i, there := slices.BinarySearchFunc(out, x.array, func(c choice, array int32) int { return int(c.array) - int(array) })
		if !there {
			out = slices.Insert(out, i, x)
		}
	}
	return out
}
