package api

import (
	"slices"
	"time"
)

// span is from a time to another, the second not included.
type span struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// without are the parts of s that none of the others cover, in their order.
func (s span) without(others []span) []span {
	others = slices.Clone(others)
	slices.SortFunc(others, func(a, b span) int { return a.Since.Compare(b.Since) })
	var rest []span
	at := s.Since
	for _, o := range others {
		if !o.Until.After(at) {
			continue
		}
		if !o.Since.Before(s.Until) {
			break
		}
		if o.Since.After(at) {
			rest = append(rest, span{at, o.Since})
		}
		at = o.Until
	}
	if at.Before(s.Until) {
		rest = append(rest, span{at, s.Until})
	}
	return rest
}
