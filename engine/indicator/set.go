package indicator

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Bounds of a [Set], so that a list of anything cannot take all memory: with
// both reached, some 3 GiB. A million indicators of usual lists take 250 MiB.
const (
	maxIndicators = 10_000_000
	maxBytes      = 1 << 30 // of values and context
	// maxParts is how many texts may be looked for anywhere: each is compared at
	// every place that begins as it does.
	maxParts = 10_000
)

// errFull says that a set takes no more.
var errFull = errors.New("too many indicators")

// List is one file that indicators were read from.
type List struct {
	Path   string
	SHA256 string // of the file as it lies
	Format Format
	// Indicators is how many came of it.
	Indicators int
	// Left is how many entries its maker does not mean for detection: MISP's
	// attributes without to_ids.
	Left int
	// Bad are entries that cannot be used: the first, and how many there are.
	Bad      []Fault
	BadCount int
	// Err is why the rest of the file, or all of it, could not be read.
	Err error
}

// Fault is an entry of a list that cannot be used.
type Fault struct {
	Line   int // from 1; see [Indicator.Line]
	Text   string
	Reason string
}

// Set is indicators to be looked for. It is filled by [Read] and then only read,
// by any number of [Scanner]s.
type Set struct {
	Lists      []List
	Indicators []Indicator

	keys  []key
	links []link
	table []int32 // of keys by hash, 1 more than the index; 0: free
	used  int
	bloom []uint64

	blocks  map[netip.Prefix]int32
	lengths [2][]int // lengths of blocks, of IPv4 and of IPv6, longest first
	parts   map[uint32][]int32
	starts  [1 << 16 / 64]uint64 // of the hashes of the starts of parts

	has            [len(typeNames)]bool
	words          bool
	least, longest int // of the texts of words
	short, long    int // of the texts of values
	bytes          int
}

// key is what is looked for, and whom it stands for.
type key struct {
	hash  uint64
	text  string
	kind  kind
	first int32 // of links
}

// link is an indicator of a key, and the next; -1: no more.
type link struct{ indicator, next int32 }

// NewSet is a set without indicators.
func NewSet() *Set {
	return &Set{blocks: map[netip.Prefix]int32{}, parts: map[uint32][]int32{}, least: 1 << 30, short: 1 << 30,
		table: make([]int32, 1<<10), bloom: make([]uint64, 1<<10)}
}

// add adds an indicator with what it is looked for by.
func (s *Set) add(i Indicator, forms []form) error {
	s.bytes += len(i.Value) + len(i.Context)
	if len(s.Indicators) == maxIndicators || s.bytes > maxBytes {
		return fmt.Errorf("%w: at most %d, and %d MiB of text", errFull, maxIndicators, maxBytes>>20)
	}
	s.Indicators = append(s.Indicators, i)
	s.Lists[i.List].Indicators++
	s.has[i.Type] = true
	at := int32(len(s.Indicators) - 1)
	for n, f := range forms {
		if slices.Contains(forms[:n], f) {
			continue
		}
		if f.text == i.Value {
			f.text = i.Value // the same memory
		}
		var k int32
		switch f.kind {
		case block:
			k = s.blockKey(f.block)
		case part:
			var err error
			if k, err = s.partKey(f.text); err != nil {
				return err
			}
		default:
			k = s.textKey(f.kind, f.text)
		}
		s.links = append(s.links, link{at, s.keys[k].first})
		s.keys[k].first = int32(len(s.links) - 1)
	}
	return nil
}

func (s *Set) newKey(k key) int32 {
	k.first = -1
	s.keys = append(s.keys, k)
	return int32(len(s.keys) - 1)
}

func (s *Set) blockKey(b netip.Prefix) int32 {
	k, ok := s.blocks[b]
	if !ok {
		k = s.newKey(key{kind: block})
		s.blocks[b] = k
		family := 0
		if b.Addr().Is6() {
			family = 1
		}
		if at, have := slices.BinarySearchFunc(s.lengths[family], b.Bits(), func(a, b int) int { return b - a }); !have {
			s.lengths[family] = slices.Insert(s.lengths[family], at, b.Bits())
		}
	}
	return k
}

func (s *Set) partKey(text string) (int32, error) {
	start := startHash(text[0], text[1], text[2], text[3])
	for _, k := range s.parts[start] {
		if s.keys[k].text == text {
			return k, nil
		}
	}
	n := 0
	for _, list := range s.parts {
		n += len(list)
	}
	if n == maxParts {
		return 0, fmt.Errorf("%w: at most %d to be found anywhere", errFull, maxParts)
	}
	k := s.newKey(key{kind: part, text: text})
	s.parts[start] = append(s.parts[start], k)
	s.starts[uint16(start)/64] |= 1 << (start % 64)
	return k, nil
}

