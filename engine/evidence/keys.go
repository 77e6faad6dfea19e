package evidence

import (
	"crypto"
	"crypto/md5"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Key is a public key by which CloudTrail's digests are checked.
type Key struct {
	Fingerprint string // MD5 of the key, hexadecimal: CloudTrail's own name for it
	From, To    time.Time
	Public      *rsa.PublicKey
}

// Keys are public keys by their fingerprint. Two Regions may have keys of one
// fingerprint only where they are the same key.
type Keys map[string][]Key

// Put adds a key, unless it is there.
func (k Keys) Put(key Key) {
	for _, have := range k[key.Fingerprint] {
		if have.Public.Equal(key.Public) && have.From.Equal(key.From) && have.To.Equal(key.To) {
			return
		}
	}
	k[key.Fingerprint] = append(k[key.Fingerprint], key)
}

// Len is how many keys there are.
func (k Keys) Len() int {
	n := 0
	for _, list := range k {
		n += len(list)
	}
	return n
}

// Add reads keys as `aws cloudtrail list-public-keys` writes them: objects with
// a PublicKeyList, one or several, also within an array.
func (k Keys) Add(r io.Reader) error {
	dec := json.NewDecoder(r)
	found := false
	for {
		var v any
		if err := dec.Decode(&v); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("read public keys: %w", err)
		}
		some, err := k.take(v)
		if err != nil {
			return fmt.Errorf("read public keys: %w", err)
		}
		found = found || some
	}
	if !found {
		return errors.New("read public keys: there is no PublicKeyList in it")
	}
	return nil
}

func (k Keys) take(v any) (found bool, err error) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			some, err := k.take(x)
			if err != nil {
				return found, err
			}
			found = found || some
		}
	case map[string]any:
		list, ok := v["PublicKeyList"].([]any)
		if !ok {
			// An object of such lists, as by Region.
			for _, x := range v {
				some, err := k.take(x)
				if err != nil {
					return found, err
				}
				found = found || some
			}
			return found, nil
		}
		for i, x := range list {
			key, err := parseKey(x)
			if err != nil {
				return true, fmt.Errorf("key %d: %w", i+1, err)
			}
			k.Put(key)
		}
		return true, nil
	}
	return found, nil
}

func parseKey(v any) (key Key, err error) {
	m, ok := v.(map[string]any)
	if !ok {
		return key, errors.New("not an object")
	}
	text, _ := m["Value"].(string)
	der, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(der) == 0 {
		return key, errors.New("its Value is no base64")
	}
	fingerprint, _ := m["Fingerprint"].(string)
	if key, err = ParseKey(der, fingerprint); err != nil {
		return key, err
	}
	if key.From, err = keyTime(m["ValidityStartTime"]); err != nil {
		return key, fmt.Errorf("ValidityStartTime: %w", err)
	}
	if key.To, err = keyTime(m["ValidityEndTime"]); err != nil {
		return key, fmt.Errorf("ValidityEndTime: %w", err)
	}
	return key, nil
}

// ParseKey reads a public key from its DER form. The fingerprint, where there is
// one, must be its own.
func ParseKey(der []byte, fingerprint string) (key Key, err error) {
	key.Public, err = x509.ParsePKCS1PublicKey(der)
	if err != nil {
		// The documentation shows one in the other form, too.
		other, perr := x509.ParsePKIXPublicKey(der)
		var ok bool
		if key.Public, ok = other.(*rsa.PublicKey); perr != nil || !ok {
			return key, fmt.Errorf("its Value is no RSA key: %w", err)
		}
	}
	sum := md5.Sum(der)
	key.Fingerprint = hex.EncodeToString(sum[:])
	if fingerprint != "" && !strings.EqualFold(fingerprint, key.Fingerprint) {
		return key, fmt.Errorf("its Fingerprint is %s, that of its Value is %s: it was changed", fingerprint, key.Fingerprint)
	}
	return key, nil
}

// keyTime reads a time as the two versions of the aws command write it: text, or
// seconds since 1970. Zero where there is none.
func keyTime(v any) (time.Time, error) {
	switch v := v.(type) {
	case nil:
		return time.Time{}, nil
	case float64:
		return time.UnixMicro(int64(v * 1e6)).UTC(), nil
	case string:
		t, err := time.Parse(time.RFC3339, v)
		return t.UTC(), err
	}
	return time.Time{}, fmt.Errorf("%v is no time", v)
}

// proof is what a signature says of a digest.
type proof int

// The better, the higher.
const (
	noKey   proof = iota // the key is not known
	fails                // it is not CloudTrail's over this content
	expired              // it holds, by a key that was not valid when the digest ended
	holds
)

// check checks a signature, in hexadecimal, of d.
func (k Keys) check(d *Digest, signature string) proof { return k.checkSum(d, d.sum, signature) }

// checkSum checks a signature of d as it would be with another content.
func (k Keys) checkSum(d *Digest, content Sum, signature string) proof {
	sig, err := hex.DecodeString(strings.TrimSpace(signature))
	list := k[d.Fingerprint]
	if len(list) == 0 {
		return noKey
	}
	if err != nil {
		return fails
	}
	sum := sha256.Sum256([]byte(d.signedWith(content)))
	result := fails
	for _, key := range list {
		if rsa.VerifyPKCS1v15(key.Public, crypto.SHA256, sum[:], sig) != nil {
			continue
		}
		if !key.From.IsZero() && d.End.Before(key.From) || !key.To.IsZero() && d.End.After(key.To) {
			result = expired
			continue
		}
		return holds
	}
	return result
}
