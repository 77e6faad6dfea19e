package indicator

import (
	"strings"
)

// Hit is an indicator's key that was found.
type Hit struct {
	Key int32
	// Inside says that what was found is a subdomain of the key, or an address
	// in its block.
	Inside bool
	Found  string // as it stands in the text, or what it stands for
}

// Scanner finds indicators in texts. Each goroutine needs its own.
type Scanner struct {
	set  *Set
	hits []Hit
	buf  []byte
}

// NewScanner is a scanner for a set that is filled.
func NewScanner(s *Set) *Scanner { return &Scanner{set: s} }

// rounds is how often a text may be encoded.
const rounds = 2

// Find gives the indicators that stand in a text, each once. The slice is valid
// until the next call; what it holds may point into the text.
func (s *Scanner) Find(text string) []Hit {
	s.hits = s.hits[:0]
	s.look(text)
	for range rounds {
		plain, changed := unescape(text)
		if !changed {
			break
		}
		text = plain
		s.look(text)
	}
	for range rounds {
		plain, changed := unpercent(text)
		if !changed {
			break
		}
		text = plain
		s.look(text)
	}
	return s.hits
}

// found notes a key. The same key twice in a text is one hit.
func (s *Scanner) found(k int32, inside bool, what string) {
	for i := range s.hits {
		if h := &s.hits[i]; h.Key == k {
			// The domain itself says more than that one of its subdomains is there.
			if h.Inside && !inside {
				h.Inside, h.Found = false, what
			}
			return
		}
	}
	s.hits = append(s.hits, Hit{k, inside, what})
}

// look finds what stands in a text as it is.
func (s *Scanner) look(text string) {
	s.tokens(text)
	if s.set.long > 0 {
		s.values(text)
	}
	if len(s.set.parts) > 0 {
		s.anywhere(text)
	}
}

// The classes of bytes.
const (
	inWord byte = 1 << iota
	isDigit
	isDot
	isHyphen
	hexByte // or a colon or dot: of an IPv6 address
	endsURL // and ARNs
	isLetter
)

var classes = func() (t [256]byte) {
	for i := range t {
		c := byte(i)
		switch {
		case '0' <= c && c <= '9':
			t[i] = inWord | isDigit | hexByte
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			t[i] = inWord | isLetter
			if l := c | 0x20; l <= 'f' {
				t[i] |= hexByte
			}
		case c == '.':
			t[i] = inWord | isDot | hexByte
		case c == '-':
			t[i] = inWord | isHyphen
		case c == '_' || c >= 0x80:
			t[i] = inWord
		case c == ':':
			t[i] = hexByte
		case c <= ' ' || strings.IndexByte("\"'<>\\|`{}^", c) >= 0:
			t[i] = endsURL
		}
	}
	return t
}()

// allWord reports whether a text is one token.
func allWord(text string) bool {
	for i := range len(text) {
		if classes[text[i]]&inWord == 0 {
			return false
		}
	}
	return true
}

// trimWord is a token without the dots and hyphens around it.
func trimWord(text string) string { return strings.Trim(text, ".-") }

func (s *Scanner) tokens(text string) {
	v6, six := len(s.set.lengths[1]) > 0 || len(s.set.lengths[0]) > 0, 0
	for i := 0; i < len(text); {
		c := classes[text[i]]
		if c&inWord == 0 {
			if text[i] == ':' && v6 && i >= six {
				six = s.address6(text, i)
			}
			i++
			continue
		}
		start := i
		seen := c
		for i++; i < len(text); i++ {
			k := classes[text[i]]
			if k&inWord == 0 {
				break
			}
			seen |= k
		}
		s.token(text, start, i, seen)
	}
}

// token looks at text[start:end], a longest run of bytes of words.
func (s *Scanner) token(text string, start, end int, seen byte) {
	set := s.set
	if seen&isDigit != 0 && len(set.lengths[0]) > 0 {
		if seen&isDot != 0 && end-start >= len("1.1.1.1") {
			s.addresses4(text, start, end)
		}
		if seen&isHyphen != 0 && end-start >= len("ip-1-1-1-1") {
			s.hostNames(text[start:end])
		}
	}
	if !set.words {
		return
	}
	a, b := start, end
	for a < b && (text[a] == '.' || text[a] == '-') {
		a++
	}
	for a < b && (text[b-1] == '.' || text[b-1] == '-') {
		b--
	}
	if b-a >= set.least {
		s.word(text[a:b], seen&isDot != 0)
	}
	if a == b {
		return
	}
	if set.has[Email] && start > 0 && text[start-1] == '@' {
		s.email(text, start-1, b)
	}
	if set.has[URL] {
		s.url(text, a, b, end, seen)
	}
	if set.has[ARN] && b == end && end-start >= 3 && end < len(text) && text[end] == ':' && equalFold("arn", text[a:b]) {
		s.arn(text, start)
	}
}

// word looks for a token, for the domains it is in, for the bucket that a host
// name of S3 begins with, and for a name after an account.
func (s *Scanner) word(w string, dotted bool) {
	set := s.set
	h := uint64(seed)
	domains := dotted && set.has[Domain]
	for p := len(w) - 1; p >= 0; p-- {
		if domains && w[p] == '.' && len(w)-p-1 >= set.least {
			if k := set.find(finish(word, h), word, w[p+1:]); k >= 0 && len(set.Of(Hit{Key: k, Inside: true})) > 0 {
				s.found(k, true, w)
			}
		}
		h = step(h, w[p])
	}
	if len(w) <= set.longest {
		if k := set.find(finish(word, h), word, w); k >= 0 {
			s.found(k, false, w)
		}
	}
	if dotted {
		for _, mark := range []string{".s3.", ".s3-"} {
			if at := strings.Index(w, mark); at >= set.least {
				s.exact(w[:at])
			}
		}
	}
	if len(w) > 13 && (w[12] == '-' || w[12] == '_') && len(w)-13 >= set.least {
		for i := range 12 {
			if classes[w[i]]&isDigit == 0 {
				return
			}
		}
		s.exact(w[13:])
	}
}

