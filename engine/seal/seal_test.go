package seal

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/blake2b"
	"golang.org/x/crypto/scrypt"

	"logquarry/engine/custody"
)

// What minisign 0.11 made: minisign -G -W, minisign -Sm text.json over the line
// "what was signed".
const (
	theirKey = `untrusted comment: minisign public key 37BC36BF23E047C6
RWTGR+Ajvza8N2Kk93gwRtCgAy2uxa0z9JVKCGMJl478z5j/38ilP0cu
`
	theirSignature = `untrusted comment: signature from minisign secret key
RUTGR+Ajvza8N+8nnroOk8tSQYpDaaJRUaVSF6dWdYprlrWVewIndwxVxlNCAzK4rB34dtIsDMVDQqK5nNtTc1JhFMjFWkeqXQo=
trusted comment: timestamp:1773100000	file:text.json	hashed
HbSt1JLl3BU1zKLDwkM3BSSfK+mmDcW2Kd3r8ULUlsbYjWwzjUuaT3bh7JMn5mJySTnQ9JWA3Ro7+w4lXvR1BQ==
`
)

func TestVerifiesWhatMinisignMade(t *testing.T) {
	key, err := ReadPublicKey(theirKey)
	if err != nil {
		t.Fatal(err)
	}
	r, err := verify([]byte("what was signed\n"), []byte(theirSignature), key)
	if err != nil || !r.Good || r.KeyID != "37BC36BF23E047C6" || r.Signed.Unix() != 1773100000 {
		t.Errorf("%+v, %v", r, err)
	}
	if r, err := verify([]byte("what was not\n"), []byte(theirSignature), key); err != nil || r.Good || !strings.Contains(r.Why, "manifest was changed") {
		t.Errorf("%+v, %v", r, err)
	}
}

// field is a line of base64 in a file of minisign's.
func field(t *testing.T, text []byte, line int) []byte {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(strings.Split(string(text), "\n")[line])
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func pair(t *testing.T) (Key, PublicKey, []byte, []byte) {
	t.Helper()
	secret, public, err := MakeKey("")
	if err != nil {
		t.Fatal(err)
	}
	key, err := Unlock(secret, "")
	if err != nil {
		t.Fatal(err)
	}
	pub, err := ParsePublicKey(string(public))
	if err != nil {
		t.Fatal(err)
	}
	return key, pub, secret, public
}

// The format as its documentation has it, read without the library.
func TestSignatureFormat(t *testing.T) {
	key, _, secret, public := pair(t)
	text := []byte("a manifest\n")
	sig := Sign(text, key, "/some/where/x\ny.seal.json", time.Unix(1773100000, 0))
	pub := field(t, public, 1)
	if len(pub) != 42 || string(pub[:2]) != "Ed" {
		t.Fatalf("public key %x", pub)
	}
	s := field(t, sig, 1)
	if string(s[:2]) != "ED" || !bytes.Equal(s[2:10], pub[2:10]) {
		t.Errorf("signature begins %x", s[:10])
	}
	sum := blake2b.Sum512(text)
	if !ed25519.Verify(pub[10:], sum[:], s[10:]) {
		t.Error("the signature is not over the BLAKE2b-512 of the text")
	}
	lines := strings.Split(string(sig), "\n")
	comment, ok := strings.CutPrefix(lines[2], "trusted comment: ")
	if !ok || comment != "timestamp:1773100000\tfile:x_y.seal.json\thashed" || !strings.HasPrefix(lines[0], "untrusted comment: ") || len(lines) != 5 {
		t.Errorf("%q", lines)
	}
	if !ed25519.Verify(pub[10:], append(s[10:74:74], comment...), field(t, sig, 3)) {
		t.Error("the global signature is not over the signature and the trusted comment")
	}
	k := field(t, secret, 1)
	if len(k) != 158 || string(k[:2]) != "Ed" || k[2] != 0 || k[3] != 0 || string(k[4:6]) != "B2" || !bytes.Equal(k[54:62], pub[2:10]) {
		t.Errorf("secret key %x", k)
	}
}

// encrypted is the secret key as minisign encrypts it, with libsodium's limits for
// interactive use instead of those that take a gigabyte.
func encrypted(t *testing.T, secret []byte, passphrase string) []byte {
	t.Helper()
	raw := field(t, secret, 1)
	copy(raw[2:], "Sc")
	salt := raw[6:38]
	for i := range salt {
		salt[i] = byte(i)
	}
	binary.LittleEndian.PutUint64(raw[38:], 524288)
	binary.LittleEndian.PutUint64(raw[46:], 16777216)
	sum := blake2b.Sum256(append([]byte("Ed"), raw[54:126]...))
	copy(raw[126:], sum[:])
	stream, err := scrypt.Key([]byte(passphrase), salt, 1<<14, 8, 1, 104)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range stream {
		raw[54+i] ^= b
	}
	return []byte("untrusted comment: minisign encrypted secret key\n" + base64.StdEncoding.EncodeToString(raw) + "\n")
}

func TestUnlock(t *testing.T) {
	key, _, secret, _ := pair(t)
	locked := encrypted(t, secret, "correct horse")
	if !Encrypted(locked) || Encrypted(secret) {
		t.Error("which key is encrypted is not told")
	}
	got, err := Unlock(locked, "correct horse")
	if err != nil || !got.key.Equal(key.key) {
		t.Errorf("unlocked %v, %v", got.ID(), err)
	}
	if _, err := Unlock(locked, "wrong"); err != ErrPassphrase {
		t.Errorf("wrong passphrase: %v", err)
	}
	for _, text := range []string{"", "x", "untrusted comment: x\nAAAA\n", string(secret[:40])} {
		if _, err := Unlock([]byte(text), ""); err == nil {
			t.Errorf("%q was taken for a key", text)
		}
		if _, err := ParsePublicKey(text); err == nil {
			t.Errorf("%q was taken for a public key", text)
		}
	}
}

func TestMakeEncryptedKey(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a gigabyte of memory")
	}
	t.Parallel()
	secret, _, err := MakeKey("correct horse")
	if err != nil || !Encrypted(secret) {
		t.Fatalf("%s, %v", secret, err)
	}
	// libsodium's limits for sensitive use, as minisign's files have them.
	raw := field(t, secret, 1)
	if ops, mem := binary.LittleEndian.Uint64(raw[38:]), binary.LittleEndian.Uint64(raw[46:]); ops != 33554432 || mem != 1073741824 {
		t.Errorf("limits %d and %d", ops, mem)
	}
}

