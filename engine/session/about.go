package session

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"logquarry/engine/schema"
)

// about is what makes a row one about the pivot's value: every term holds for
// some text column of it.
type about struct {
	terms  []string // conditions on a column, which %[1]s stands for
	params map[string]any
}

// What may stand before a word though it looks as if it were part of it: the
// end of a character written as %2F or, in JSON, as \n or \u002f.
const escaped = `%(?:25)*[0-9a-f]{2}|\\[bfnrt]|\\u[0-9a-f]{4}`

var (
	// domain is a host name: labels with dots between, the last of letters.
	domain = regexp.MustCompile(`^([a-z0-9_]([a-z0-9_-]*[a-z0-9])?\.)+[a-z]{2,}$`)
	// page is a URL, or what events show as target of a request: host and path.
	page = regexp.MustCompile(`^(?:https?://)?([^/:@ ]+)(?::[0-9]+)?(/[^ ]*)$`)
	// object is an S3 object or bucket, as URI or ARN.
	object = regexp.MustCompile(`^(?:s3://|arn:[a-z-]+:s3:::)([^/]+)/?(.*)$`)
	// role is the ARN of a role. A session's ARN leaves out the role's path.
	role = regexp.MustCompile(`^arn:([a-z-]+):iam::([0-9]{12}):role/(?:.*/)?([^/]+)$`)
	// resourceID is the id of an instance, interface, volume and the like.
	resourceID = regexp.MustCompile(`^[a-z]+-[0-9a-f]{8,17}$`)
	// resource is the ARN of such.
	resource = regexp.MustCompile(`^arn:[a-z-]+:ec2:[^:]*:[^:]*:[a-z-]+/([a-z]+-[0-9a-f]{8,17})$`)
	// balancer is the ARN of a load balancer, of which its logs have the end.
	balancer = regexp.MustCompile(`^arn:.*:loadbalancer/((?:app|net)/.+)$`)
)

// newAbout makes the conditions for v:
//   - an IPv4 address, also as ::ffff:192.0.2.1, and in host names such as
//     ip-192-0-2-1 and 1.2.0.192.in-addr.arpa;
//   - an IPv6 address, in whatever spelling;
//   - a block of addresses: all addresses in it;
//   - a domain: its subdomains too; a URL, or a host with a path;
//   - an S3 object as URI or ARN, however its key is encoded;
//   - the ARN of a role: its sessions too; that of an EC2 resource: its id;
//   - any other text, whatever its case, also encoded for a URL or for JSON.
func newAbout(v string) *about {
	a := &about{params: map[string]any{}}
	if block, err := netip.ParsePrefix(v); err == nil && block.Bits() > 0 {
		a.block(block.Masked())
		return a
	}
	if addr, err := netip.ParseAddr(v); err == nil {
		a.address(addr.Unmap().WithZone(""))
		return a
	}
	if m := object.FindStringSubmatch(v); m != nil {
		a.name(m[1])
		if m[2] != "" {
			a.name(m[2])
		}
		return a
	}
	if m := role.FindStringSubmatch(v); m != nil {
		a.name(v, fmt.Sprintf("arn:%s:sts::%s:assumed-role/%s", m[1], m[2], m[3]))
		return a
	}
	if m := resource.FindStringSubmatch(v); m != nil {
		v = m[1]
	}
	if m := balancer.FindStringSubmatch(v); m != nil {
		a.name(v, m[1])
		return a
	}
	if m := page.FindStringSubmatch(v); m != nil && domain.MatchString(strings.ToLower(m[1])) {
		a.host(m[1])
		if m[2] != "/" {
			a.name(m[2])
		}
		return a
	}
	if name := strings.TrimSuffix(strings.TrimPrefix(v, "*."), "."); domain.MatchString(strings.ToLower(name)) {
		a.host(name)
		return a
	}
	a.name(v)
	return a
}

