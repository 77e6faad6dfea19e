package indicator

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// longestValue is how many bytes an indicator may have, and shortest how many
// it must have: a shorter word stands everywhere.
const (
	longestValue = 8 << 10
	shortest     = 3
)

var (
	domainForm = regexp.MustCompile(`^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+(?:[a-z]{2,63}|xn--[a-z0-9-]+)$`)
	emailForm  = regexp.MustCompile(`^[a-z0-9._%+-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$`)
	keyForm    = regexp.MustCompile(`^(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,124}$`)
	arnForm    = regexp.MustCompile(`^arn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:[0-9a-z]*:.+`)
	agentForm  = regexp.MustCompile(`^[A-Za-z][\w.+!-]*(?: [\w.+-]+)?/v?[0-9][\w.+-]*(?:$|[ ;,(])`)
	ja4Form    = regexp.MustCompile(`^[tqd][0-9s][0-9][di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$`)
	quadForm   = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+){3}$`)
	schemeForm = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://`)
	hexForm    = regexp.MustCompile(`^[0-9a-f]+$`)
	digitsForm = regexp.MustCompile(`^[0-9]+$`)
)

// form is one way in which an indicator is looked for.
type form struct {
	kind  kind
	text  string // lower case
	block netip.Prefix
}

type kind uint8

const (
	word  kind = iota // a token of a text
	whole             // all of a value
	part              // anywhere
	block             // an address or block
)

// parsed is a value told for what it is.
type parsed struct {
	value string
	typ   Type
	forms []form
}

// parse tells what a value is, of the wanted type where the list says one and
// the value can be of it; any is for a list that does not. The error says why
// it cannot be an indicator.
func parse(text string, wanted Type, typed bool) (p parsed, err error) {
	if len(text) > longestValue {
		return p, fmt.Errorf("longer than %d bytes", longestValue)
	}
	if !utf8.ValidString(text) {
		return p, errors.New("not UTF-8")
	}
	for _, c := range text {
		if c < ' ' || c == 0x7f {
			return p, errors.New("a control character in it")
		}
	}
	text = refang(strings.TrimSpace(text))
	if !typed {
		wanted = tell(text)
	}
	p = parsed{value: text, typ: wanted}
	p.forms, err = formsOf(text, wanted)
	return p, err
}

// tell tells the type of a value by what it looks like.
func tell(v string) Type {
	lower := lowerASCII(v)
	switch {
	case len(v) > 2 && v[0] == '*' && v[len(v)-1] == '*':
		return Substring
	case arnForm.MatchString(lower):
		return ARN
	case schemeForm.MatchString(lower):
		return URL
	case looksNumeric(lower):
		if _, _, isRange := strings.Cut(v, "-"); isRange || strings.Contains(v, "/") {
			return Block
		}
		return IP
	case emailForm.MatchString(lower):
		return Email
	case keyForm.MatchString(v):
		return AccessKey
	case ja4Form.MatchString(lower):
		return JA4
	case hexForm.MatchString(lower):
		if t, ok := hashTypes[len(lower)]; ok {
			return t
		}
		if len(v) == 12 && digitsForm.MatchString(v) {
			return Account
		}
	case isDomain(strings.TrimPrefix(strings.TrimPrefix(lower, "*"), ".")):
		return Domain
	case strings.Contains(v, "/") && isDomain(hostOf(lower)):
		return URL
	case agentForm.MatchString(v):
		return UserAgent
	}
	return Text
}

var hashTypes = map[int]Type{32: MD5, 40: SHA1, 64: SHA256, 128: SHA512}

// looksNumeric reports whether a value is an address, block or range, or was
// meant for one.
func looksNumeric(v string) bool {
	if len(v) == 0 {
		return false
	}
	first, _, _ := strings.Cut(v, "-")
	first, _, _ = strings.Cut(strings.TrimSpace(first), "/")
	if quadForm.MatchString(first) {
		return true
	}
	if _, err := netip.ParseAddrPort(v); err == nil {
		return true
	}
	_, err := netip.ParseAddr(first)
	return err == nil
}

// isDomain reports whether a lower-case text is a host name with a dot.
func isDomain(v string) bool {
	_, ok := ascii(v)
	return ok
}

// ascii is a host name as DNS has it.
func ascii(v string) (string, bool) {
	v = strings.TrimSuffix(v, ".")
	for i := range len(v) {
		if v[i] >= utf8.RuneSelf {
			name, err := idna.Lookup.ToASCII(v)
			if err != nil {
				return "", false
			}
			v = name
			break
		}
	}
	return v, len(v) <= 253 && domainForm.MatchString(v)
}

// hostOf is the host of a URL without scheme.
func hostOf(v string) string {
	v, _, _ = strings.Cut(v, "/")
	if at := strings.LastIndexByte(v, ':'); at >= 0 && digitsForm.MatchString(v[at+1:]) {
		v = v[:at]
	}
	return v
}

