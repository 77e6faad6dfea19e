package indicator

import (
	"net/netip"
	"strings"
)

// address looks for an address and the blocks it is in.
func (s *Scanner) address(a netip.Addr, found string) {
	a = a.Unmap().WithZone("")
	family := 0
	if a.Is6() {
		family = 1
	}
	for _, bits := range s.set.lengths[family] {
		b, err := a.Prefix(bits)
		if err != nil {
			continue // the lengths are those of the family
		}
		if k, ok := s.set.blocks[b]; ok {
			s.found(k, bits < a.BitLen(), found)
		}
	}
}

// addresses4 looks for IPv4 addresses in the token text[start:end]: digits and
// dots between which and a letter there is something else.
func (s *Scanner) addresses4(text string, start, end int) {
	const quad = isDigit | isDot
	for i := start; i < end; {
		if classes[text[i]]&quad == 0 {
			i++
			continue
		}
		from := i
		for i < end && classes[text[i]]&quad != 0 {
			i++
		}
		a, b := from, i
		for a < b && text[a] == '.' {
			a++
		}
		for a < b && text[b-1] == '.' {
			b--
		}
		// A letter at its side makes it part of a word, but for a dot between.
		if a == from && a > start && classes[text[a-1]]&isLetter != 0 || b == i && b < end && classes[text[b]]&isLetter != 0 {
			continue
		}
		addr, ok := parse4(text[a:b])
		if !ok {
			continue
		}
		if rest := text[i:end]; len(rest) >= len("in-addr.arpa") && i > b && equalFold("in-addr.arpa", rest[:len("in-addr.arpa")]) {
			addr[0], addr[1], addr[2], addr[3] = addr[3], addr[2], addr[1], addr[0]
		} else if isVersion(text, start, a, b) {
			continue
		}
		s.address(netip.AddrFrom4(addr), text[a:b])
	}
}

// isVersion reports whether a dotted quad is that of a product, as browsers
// send it: Chrome/120.0.0.0.
func isVersion(text string, start, a, b int) bool {
	return a == start && a >= 2 && text[a-1] == '/' && classes[text[a-2]]&isLetter != 0 && strings.HasSuffix(text[a:b], ".0.0.0")
}

// parse4 reads four octets without leading zeros.
func parse4(text string) (addr [4]byte, ok bool) {
	if len(text) < 7 || len(text) > 15 {
		return addr, false
	}
	n, octet, digits := 0, 0, 0
	for i := range len(text) {
		c := text[i]
		if c == '.' {
			if digits == 0 || n == 3 {
				return addr, false
			}
			addr[n] = byte(octet)
			n, octet, digits = n+1, 0, 0
			continue
		}
		if digits > 0 && octet == 0 {
			return addr, false
		}
		octet = octet*10 + int(c-'0')
		if digits++; octet > 255 {
			return addr, false
		}
	}
	addr[3] = byte(octet)
	return addr, n == 3 && digits > 0
}

// hostNames looks for the addresses in names that AWS gives hosts:
// ip-192-0-2-1, ec2-192-0-2-1.
func (s *Scanner) hostNames(w string) {
	for at := 0; at < len(w); at++ {
		if c := w[at] | 0x20; at > 0 && classes[w[at-1]]&(isLetter|isDigit) != 0 || c != 'i' && c != 'e' {
			continue
		}
		rest := w[at:]
		switch {
		case len(rest) > 3 && equalFold("ip-", rest[:3]):
			rest = rest[3:]
		case len(rest) > 4 && equalFold("ec2-", rest[:4]):
			rest = rest[4:]
		default:
			continue
		}
		end := 0
		for end < len(rest) && (classes[rest[end]]&isDigit != 0 || rest[end] == '-') {
			end++
		}
		if addr, ok := parse4(strings.ReplaceAll(rest[:end], "-", ".")); ok {
			s.address(netip.AddrFrom4(addr), w)
		}
	}
}

// address6 looks at the IPv6 address around the colon at text[at], and gives
// where the next may begin.
func (s *Scanner) address6(text string, at int) int {
	a, b := at, at
	for a > 0 && classes[text[a-1]]&hexByte != 0 && at-a < 48 {
		a--
	}
	colons, double := 0, false
	for b < len(text) && classes[text[b]]&hexByte != 0 {
		if text[b] == ':' {
			colons++
			double = double || b+1 < len(text) && text[b+1] == ':'
		}
		b++
	}
	next := b
	if colons < 2 || !double && colons < 6 || b-a > 48 {
		return next
	}
	const beside = isLetter | isDigit
	if a > 0 && classes[text[a-1]]&beside != 0 || text[a:a+1] == "_" || b < len(text) && classes[text[b]]&beside != 0 {
		return next
	}
	found := strings.Trim(text[a:b], ".")
	if strings.HasSuffix(found, ":") && !strings.HasSuffix(found, "::") {
		found = found[:len(found)-1] // "2001:db8::1: connection refused"
	}
	if addr, err := netip.ParseAddr(found); err == nil {
		s.address(addr, found)
	}
	return next
}
