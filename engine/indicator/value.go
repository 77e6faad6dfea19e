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
	emailForm = regexp.MustCompile(`^[a-z0-9._%+-]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$`)
	keyForm   = regexp.MustCompile(`^(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,124}$`)
	arnForm   = regexp.MustCompile(`^arn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:[0-9a-z]*:.+`)
	agentForm = regexp.MustCompile(`^[A-Za-z][\w.+!-]*(?: [\w.+-]+)?/v?[0-9][\w.+-]*(?:$|[ ;,(])`)
	ja4Form   = regexp.MustCompile(`^[tqd][0-9s][0-9][di][0-9]{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}$`)
)

// isHex and isDigits report whether a lower-case text is nothing else; an empty
// one is neither.
func isHex(v string) bool    { return v != "" && strings.Trim(v, "0123456789abcdef") == "" }
func isDigits(v string) bool { return v != "" && strings.Trim(v, "0123456789") == "" }

// afterScheme is where a lower-case URL goes on behind scheme://; 0: it has none.
func afterScheme(v string) int {
	at := strings.Index(v, "://")
	if at < 1 || v[0] < 'a' || v[0] > 'z' || strings.Trim(v[:at], "abcdefghijklmnopqrstuvwxyz0123456789+.-") != "" {
		return 0
	}
	return at + 3
}

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

// tell tells the type of a value by what it looks like. Lists are long, so what
// is cheap to know comes before any pattern is run.
func tell(v string) Type {
	lower := lowerASCII(v)
	slash := strings.IndexByte(v, '/') >= 0
	switch {
	case len(v) > 2 && v[0] == '*' && v[len(v)-1] == '*':
		return Substring
	case strings.HasPrefix(lower, "arn:") && arnForm.MatchString(lower):
		return ARN
	case slash && afterScheme(lower) > 0:
		return URL
	case looksNumeric(lower):
		if slash || strings.IndexByte(v, '-') >= 0 {
			return Block
		}
		return IP
	case strings.IndexByte(v, '@') > 0 && emailForm.MatchString(lower):
		return Email
	case len(v) >= 16 && v[0] == 'A' && keyForm.MatchString(v):
		return AccessKey
	case len(v) == 36 && ja4Form.MatchString(lower):
		return JA4
	case isHex(lower):
		if t, ok := hashTypes[len(lower)]; ok {
			return t
		}
		if len(v) == 12 && isDigits(v) {
			return Account
		}
	case !slash && isDomain(withoutStar(lower)):
		return Domain
	case slash && isDomain(hostOf(lower)):
		return URL
	case slash && agentForm.MatchString(v):
		return UserAgent
	}
	return Text
}

// withoutStar is a domain without what says that its subdomains are meant.
func withoutStar(v string) string { return strings.TrimPrefix(strings.TrimPrefix(v, "*"), ".") }

var hashTypes = map[int]Type{32: MD5, 40: SHA1, 64: SHA256, 128: SHA512}

// looksNumeric reports whether a value is an address, block or range, or was
// meant for one.
func looksNumeric(v string) bool {
	if v == "" || v[0] != '[' && v[0] != ':' && classes[v[0]]&hexByte == 0 {
		return false
	}
	first := v
	if at := strings.IndexAny(v, "-/"); at >= 0 {
		first = strings.TrimSpace(v[:at])
	}
	if isQuad(first) {
		return true
	}
	if strings.IndexByte(v, ':') < 0 {
		return false
	}
	if _, err := netip.ParseAddrPort(v); err == nil {
		return true
	}
	_, err := netip.ParseAddr(first)
	return err == nil
}

// isQuad reports whether a text is four numbers with dots between.
func isQuad(v string) bool {
	dots, digits := 0, 0
	for i := range len(v) {
		switch c := v[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '.' && digits > 0:
			dots, digits = dots+1, 0
		default:
			return false
		}
	}
	return dots == 3 && digits > 0
}

// isDomain reports whether a lower-case text is a host name with a dot.
func isDomain(v string) bool {
	_, ok := ascii(v)
	return ok
}

// ascii is a lower-case host name as DNS has it, if it is one: labels with dots
// between, the last of letters.
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
	start, labels, letters := 0, 0, true
	for i := range len(v) + 1 {
		if i == len(v) || v[i] == '.' {
			if i == start || i-start > 63 || v[start] == '-' || v[i-1] == '-' {
				return "", false
			}
			if i == len(v) && !strings.HasPrefix(v[start:], "xn--") && (!letters || i-start < 2) {
				return "", false
			}
			start, labels, letters = i+1, labels+1, true
			continue
		}
		switch c := v[i]; {
		case 'a' <= c && c <= 'z':
		case '0' <= c && c <= '9', c == '-', c == '_':
			letters = false
		default:
			return "", false
		}
	}
	return v, labels > 1 && len(v) <= 253
}

// hostOf is the host of a URL without scheme.
func hostOf(v string) string {
	v, _, _ = strings.Cut(v, "/")
	if at := strings.LastIndexByte(v, ':'); at >= 0 && isDigits(v[at+1:]) {
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
			if !looksNumeric(lower) {
				err = errors.New("not an address")
			}
			return nil, err
		}
		var out []form
		for _, b := range blocks {
			out = append(out, form{kind: block, block: b})
		}
		return out, nil
	case Domain:
		name, ok := ascii(withoutStar(lower))
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
		if !ok || afterScheme(lower) == 0 && !strings.Contains(hostOf(lower), ".") {
			return nil, errors.New("not a URL with a host")
		}
		return []form{{kind: word, text: key}}, nil
	case Email:
		if !emailForm.MatchString(lower) {
			return nil, errors.New("not an e-mail address")
		}
	case MD5, SHA1, SHA256, SHA512:
		if !isHex(lower) || hashTypes[len(lower)] != t {
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
	v = v[afterScheme(v):]
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
