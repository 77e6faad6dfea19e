// Package record writes single log records as AWS writes them: CloudTrail events,
// VPC flow lines and WAF records.
//
// In: values chosen by the caller. Out: bytes appended to the caller's buffer.
// It chooses no content and opens no file. Nothing in it reads a clock, and all
// chance comes from the [rand.Rand] handed in, so that equal calls give equal bytes.
package record

import "math/rand/v2"

const (
	hexDigits = "0123456789abcdef"
	base32    = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	base62    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	base64    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
)

// AppendHex appends n random lower-case hex digits.
func AppendHex(b []byte, r *rand.Rand, n int) []byte {
	for n > 0 {
		v := r.Uint64()
		for i := 0; i < 16 && n > 0; i, n = i+1, n-1 {
			b = append(b, hexDigits[v&15])
			v >>= 4
		}
	}
	return b
}

// AppendUUID appends a random version 4 UUID.
func AppendUUID(b []byte, r *rand.Rand) []byte {
	v := [2]uint64{r.Uint64(), r.Uint64()}
	v[0] = v[0]&^0xf000 | 0x4000
	v[1] = v[1]&^(3<<62) | 2<<62
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			b = append(b, '-')
		}
		b = append(b, hexDigits[v[i/16]>>(60-4*(i%16))&15])
	}
	return b
}

// AppendBase32 appends n random characters of the alphabet of AWS access key ids.
func AppendBase32(b []byte, r *rand.Rand, n int) []byte { return appendChars(b, r, base32, n) }

// AppendBase62 appends n random letters and digits.
func AppendBase62(b []byte, r *rand.Rand, n int) []byte { return appendChars(b, r, base62, n) }

// AppendBase64 appends n random characters of standard base64.
func AppendBase64(b []byte, r *rand.Rand, n int) []byte { return appendChars(b, r, base64, n) }

func appendChars(b []byte, r *rand.Rand, chars string, n int) []byte {
	for range n {
		b = append(b, chars[r.IntN(len(chars))])
	}
	return b
}

// Hex is n random lower-case hex digits.
func Hex(r *rand.Rand, n int) string { return string(AppendHex(nil, r, n)) }

// UUID is a random version 4 UUID.
func UUID(r *rand.Rand) string { return string(AppendUUID(nil, r)) }

// Base32 is n random characters of the alphabet of AWS access key ids.
func Base32(r *rand.Rand, n int) string { return string(AppendBase32(nil, r, n)) }

// Base62 is n random letters and digits.
func Base62(r *rand.Rand, n int) string { return string(AppendBase62(nil, r, n)) }

// Base64 is n random characters of standard base64.
func Base64(r *rand.Rand, n int) string { return string(AppendBase64(nil, r, n)) }