func formsOf(v string, t Type) ([]form, error) {
	lower := lowerASCII(v)
	switch t {
	case IP, Block:
		blocks, err := blocksOf(v)
		if err != nil {
			return nil, err
		}
		var out []form
		for _, b := range blocks {
			out = append(out, form{kind: block, block: b})
		}
		return out, nil
	case Domain:
		name, ok := ascii(strings.TrimPrefix(strings.TrimPrefix(lower, "*"), "."))
		if !ok {
			return nil, errors.New("not a domain")
		}
		out := []form{{kind: word, text: name}}
		if plain := strings.Trim(strings.TrimPrefix(lower, "*"), "."); plain != name {
			out = append(out, form{kind: word, text: plain})
		}
		return out, nil
	case URL:
		key, ok := urlKey(lower)
		if !ok {
			return nil, errors.New("not a URL with a host")
		}
		return []form{{kind: word, text: key}}, nil
	case Email:
		if !emailForm.MatchString(lower) {
			return nil, errors.New("not an e-mail address")
		}
	case MD5, SHA1, SHA256, SHA512:
		if !hexForm.MatchString(lower) || hashTypes[len(lower)] != t {
			return nil, fmt.Errorf("not an %s hash", t)
		}
	case ARN:
		if !arnForm.MatchString(lower) {
			return nil, errors.New("not an ARN")
		}
		out := []form{{kind: word, text: strings.TrimRight(lower, ":*")}, {kind: whole, text: lower}}
		if m := roleForm.FindStringSubmatch(lower); m != nil {
			out = append(out, form{kind: word, text: fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s", m[1], m[2], m[3])})
		}
		return out, nil
	case Substring:
		text := strings.Trim(lower, "*")
		if len(text) < window {
			return nil, fmt.Errorf("a text to be found anywhere needs %d characters", window)
		}
		return []form{{kind: part, text: text}}, nil
	case UserAgent:
		if len(lower) < shortest {
			return nil, fmt.Errorf("shorter than %d characters", shortest)
		}
		return []form{{kind: whole, text: lower}}, nil
	}
	if len(lower) < shortest {
		return nil, fmt.Errorf("shorter than %d characters", shortest)
	}
	plain := trimWord(lower)
	if len(plain) >= shortest && allWord(plain) || t == Email {
		return []form{{kind: word, text: plain}}, nil
	}
	return []form{{kind: whole, text: lower}}, nil
}

// roleForm is the ARN of a role. A session's ARN leaves out the role's path.
var roleForm = regexp.MustCompile(`^arn:([a-z-]+):iam::([0-9]{12}):role/(?:.*/)?([^/]+)$`)

// blocksOf are the blocks that an address, block or range is made of.
func blocksOf(v string) ([]netip.Prefix, error) {
	if from, to, ok := strings.Cut(v, "-"); ok {
		first, err1 := netip.ParseAddr(strings.TrimSpace(from))
		last, err2 := netip.ParseAddr(strings.TrimSpace(to))
		if err1 != nil || err2 != nil {
			return nil, errors.New("not a range of addresses")
		}
		return rangeOf(first.Unmap(), last.Unmap())
	}
	if strings.Contains(v, "/") {
		b, err := netip.ParsePrefix(v)
		if err != nil {
			return nil, errors.New("not a block of addresses")
		}
		if b.Addr().Is4In6() {
			if b.Bits() < 96 {
				return nil, errors.New("not a block of addresses")
			}
			b = netip.PrefixFrom(b.Addr().Unmap(), b.Bits()-96)
		}
		return []netip.Prefix{b.Masked()}, nil
	}
	addr, err := netip.ParseAddr(strings.Trim(v, "[]"))
	if err != nil {
		with, perr := netip.ParseAddrPort(v)
		if perr != nil {
			return nil, errors.New("not an address")
		}
		addr = with.Addr()
	}
	addr = addr.Unmap().WithZone("")
	return []netip.Prefix{netip.PrefixFrom(addr, addr.BitLen())}, nil
}

// rangeOf is the blocks from first to last, both in it.
func rangeOf(first, last netip.Addr) (out []netip.Prefix, err error) {
	if first.BitLen() != last.BitLen() || last.Less(first) {
		return nil, errors.New("a range ends before it begins")
	}
	for {
		b := netip.PrefixFrom(first, first.BitLen())
		// As wide as it can be: it must begin at first and not end after last.
		for b.Bits() > 0 {
			wider := netip.PrefixFrom(first, b.Bits()-1).Masked()
			if wider.Addr() != first || last.Less(lastOf(wider)) {
				break
			}
			b = wider
		}
		out = append(out, b)
		end := lastOf(b)
		if end == last {
			return out, nil
		}
		first = end.Next()
	}
}

// lastOf is the last address of a block.
func lastOf(b netip.Prefix) netip.Addr {
	bytes := b.Addr().AsSlice()
	for i := b.Bits(); i < len(bytes)*8; i++ {
		bytes[i/8] |= 0x80 >> (i % 8)
	}
	end, _ := netip.AddrFromSlice(bytes) // 4 or 16 bytes
	return end
}

// urlKey is a lower-case URL as it is compared: host, port where it is not a
// default one, path and query, without scheme and fragment.
func urlKey(v string) (string, bool) {
	v = v[len(schemeForm.FindString(v)):]
	v, _, _ = strings.Cut(v, "#")
	end := strings.IndexAny(v, "/?")
	if end < 0 {
		end = len(v)
	}
	host, tail := v[:end], v[end:]
	host = host[strings.LastIndexByte(host, '@')+1:]
	host = strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
	host = strings.TrimSuffix(host, ".")
	if host == "" || strings.ContainsAny(host, " \"'<>\\") {
		return "", false
	}
	if name, ok := ascii(host); ok {
		host = name
	}
	if tail == "" || tail[0] != '/' {
		tail = "/" + tail
	}
	return host + tail, true
}