// add adds a term: text in which an expression is found. Few texts have one of
// the parts, and looking for these is quick; nil stands for any text.
func (a *about) add(re string, parts []string) {
	term := fmt.Sprintf("regexp_matches(%%[1]s, %s)", a.param("(?i)"+re))
	if parts != nil {
		var quick []string
		for _, p := range parts {
			quick = append(quick, fmt.Sprintf("contains(lower(%%[1]s), %s)", a.param(strings.ToLower(p))))
		}
		term = "(" + strings.Join(quick, " OR ") + ") AND " + term
	}
	a.terms = append(a.terms, term)
}

func (a *about) param(v string) string {
	name := fmt.Sprintf("v%d", len(a.params))
	a.params[name] = v
	return "$" + name
}

// name looks for a text in any of its forms. A name with hyphens is not found
// as a part of a longer such name, save after an account: shop-logs is not in
// shop-logs-old, but in 111122223333-shop-logs.
func (a *about) name(names ...string) {
	var parts, res []string
	for _, v := range names {
		class := "0-9a-z"
		if strings.ContainsAny(v, "-_") && !resourceID.MatchString(v) {
			class += "_-"
		}
		arn := strings.HasPrefix(v, "arn:")
		for _, form := range forms(v) {
			parts = append(parts, form)
			re := regexp.QuoteMeta(form)
			if isWord(form[0]) {
				re = "(?:^|[^" + class + "]|[0-9]{12}[_-]|" + escaped + ")" + re
			}
			switch last := form[len(form)-1]; {
			case isWord(last) && arn:
				// Names of users and roles may have these inside.
				re += "(?:$|[^.@+=" + class + "]|[.@+=](?:$|[^0-9a-z]))"
			case isWord(last):
				re += "(?:$|[^" + class + "])"
			}
			res = append(res, re)
		}
	}
	a.add("(?:"+strings.Join(res, "|")+")", parts)
}

// isWord reports whether c may be part of a word.
func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c >= 0x80
}