var at = time.Date(2026, 3, 10, 9, 0, 0, 0, time.UTC)

func manifest() Manifest {
	return Manifest{
		By:      custody.By{OSUser: "ada", Host: "lab", Version: "1", At: at},
		Comment: "before the hand-over",
		Case:    Case{Name: "a.duckdb", SHA256: "c1", Bytes: 10, State: custody.State{Actions: 2, LastAction: "h2", Files: 2, Ledger: "l"}},
		Findings: []Finding{
			FindingOf(&custody.Finding{ID: 1, Query: custody.Query{SQL: "SELECT 1", Rows: 1}, RowsSHA256: "r1"}),
			FindingOf(&custody.Finding{ID: 2, Query: custody.Query{SQL: "SELECT 2", Rows: 1}, RowsSHA256: "r2"})},
		Evidence: []Evidence{{FileID: 1, Path: "a.json", Status: "loaded", SHA256: "e1", Records: 3, Loaded: 3}, {FileID: 2, Path: "b.json", Status: "loaded", SHA256: "e2"}},
	}
}

// write puts a manifest and its signature into a folder.
func write(t *testing.T, key Key) (path string) {
	t.Helper()
	text, err := manifest().Encode()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "a.duckdb"+Suffix)
	err = custody.WriteAll(false, custody.Text{Path: path + SignatureSuffix, Text: Sign(text, key, path, at)}, custody.Text{Path: path, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheck(t *testing.T) {
	key, pub, _, _ := pair(t)
	other, otherPub, _, _ := pair(t)
	r, err := Check(write(t, key), pub)
	if err != nil || !r.Good || r.Why != "" || r.KeyID != pub.ID() || !r.Signed.Equal(at) {
		t.Fatalf("untouched: %+v, %v", r, err)
	}
	want := manifest()
	want.Type = Type
	if d := cmp.Diff(want, r.Manifest); d != "" {
		t.Error(d)
	}
	change := func(file, from, to string) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			text, err := os.ReadFile(path + file)
			if err != nil || !strings.Contains(string(text), from) {
				t.Fatalf("no %q in %s, %v", from, text, err)
			}
			if err := os.WriteFile(path+file, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tt := range map[string]struct {
		tamper func(*testing.T, string)
		key    PublicKey
		why    string
	}{
		"a hash in the manifest":  {change("", `"e1"`, `"e9"`), pub, "the manifest was changed after it was signed"},
		"the manifest is no JSON": {change("", `{`, `}`), pub, "the manifest was changed after it was signed"},
		"a blank at its end":      {change("", "\n}\n", "\n} \n"), pub, "the manifest was changed after it was signed"},
		"the trusted comment":     {change(SignatureSuffix, "timestamp:1", "timestamp:2"), pub, "the signature or its trusted comment was changed"},
		"the file's name":         {change(SignatureSuffix, "file:a", "file:b"), pub, "the signature or its trusted comment was changed"},
		"another key":             {func(*testing.T, string) {}, otherPub, "it was made with key " + pub.ID() + ", not with " + otherPub.ID()},
		"signed again by another": {func(t *testing.T, path string) {
			text, _ := os.ReadFile(path)
			if err := os.WriteFile(path+SignatureSuffix, Sign(text, other, path, at), 0o600); err != nil {
				t.Fatal(err)
			}
		}, pub, "it was made with key " + otherPub.ID()},
		"another key under the same id": {func(t *testing.T, path string) {
			text, _ := os.ReadFile(path)
			sig := Sign(text, other, path, at)
			raw := field(t, sig, 1)
			copy(raw[2:10], field(t, []byte("\n"+pub.key.String()), 1)[2:10])
			lines := strings.Split(string(sig), "\n")
			lines[1] = base64.StdEncoding.EncodeToString(raw)
			if err := os.WriteFile(path+SignatureSuffix, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
				t.Fatal(err)
			}
		}, pub, "or another key of the same id made it"},
	} {
		path := write(t, key)
		tt.tamper(t, path)
		r, err := Check(path, tt.key)
		if err != nil || r.Good || !strings.Contains(r.Why, tt.why) {
			t.Errorf("%s: %+v, %v, want %q", name, r, err, tt.why)
		}
	}
	// Each byte of the signature's own lines counts, but for the untrusted comment.
	path := write(t, key)
	whole, _ := os.ReadFile(path + SignatureSuffix)
	for i := bytes.IndexByte(whole, '\n') + 1; i < len(whole)-1; i++ {
		bad := bytes.Clone(whole)
		bad[i] ^= 1
		if err := os.WriteFile(path+SignatureSuffix, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		if r, err := Check(path, pub); err == nil && r.Good {
			t.Errorf("byte %d of the signature was changed and not noticed: %q", i, bad)
		}
	}
	for _, missing := range []string{SignatureSuffix, ""} {
		if err := os.Remove(path + missing); err != nil {
			t.Fatal(err)
		}
		if _, err := Check(path, pub); err == nil || !strings.Contains(err.Error(), path+missing) {
			t.Errorf("without %q: %v", missing, err)
		}
	}
}

func TestCompare(t *testing.T) {
	m := manifest()
	now := func() Now {
		return Now{SHA256: "c2", Bytes: 11, Hashes: []string{"h1", "h2", "h3"}, Evidence: manifest().Evidence, Findings: []custody.Finding{
			{ID: 1, Query: custody.Query{SQL: "SELECT 1", Rows: 1}, RowsSHA256: "r1"}, {ID: 2, Query: custody.Query{SQL: "SELECT 2", Rows: 1}, RowsSHA256: "r2"}}}
	}
	for name, tt := range map[string]struct {
		change func(*Now)
		want   Comparison
	}{
		"the same bytes":   {func(n *Now) { n.SHA256, n.Bytes, n.Hashes = "c1", 10, n.Hashes[:2] }, Comparison{Same: true, ActionsHold: true}},
		"one action since": {func(*Now) {}, Comparison{ActionsHold: true, Since: 1}},
		"changed without an action": {func(n *Now) { n.Hashes = n.Hashes[:2] }, Comparison{ActionsHold: true, Differences: []Difference{
			{"case", "a.duckdb", "the file was changed and no action says how: its SHA-256 is c2, sealed was c1"}}}},
		"an action taken out": {func(n *Now) { n.Hashes = n.Hashes[:1] }, Comparison{Differences: []Difference{
			{"actions", "", "1 of the 2 that were sealed are there"}}}},
		"another action": {func(n *Now) { n.Hashes[1] = "x" }, Comparison{Differences: []Difference{
			{"actions", "", "action 2 is another than the one that was sealed"}}}},
		"evidence": {func(n *Now) {
			n.Evidence = []Evidence{{FileID: 1, Path: "a.json", Status: "loaded", SHA256: "x", Records: 3, Loaded: 3}, {FileID: 3, Path: "c.json"}}
		}, Comparison{ActionsHold: true, Since: 1, Differences: []Difference{
			{"evidence", "a.json", "its SHA-256 in the ledger is x, sealed was e1"},
			{"evidence", "b.json", "it is not in the ledger any more"},
			{"evidence", "c.json", "it came after the seal"}}}},
		"its counts": {func(n *Now) { n.Evidence[0].Loaded, n.Evidence[0].Duplicates = 2, 1 }, Comparison{ActionsHold: true, Since: 1, Differences: []Difference{
			{"evidence", "a.json", "its account in the ledger is another: loaded, 0 bytes, source unknown, 3 records = 2 loaded + 1 duplicates + 0 rejected, sealed was loaded, 0 bytes, source unknown, 3 records = 3 loaded + 0 duplicates + 0 rejected"}}}},
		"findings": {func(n *Now) {
			n.Findings = []custody.Finding{{ID: 1, Query: n.Findings[0].Query, RowsSHA256: "x"}, {ID: 3}}
		}, Comparison{ActionsHold: true, Since: 1, Differences: []Difference{
			{"finding", "1", "the hash of its rows is x, sealed was r1"},
			{"finding", "2", "it is not in the case any more"},
			{"finding", "3", "it came after the seal"}}}},
	} {
		n := now()
		tt.change(&n)
		if d := cmp.Diff(tt.want, m.Compare(n)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
