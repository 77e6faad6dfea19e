// Package indicator reads lists of indicators of compromise and finds them in
// texts.
//
// In: files, each a plain list, CSV, a STIX 2.1 bundle or MISP JSON. Out: a
// [Set], and a [Scanner] that tells which of its indicators stand in a text,
// however logs write them. It leaves taking texts out of a case to match, and
// knows no DuckDB.
//
// # What is found
//
// Letters match whatever their case.
//   - An address, as IPv4 or IPv6 in any spelling, as ::ffff:192.0.2.1, in names
//     such as ip-192-0-2-1 and 1.2.0.192.in-addr.arpa, with a port or without.
//     A block or range: each address in it.
//   - A domain: itself and its subdomains, with [Hit.Inside] set for these.
//   - A URL: with http, https or no scheme; one without a query whatever query
//     follows. Default ports and fragments do not count.
//   - An ARN: that of a role also in its sessions, that of a bucket in its
//     objects, that of a function in its versions.
//   - A hash, fingerprint, access key, e-mail address or other name: as a whole
//     word, in which letters, digits, dots, hyphens and underscores are.
//   - A user agent, or any text with other characters: as the whole of a value,
//     or of what stands in double quotes.
//   - *text*: anywhere.
//
// What is encoded for a URL or escaped in JSON, up to twice, is looked at in
// plain too.
package indicator

import (
	"encoding/json"
	"fmt"
	"time"
)

// Type is what an indicator is of.
type Type uint8

// The types, by what their values look like.
const (
	Text Type = iota // any other: a name, an id
	IP
	Block // CIDR block or range of addresses
	Domain
	URL
	Email
	MD5 // JA3 fingerprints look the same
	SHA1
	SHA256
	SHA512
	JA4
	UserAgent
	AccessKey
	ARN
	Account
	Substring
)

var typeNames = [...]string{"text", "ip", "cidr", "domain", "url", "email", "md5", "sha1", "sha256", "sha512", "ja4",
	"user_agent", "access_key", "arn", "account", "substring"}

// String is the type as results name it.
func (t Type) String() string { return typeNames[t] }

// Indicator is one entry of a list.
type Indicator struct {
	Value string // as the list writes it, refanged
	Type  Type
	List  int32 // of [Set.Lists]
	Line  int32 // from 1; of STIX and MISP the object or attribute, counted from 1
	// Context is what the list says of it, as the members of a JSON object
	// without the braces; empty: nothing.
	Context string
	// From and Until are when it holds, Unix seconds; 0: open. From is
	// inclusive, Until exclusive, as STIX has them.
	From, Until int64
	// Revoked says that its maker took it back.
	Revoked bool
	// Partial says that its pattern has other conditions, which are not checked.
	Partial bool
}

// Note says what a person must know of a hit of the indicator at a time;
// empty: nothing.
func (i *Indicator) Note(at time.Time) string {
	var note string
	add := func(text string) {
		if note != "" {
			note += "; "
		}
		note += text
	}
	switch {
	case at.IsZero():
	case i.From != 0 && at.Unix() < i.From:
		add("before it is valid")
	case i.Until != 0 && at.Unix() >= i.Until:
		add("after it was valid")
	}
	if i.Revoked {
		add("revoked")
	}
	if i.Partial {
		add("other conditions of its pattern not checked")
	}
	return note
}

// JSON is what is known of the indicator as one JSON object: list, line (entry
// for STIX and MISP), valid_from, valid_until, and what the list says.
func (s *Set) JSON(i *Indicator) string {
	list := &s.Lists[i.List]
	name, _ := json.Marshal(list.Path) // a string cannot fail
	text := fmt.Sprintf(`{"list":%s,"%s":%d`, name, list.Format.unit(), i.Line)
	for _, limit := range []struct {
		key string
		at  int64
	}{{"valid_from", i.From}, {"valid_until", i.Until}} {
		if limit.at != 0 {
			text += fmt.Sprintf(`,"%s":"%s"`, limit.key, time.Unix(limit.at, 0).UTC().Format(time.RFC3339))
		}
	}
	if i.Context != "" {
		text += "," + i.Context
	}
	return text + "}"
}

// member is one member of [Indicator.Context].
type member struct {
	key   string
	value any
}

// longestText is how many bytes of a text of context are kept.
const longestText = 1000

// context is members as [Indicator.Context]; those that are empty are left out.
func context(members ...member) string {
	var out []byte
	for _, m := range members {
		switch v := m.value.(type) {
		case nil:
			continue
		case string:
			if v == "" {
				continue
			}
			m.value = cut(v)
		case []string:
			if len(v) == 0 {
				continue
			}
			v = v[:min(len(v), 100)]
			for i := range v {
				v[i] = cut(v[i])
			}
		case bool:
			if !v {
				continue
			}
		}
		text, err := json.Marshal(m.value)
		if err != nil {
			continue // no JSON can come of it, so none was read
		}
		if len(out) > 0 {
			out = append(out, ',')
		}
		key, _ := json.Marshal(cut(m.key))
		out = append(append(append(out, key...), ':'), text...)
	}
	return string(out)
}

// cut shortens a text to what is kept of it.
func cut(text string) string {
	if len(text) <= longestText {
		return text
	}
	return text[:longestText] + "…"
}