// exact looks for a text as a word.
func (s *Scanner) exact(w string) bool {
	if len(w) < s.set.least || len(w) > s.set.longest {
		return false
	}
	k := s.set.find(hashOf(word, w), word, w)
	if k >= 0 {
		s.found(k, false, w)
	}
	return k >= 0
}

// email looks at the address around the @ at text[at], whose domain ends at end.
func (s *Scanner) email(text string, at, end int) {
	from := at
	for from > 0 && (classes[text[from-1]]&inWord != 0 || text[from-1] == '+' || text[from-1] == '%') && at-from < 256 {
		from--
	}
	for ; from < at; from++ {
		s.exact(text[from:end])
		if c := text[from]; c != '.' && c != '-' {
			return // only these are no part of the name at its start
		}
	}
}

// url looks at the URL, or host and path, whose host is text[a:b]; end is where
// the token ends.
func (s *Scanner) url(text string, a, b, end int, seen byte) {
	schemed := a >= 3 && text[a-3:a] == "://"
	p := end
	port := ""
	if p < len(text) && text[p] == ':' {
		q := p + 1
		for q < len(text) && classes[text[q]]&isDigit != 0 {
			q++
		}
		if q > p+1 {
			port, p = text[p:q], q
		}
	}
	slash := p < len(text) && (text[p] == '/' || text[p] == '?' && schemed)
	if !schemed && (!slash || seen&isDot == 0) {
		return
	}
	e := p
	for slash && e < len(text) && classes[text[e]]&endsURL == 0 && e-p < longestValue {
		e++
	}
	tail := text[p:e]
	if port == ":80" || port == ":443" {
		port = ""
	}
	host := text[a:b]
	try := func(tail string) bool {
		if tail == "" || tail[0] != '/' {
			tail = "/" + tail
		}
		s.buf = append(append(append(s.buf[:0], host...), port...), tail...)
		if len(s.buf) < s.set.least || len(s.buf) > s.set.longest {
			return false
		}
		k := s.set.find(hashOf(word, string(s.buf)), word, string(s.buf))
		if k >= 0 {
			from := a
			for from > 0 && schemed && (classes[text[from-1]]&isLetter != 0 || from > a-3) {
				from--
			}
			s.found(k, false, text[from:e])
		}
		return k >= 0
	}
	tail, _, _ = strings.Cut(tail, "#")
	if try(tail) {
		return
	}
	if short := strings.TrimRight(tail, ".,;:!)]"); short != tail && try(short) {
		return
	}
	if path, _, ok := strings.Cut(tail, "?"); ok {
		try(path)
	}
}

// arn looks at the ARN that begins at text[start].
func (s *Scanner) arn(text string, start int) {
	e := start
	for e < len(text) && classes[text[e]]&endsURL == 0 && text[e] != ',' && text[e] != ';' && e-start < 2048 {
		e++
	}
	full := strings.TrimRight(text[start:e], ".:)]*")
	s.exact(full)
	// After the service's name and the account, a colon or slash may part a
	// version, an object or a session from what the ARN is of. The paths of
	// users and roles are part of their names.
	colons := 0
	service := ""
	for i := range len(full) {
		switch full[i] {
		case ':':
			if colons++; colons == 3 {
				service = full[strings.LastIndexByte(full[:i], ':')+1 : i]
			}
			if colons > 5 {
				s.exact(full[:i])
			}
		case '/':
			if colons >= 5 && !equalFold("iam", service) {
				s.exact(full[:i])
			}
		}
	}
}

// values looks for the text as a whole, and for what stands between quotes in it.
func (s *Scanner) values(text string) {
	s.value(strings.TrimSpace(text))
	from := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			s.value(text[from:i])
			from = i + 1
		}
	}
	if from > 0 {
		s.value(text[from:])
	}
}

func (s *Scanner) value(v string) {
	if len(v) < s.set.short {
		return
	}
	if len(v) <= s.set.long {
		if k := s.set.find(hashOf(whole, v), whole, v); k >= 0 {
			s.found(k, false, v)
			return
		}
	}
	// Within quotes JSON's own escapes: a longer value may be short in plain.
	if len(v) <= 6*s.set.long && strings.IndexByte(v, '\\') >= 0 {
		if plain, changed := unescape(v); changed {
			if k := s.set.find(hashOf(whole, plain), whole, plain); k >= 0 {
				s.found(k, false, plain)
			}
		}
	}
}

// window is how many bytes the start of a text to be found anywhere has.
const window = 4

func startHash(a, b, c, d byte) uint32 {
	x := uint32(lowers[a]) | uint32(lowers[b])<<8 | uint32(lowers[c])<<16 | uint32(lowers[d])<<24
	x *= 0x9e3779b1
	return x ^ x>>16
}

// anywhere looks for the texts that may stand anywhere.
func (s *Scanner) anywhere(text string) {
	for i := 0; i+window <= len(text); i++ {
		h := startHash(text[i], text[i+1], text[i+2], text[i+3])
		if s.set.starts[uint16(h)/64]&(1<<(h%64)) == 0 {
			continue
		}
		for _, k := range s.set.parts[h] {
			if t := s.set.keys[k].text; len(text)-i >= len(t) && equalFold(t, text[i:i+len(t)]) {
				s.found(k, false, text[i:i+len(t)])
			}
		}
	}
}