// forms are the ways in which logs write a text: as it is, in a JSON string,
// and encoded for a URL, in part (CloudFront), with + or %20 for a blank, and
// twice (S3).
func forms(v string) []string {
	out := []string{v}
	if b, err := json.Marshal(v); err == nil {
		out = append(out, string(b[1:len(b)-1]))
	}
	part := escapeAll(v, " \"#%'<>[]\\^`{|}~")
	plus := url.QueryEscape(v)
	path := strings.ReplaceAll(plus, "%2F", "/")
	for _, form := range []string{part, path, plus, strings.ReplaceAll(path, "+", "%20"), strings.ReplaceAll(plus, "+", "%20")} {
		out = append(out, form, strings.ReplaceAll(form, "%", "%25"))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// escapeAll writes the characters of set, and those beyond ASCII, as %XX.
func escapeAll(v, set string) string {
	var b strings.Builder
	for i := range len(v) {
		if c := v[i]; c < ' ' || c > '~' || strings.IndexByte(set, c) >= 0 {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// host looks for a domain and its subdomains; example.com is not in
// example.com.evil.net, but as a bucket in example.com.s3.amazonaws.com.
func (a *about) host(name string) {
	name = strings.TrimSuffix(name, ".")
	a.add("(?:^|[^0-9a-z-]|"+escaped+")"+regexp.QuoteMeta(name)+`(?:$|[^0-9a-z.-]|\.(?:$|[^0-9a-z-])|\.s3[.-])`, []string{name})
}

// What may stand around an IPv4 address: no digit, and no dot between digits.
const (
	before4 = `(?:^|[^0-9.]|[^0-9]\.|` + escaped + `)`
	after4  = `(?:$|[^0-9.]|\.(?:$|[^0-9]))`
	before6 = `(?:^|[^0-9a-f:]|` + escaped + `)`
	after6  = `(?:$|[^0-9a-f:])`
)

func (a *about) address(addr netip.Addr) {
	if addr.Is6() {
		a.add(before6+spellings(addr)+after6, nil)
		return
	}
	b := addr.As4()
	dashes := strings.ReplaceAll(addr.String(), ".", "-")
	reverse := fmt.Sprintf("%d.%d.%d.%d.in-addr.arpa", b[3], b[2], b[1], b[0])
	quoted := regexp.QuoteMeta(addr.String())
	// An address before in-addr.arpa is that of the address backwards.
	a.add("(?:"+before4+quoted+after4+"|(?:ip|ec2)-"+dashes+"(?:$|[^0-9-])|"+before4+regexp.QuoteMeta(reverse)+")",
		[]string{addr.String(), "-" + dashes, reverse})
}

// spellings is an expression for every way to write an IPv6 address: groups
// with or without leading zeros, and any run of zeros left out.
func spellings(addr netip.Addr) string {
	g := groups(addr)
	ways := []string{strings.Join(g, ":")}
	for from := range g {
		for to := from; to < len(g) && g[to] == "0{1,4}"; to++ {
			ways = append(ways, strings.Join(g[:from], ":")+"::"+strings.Join(g[to+1:], ":"))
		}
	}
	return "(?:" + strings.Join(ways, "|") + ")"
}

// groups are expressions for the groups of an IPv6 address.
func groups(addr netip.Addr) []string {
	b := addr.As16()
	var out []string
	for i := 0; i < 16; i += 2 {
		digits := fmt.Sprintf("%x", uint16(b[i])<<8|uint16(b[i+1]))
		switch {
		case digits == "0":
			digits = "0{1,4}"
		case len(digits) < 4:
			digits = fmt.Sprintf("0{0,%d}%s", 4-len(digits), digits)
		}
		out = append(out, digits)
	}
	return out
}

// block looks for the addresses of a block.
func (a *about) block(block netip.Prefix) {
	if addr := block.Addr(); addr.Is4In6() && block.Bits() >= 96 {
		block = netip.PrefixFrom(addr.Unmap(), block.Bits()-96)
	}
	if block.Addr().Is4() {
		o := octets(block)
		fixed := strings.Split(block.Addr().String(), ".")[:block.Bits()/8]
		var parts []string
		if len(fixed) > 0 {
			parts = []string{strings.Join(fixed, "."), "-" + strings.Join(fixed, "-")}
		}
		a.add("(?:"+before4+strings.Join(o, `\.`)+after4+"|(?:ip|ec2)-"+strings.Join(o, "-")+"(?:$|[^0-9-]))", parts)
		return
	}
	// Of all ways to write an address of the block only a comparison of values
	// is sure; texts without the groups that no spelling leaves out need none.
	all := groups(block.Addr())
	var start []string
	for _, g := range all[:block.Bits()/16] {
		if g == "0{1,4}" {
			break
		}
		start = append(start, g)
	}
	a.add(before6+strings.Join(append(start, ""), ":"), nil)
	a.terms[0] = fmt.Sprintf(`%s AND len(list_filter(regexp_extract_all(%%[1]s, '[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}'), x -> coalesce(ip_in_cidr(x, %s), false))) > 0`,
		a.terms[0], a.param(block.String()))
}

// octets are expressions for the octets of the addresses of an IPv4 block.
func octets(block netip.Prefix) []string {
	b := block.Addr().As4()
	var parts []string
	for i, octet := range b {
		switch fixed := block.Bits() - 8*i; {
		case fixed >= 8:
			parts = append(parts, fmt.Sprint(octet))
		case fixed <= 0:
			parts = append(parts, `[0-9]{1,3}`)
		default:
			var values []string
			for v := int(octet); v < int(octet)+1<<(8-fixed); v++ {
				values = append(values, fmt.Sprint(v))
			}
			parts = append(parts, "(?:"+strings.Join(values, "|")+")")
		}
	}
	return parts
}

// where is the condition on the rows of a source.
func (a *about) where(src *schema.Source) string {
	var all []string
	for _, term := range a.terms {
		var any []string
		for _, c := range src.AllColumns() {
			if c.Type == schema.JSONText || c.Type == schema.Varchar {
				any = append(any, fmt.Sprintf(term, schema.Quote(c.Name)))
			}
		}
		all = append(all, "("+strings.Join(any, "\n    OR ")+")")
	}
	return strings.Join(all, "\n    AND ")
}
