// Package seal signs what a case is at one moment, and checks such a signature.
//
// In: the state of a case and a key that the user made and keeps. Out: a
// manifest, CASE.seal.json, and its signature beside it in minisign's format
// (https://jedisct1.github.io/minisign/), which minisign itself verifies too:
// minisign -Vm CASE.seal.json -p KEY.pub. It leaves reading the case, files and
// passphrases to the command. It knows no DuckDB.
package seal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"aead.dev/minisign"

	"logquarry/engine/custody"
)

// Type stands in each manifest, by which a program tells that a file is one.
const Type = "logquarry-seal/1"

// Suffix is what the name of a manifest adds to that of the case, and
// SignatureSuffix what its signature adds to that.
const (
	Suffix          = ".seal.json"
	SignatureSuffix = ".minisig"
)

// Manifest is what a case was when it was sealed.
type Manifest struct {
	Type string `json:"type"`
	custody.By
	Comment  string     `json:"comment,omitempty"`
	Case     Case       `json:"case"`
	Findings []Finding  `json:"findings"`
	Evidence []Evidence `json:"evidence"`
}

// Case is the case file.
type Case struct {
	Name   string `json:"name"` // without the folder: it may be moved
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"size_bytes"`
	custody.State
}

// Evidence is one file of the ledger.
type Evidence struct {
	FileID     int64  `json:"file_id"`
	Path       string `json:"path"`
	Source     string `json:"source,omitempty"`
	Status     string `json:"status"`
	SHA256     string `json:"sha256,omitempty"` // empty: it could not be read
	Bytes      int64  `json:"size_bytes"`
	Records    int64  `json:"records"`
	Loaded     int64  `json:"loaded"`
	Duplicates int64  `json:"duplicates"`
	Rejected   int64  `json:"rejected"`
}

// Finding is one that was kept.
type Finding struct {
	ID         int64  `json:"finding"`
	Title      string `json:"title,omitempty"`
	Hunt       string `json:"hunt,omitempty"`
	SHA256     string `json:"sha256"` // custody.Finding.Hash
	Rows       int64  `json:"rows"`
	RowsSHA256 string `json:"rows_sha256"`
}

// FindingOf is what a manifest says of a finding.
func FindingOf(f *custody.Finding) Finding {
	return Finding{f.ID, f.Title, f.Hunt, f.Hash(), f.Rows, f.RowsSHA256}
}

// Encode is the manifest as its file holds it.
func (m Manifest) Encode() ([]byte, error) {
	m.Type = Type
	if m.Findings == nil {
		m.Findings = []Finding{}
	}
	if m.Evidence == nil {
		m.Evidence = []Evidence{}
	}
	text, err := custody.Encode(m)
	if err != nil {
		return nil, fmt.Errorf("write the manifest: %w", err)
	}
	return text, nil
}

// Key is a secret key, unlocked.
type Key struct{ key minisign.PrivateKey }

// PublicKey is what a signature is checked with.
type PublicKey struct{ key minisign.PublicKey }

// ID is the key's id as minisign shows it. It is a hint, not a proof.
func (k Key) ID() string { return keyID(k.key.ID()) }

// ID is the key's id as minisign shows it.
func (k PublicKey) ID() string { return keyID(k.key.ID()) }

func keyID(id uint64) string { return strings.ToUpper(strconv.FormatUint(id, 16)) }

// MakeKey makes a key pair, as minisign's files hold them. The secret key is
// encrypted with the passphrase, by scrypt with a gigabyte of memory; an empty
// one leaves it open.
func MakeKey(passphrase string) (secret, public []byte, err error) {
	pub, key, err := minisign.GenerateKey(nil)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	if passphrase == "" {
		secret, err = key.MarshalText()
	} else {
		secret, err = minisign.EncryptKey(passphrase, key)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	if public, err = pub.MarshalText(); err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	return append(secret, '\n'), append(public, '\n'), nil
}

// ErrPassphrase says that a secret key does not open with the passphrase.
var ErrPassphrase = errors.New("the passphrase is wrong, or the key file is damaged")

// Encrypted reports whether the text of a secret key needs a passphrase.
func Encrypted(secret []byte) bool { return minisign.IsEncrypted(secret) }

// Unlock reads a secret key, which minisign may have made. The passphrase is for
// one that is [Encrypted].
func Unlock(secret []byte, passphrase string) (Key, error) {
	secret = bytes.TrimSpace(secret)
	if Encrypted(secret) {
		key, err := minisign.DecryptKey(passphrase, secret)
		if err != nil {
			return Key{}, ErrPassphrase
		}
		return Key{key}, nil
	}
	var key minisign.PrivateKey
	if err := key.UnmarshalText(secret); err != nil {
		return Key{}, fmt.Errorf("not a secret key of minisign: %s", trim(err))
	}
	return Key{key}, nil
}

// ParsePublicKey reads a public key: the text of minisign's file, or the base64
// in it alone.
func ParsePublicKey(text string) (PublicKey, error) {
	var key minisign.PublicKey
	if err := key.UnmarshalText([]byte(strings.TrimSpace(text))); err != nil {
		return PublicKey{}, fmt.Errorf("not a public key of minisign: %s", trim(err))
	}
	return PublicKey{key}, nil
}

// ReadPublicKey reads a public key from the file of that name, or from the text
// itself where it is one.
func ReadPublicKey(fileOrKey string) (PublicKey, error) {
	if key, err := ParsePublicKey(fileOrKey); err == nil {
		return key, nil
	}
	text, err := os.ReadFile(fileOrKey)
	if err != nil {
		return PublicKey{}, fmt.Errorf("read the public key: %w", err)
	}
	key, err := ParsePublicKey(string(text))
	if err != nil {
		return key, fmt.Errorf("read the public key %s: %w", fileOrKey, err)
	}
	return key, nil
}

// trim is the text of an error of the library's without its name.
func trim(err error) string { return strings.TrimPrefix(err.Error(), "minisign: ") }

// Sign is the signature of a manifest's text, for the file of that name: over
// its BLAKE2b-512, with a trusted comment that says when and which file.
func Sign(text []byte, key Key, name string, at time.Time) []byte {
	r := minisign.NewReader(bytes.NewReader(text))
	// A bytes.Reader does not fail.
	_, _ = r.Read(make([]byte, len(text)))
	trusted := fmt.Sprintf("timestamp:%d\tfile:%s\thashed", at.Unix(), oneLine(name))
	return r.SignWithComments(key.key, trusted, "signature of a LogQuarry case by secret key "+key.ID())
}

// oneLine takes out what would end or hide a comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '_'
		}
		return r
	}, filepath.Base(s))
}

// Report is what a signature and the manifest it is of say.
type Report struct {
	// Good: the signature is of this manifest and trusted comment, by the key
	// it was checked with. Why says what is wrong otherwise.
	Good bool
	Why  string
	// KeyID is that of the key the signature says it was made with.
	KeyID string
	// TrustedComment is signed. Where Good is false it is not to be trusted.
	TrustedComment string
	// Signed is the time the trusted comment gives; zero: none.
	Signed   time.Time
	Manifest Manifest
}

// Check reads the manifest at path and the signature beside it, and checks it
// with the key. A signature that does not hold is in the Report; the error is
// for files that cannot be read, or that are no manifest and signature.
func Check(path string, key PublicKey) (*Report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	sig, err := os.ReadFile(path + SignatureSuffix)
	if err != nil {
		return nil, fmt.Errorf("read the signature: %w", err)
	}
	r, err := verify(text, sig, key)
	if err != nil {
		return nil, fmt.Errorf("read the signature %s: %w", path+SignatureSuffix, err)
	}
	if err := json.Unmarshal(text, &r.Manifest); err != nil {
		// What was tampered with may be no JSON any more: the verdict counts.
		if !r.Good {
			return r, nil
		}
		return nil, fmt.Errorf("read the manifest %s: %w", path, err)
	}
	if r.Manifest.Type != Type && r.Good {
		return nil, fmt.Errorf("read the manifest %s: it is signed, but no seal of a case", path)
	}
	return r, nil
}

// verify checks a signature over text.
func verify(text, sig []byte, key PublicKey) (*Report, error) {
	var s minisign.Signature
	if err := s.UnmarshalText(sig); err != nil {
		return nil, fmt.Errorf("not a signature of minisign: %s", trim(err))
	}
	// base64 has bits that say nothing, which the library lets be anything.
	if whole, err := s.MarshalText(); err != nil || !bytes.Equal(bytes.TrimSpace(whole), bytes.TrimSpace(bytes.ReplaceAll(sig, []byte("\r\n"), []byte("\n")))) {
		return nil, errors.New("not a signature of minisign: it is not written as one")
	}
	r := &Report{KeyID: keyID(s.KeyID), TrustedComment: s.TrustedComment, Signed: signed(s.TrustedComment)}
	switch {
	case s.KeyID != key.key.ID():
		r.Why = fmt.Sprintf("it was made with key %s, not with %s", r.KeyID, key.ID())
	case minisign.Verify(key.key, text, sig):
		r.Good = true
	case commentHolds(s, key):
		r.Why = "the manifest was changed after it was signed"
	default:
		r.Why = "the signature or its trusted comment was changed, or another key of the same id made it"
	}
	return r, nil
}

// commentHolds reports whether the signature and its trusted comment belong
// together, whatever the text is that they are of.
func commentHolds(s minisign.Signature, key PublicKey) bool {
	raw, err := base64.StdEncoding.DecodeString(key.key.String())
	if err != nil || len(raw) != 2+8+ed25519.PublicKeySize {
		panic("seal: internal error: a public key of another form")
	}
	return ed25519.Verify(raw[10:], append(s.Signature[:], s.TrustedComment...), s.CommentSignature[:])
}

// signed is the time in a trusted comment; zero where there is none.
func signed(comment string) time.Time {
	for field := range strings.FieldsSeq(comment) {
		if text, ok := strings.CutPrefix(field, "timestamp:"); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				return time.Unix(n, 0).UTC()
			}
		}
	}
	return time.Time{}
}
