package enrich

import "fmt"

// AccessKeyAccount is the account that an access key id was made in: AKIA… of a
// user or root, ASIA… temporary. Only keys of the newer format say it; others
// give false.
//
// The 16 characters behind the prefix are base32 (RFC 4648), so five bits each.
// The first bit tells the newer format, and the 40 after it are the account id.
// T. Be'ery, "A short note on AWS KEY ID"; WithSecure Labs, "A bitwise analysis
// of AWS access key identifiers". AWS documents none of it; GetAccessKeyInfo of
// STS is its own answer.
func AccessKeyAccount(key string) (account string, ok bool) {
	const length, prefix, used = 20, 4, 9
	if len(key) != length || key[:prefix] != "AKIA" && key[:prefix] != "ASIA" {
		return "", false
	}
	var bits uint64 // of the first nine characters: 1 + 40 + 4
	for i, c := range []byte(key[prefix:]) {
		var v uint64
		switch {
		case c >= 'A' && c <= 'Z':
			v = uint64(c - 'A')
		case c >= '2' && c <= '7':
			v = uint64(c-'2') + 26
		default:
			return "", false
		}
		if i < used {
			bits = bits<<5 | v
		}
	}
	id := bits >> 4 & (1<<40 - 1)
	if bits>>44 == 0 || id > 999_999_999_999 {
		return "", false
	}
	return fmt.Sprintf("%012d", id), true
}