func (s *Set) textKey(kind kind, text string) int32 {
	h := hashOf(kind, text)
	if k := s.find(h, kind, text); k >= 0 {
		return k
	}
	if kind == word {
		s.words = true
		s.least, s.longest = min(s.least, len(text)), max(s.longest, len(text))
	} else {
		s.short, s.long = min(s.short, len(text)), max(s.long, len(text))
	}
	k := s.newKey(key{hash: h, text: text, kind: kind})
	if s.used*2 >= len(s.table) {
		s.grow()
	}
	s.place(k)
	return k
}

func (s *Set) place(k int32) {
	h := s.keys[k].hash
	at := h & uint64(len(s.table)-1)
	for s.table[at] != 0 {
		at = (at + 1) & uint64(len(s.table)-1)
	}
	s.table[at] = k + 1
	s.used++
	a, b := s.bits(h)
	s.bloom[a/64] |= 1 << (a % 64)
	s.bloom[b/64] |= 1 << (b % 64)
}

// grow doubles the table, with 16 bits of the filter a place.
func (s *Set) grow() {
	s.table = make([]int32, 2*len(s.table))
	s.bloom = make([]uint64, len(s.table)/4)
	s.used = 0
	for k := range s.keys {
		if s.keys[k].kind == word || s.keys[k].kind == whole {
			s.place(int32(k))
		}
	}
}

// bits are the two bits of the filter that a hash has.
func (s *Set) bits(h uint64) (a, b uint64) {
	m := uint64(len(s.bloom)*64 - 1)
	return (h >> 20) & m, (h >> 40) & m
}

// find is the key of a lower-case text; -1: there is none.
func (s *Set) find(h uint64, kind kind, text string) int32 {
	a, b := s.bits(h)
	if s.bloom[a/64]&(1<<(a%64)) == 0 || s.bloom[b/64]&(1<<(b%64)) == 0 {
		return -1
	}
	for at := h & uint64(len(s.table)-1); s.table[at] != 0; at = (at + 1) & uint64(len(s.table)-1) {
		k := s.table[at] - 1
		if e := &s.keys[k]; e.hash == h && e.kind == kind && equalFold(e.text, text) {
			return k
		}
	}
	return -1
}

// Of returns the places in [Set.Indicators] that a hit stands for, in their
// order: those of its key; where the hit is inside a domain, its domains alone.
func (s *Set) Of(h Hit) []int32 {
	var out []int32
	for at := s.keys[h.Key].first; at >= 0; at = s.links[at].next {
		i := s.links[at].indicator
		if !h.Inside || s.Indicators[i].Type == Domain || s.keys[h.Key].kind == block {
			out = append(out, i)
		}
	}
	slices.Reverse(out)
	return out
}

// Broad are indicators that match more than one machine or party can be: blocks
// of more than a million addresses, and addresses that are not public.
func (s *Set) Broad() (broad []*Indicator) {
	for n := range s.Indicators {
		i := &s.Indicators[n]
		if i.Type != IP && i.Type != Block {
			continue
		}
		blocks, err := blocksOf(i.Value)
		if err != nil {
			continue // it was read, so there is none
		}
		for _, b := range blocks {
			a := b.Addr()
			if a.Is4() && b.Bits() < 12 || a.Is6() && b.Bits() < 32 || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || a.IsUnspecified() {
				broad = append(broad, i)
				break
			}
		}
	}
	return broad
}

// HasURLs reports whether any indicator is a URL.
func (s *Set) HasURLs() bool { return s.has[URL] }

// lowers are the bytes with ASCII letters in lower case.
var lowers = func() (t [256]byte) {
	for i := range t {
		t[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			t[i] += 'a' - 'A'
		}
	}
	return t
}()

const (
	seed  = 14695981039346656037 // FNV-1a
	prime = 1099511628211
)

// step adds one byte to a hash. Texts are hashed from their end, so that those
// of a name's parents come by themselves.
func step(h uint64, c byte) uint64 { return (h ^ uint64(lowers[c])) * prime }

// finish spreads a hash over all bits, and parts those of words from those of values.
func finish(kind kind, h uint64) uint64 {
	h ^= h>>29 ^ uint64(kind)<<50
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}

func hashOf(kind kind, text string) uint64 {
	h := uint64(seed)
	for i := len(text) - 1; i >= 0; i-- {
		h = step(h, text[i])
	}
	return finish(kind, h)
}

// equalFold compares a lower-case text with another whose ASCII letters may be capitals.
func equalFold(lower, text string) bool {
	if len(lower) != len(text) {
		return false
	}
	for i := range len(lower) {
		if lower[i] != lowers[text[i]] {
			return false
		}
	}
	return true
}

// lowerASCII is a text with its ASCII letters in lower case; the same where it
// has no capitals.
func lowerASCII(text string) string {
	for i := range len(text) {
		if lowers[text[i]] != text[i] {
			out := []byte(text)
			for ; i < len(out); i++ {
				out[i] = lowers[out[i]]
			}
			return string(out)
		}
	}
	return text
}

// IsURL reports whether a hit is one of a URL.
func (s *Set) IsURL(h Hit) bool {
	return slices.ContainsFunc(s.Of(h), func(i int32) bool { return s.Indicators[i].Type == URL })
}
