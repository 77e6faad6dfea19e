// Package digests makes the digest files that CloudTrail would have delivered
// with log files, signed by a key pair of its own.
//
// In: log files under their keys. Out: digests under theirs, public keys as
// `aws cloudtrail list-public-keys` prints them, and a manifest of the objects
// with their metadata. The key pair is made from a fixed number, so the same log
// files give the same digests: it proves nothing but that it was used.
package digests

import (
	"bytes"
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
	"io/fs"
	"maps"
	"math/big"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"

	"logquarry/cmd/logmaker/logfile"
)

// Options say what to make.
type Options struct {
	Bucket string
	Trail  string
	// Only are the beginnings of the keys of log files that the trail delivered;
	// none: all.
	Only []string
	// Off are times in which the trail was stopped: the chain of digests ends at
	// the hour in which one begins, and another begins at the hour in which it ends.
	Off [][2]time.Time
}

// Made is what was made.
type Made struct {
	LogFiles int `json:"log_files"`
	Digests  int `json:"digests"`
	Chains   int `json:"chains"`

	// Files are the digests, packed, by their keys.
	Files map[string][]byte `json:"-"`
	// Keys are the public keys.
	Keys []byte `json:"-"`
	// Manifest has a line of each object with its metadata, which a plain copy
	// loses.
	Manifest []byte `json:"-"`
}

// logKey is the key of a log file. CloudTrail User Guide, "CloudTrail log file
// name format".
var logKey = regexp.MustCompile(`^(.*AWSLogs/(?:o-[a-z0-9]+/)?(\d{12})/)CloudTrail/([a-z0-9-]+)/\d{4}/\d\d/\d\d/\d{12}_CloudTrail_[a-z0-9-]+_(\d{8}T\d{4}Z)_[0-9A-Za-z]+\.json\.gz$`)

// log is one log file.
type log struct {
	key string
	at  time.Time
	sum string
}

// chain is the log files of one account and Region.
type chain struct{ root, account, region string }

type listed struct {
	S3Bucket        string  `json:"s3Bucket"`
	S3Object        string  `json:"s3Object"`
	HashValue       string  `json:"hashValue"`
	HashAlgorithm   string  `json:"hashAlgorithm"`
	NewestEventTime *string `json:"newestEventTime"`
	OldestEventTime *string `json:"oldestEventTime"`
}

// digest is a digest file. CloudTrail User Guide, "CloudTrail digest file
// structure".
type digest struct {
	AwsAccountID                string   `json:"awsAccountId"`
	DigestStartTime             string   `json:"digestStartTime"`
	DigestEndTime               string   `json:"digestEndTime"`
	DigestS3Bucket              string   `json:"digestS3Bucket"`
	DigestS3Object              string   `json:"digestS3Object"`
	DigestPublicKeyFingerprint  string   `json:"digestPublicKeyFingerprint"`
	DigestSignatureAlgorithm    string   `json:"digestSignatureAlgorithm"`
	NewestEventTime             *string  `json:"newestEventTime"`
	OldestEventTime             *string  `json:"oldestEventTime"`
	PreviousDigestS3Bucket      *string  `json:"previousDigestS3Bucket"`
	PreviousDigestS3Object      *string  `json:"previousDigestS3Object"`
	PreviousDigestHashValue     *string  `json:"previousDigestHashValue"`
	PreviousDigestHashAlgorithm *string  `json:"previousDigestHashAlgorithm"`
	PreviousDigestSignature     *string  `json:"previousDigestSignature"`
	LogFiles                    []listed `json:"logFiles"`
}

// ManifestName is what a manifest is called.
const ManifestName = "manifest.ndjson"

// Write makes digests for the log files below dir and writes them there, the
// public keys into the file keys, and with manifest a manifest into dir.
func Write(dir, keys string, manifest bool, o Options) (Made, error) {
	logs := map[string]func() ([]byte, error){}
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		key, err := filepath.Rel(dir, p)
		logs[filepath.ToSlash(key)] = func() ([]byte, error) { return os.ReadFile(p) }
		return err
	})
	if err != nil {
		return Made{}, err
	}
	made, err := Make(logs, o)
	if err != nil {
		return made, err
	}
	if made.Digests == 0 {
		return made, fmt.Errorf("%s: no log files of CloudTrail", dir)
	}
	for key, data := range made.Files {
		p := filepath.Join(dir, filepath.FromSlash(key))
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, data, 0o644)); err != nil {
			return made, err
		}
	}
	if err := os.WriteFile(keys, made.Keys, 0o644); err != nil || !manifest {
		return made, err
	}
	return made, os.WriteFile(filepath.Join(dir, ManifestName), made.Manifest, 0o644)
}

// Make makes a digest for each hour from the first to the last delivery of each
// account and Region, also for hours without a log file. logs gives the bytes of
// files by their keys; files that are no log files are passed over.
func Make(logs map[string]func() ([]byte, error), o Options) (Made, error) {
	made := Made{Files: map[string][]byte{}}
	chains := map[chain][]log{}
	for _, key := range slices.Sorted(maps.Keys(logs)) {
		m := logKey.FindStringSubmatch(key)
		if m == nil || len(o.Only) > 0 && !slices.ContainsFunc(o.Only, func(p string) bool { return strings.HasPrefix(key, p) }) {
			continue
		}
		at, err := time.Parse("20060102T1504Z", m[4])
		if err != nil {
			return made, err
		}
		data, err := logs[key]()
		if err != nil {
			return made, err
		}
		sum, err := sumOf(data)
		if err != nil {
			return made, fmt.Errorf("%s: %w", key, err)
		}
		c := chain{m[1], m[2], m[3]}
		chains[c] = append(chains[c], log{key, at, sum})
		made.LogFiles++
	}
	key := keyPair()
	der := x509.MarshalPKCS1PublicKey(&key.PublicKey)
	name := md5.Sum(der)
	s := &signer{o: o, key: key, fingerprint: hex.EncodeToString(name[:]), made: &made}
	order := slices.SortedFunc(maps.Keys(chains), func(a, b chain) int {
		return strings.Compare(a.root+a.account+a.region, b.root+b.account+b.region)
	})
	for _, c := range order {
		slices.SortFunc(chains[c], func(a, b log) int { return a.at.Compare(b.at) })
		if err := s.chain(c, chains[c]); err != nil {
			return made, err
		}
		made.Chains++
	}
	made.Digests = len(made.Files)
	var err error
	made.Keys, err = publicKeys(der, s.fingerprint)
	return made, err
}

// sumOf is the SHA-256 of what a gzip file holds, in hexadecimal.
func sumOf(data []byte) (string, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, z); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// keyPair is an RSA key of 2048 bits, always the same: its primes are the first
// that a generator of fixed numbers comes upon.
var keyPair = sync.OnceValue(func() *rsa.PrivateKey {
	r := rand.New(rand.NewPCG(2026, 310))
	e := big.NewInt(65537)
	prime := func() *big.Int {
		for {
			b := make([]byte, 128)
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			b[0] |= 0xc0 // so that the product has all its bits
			b[127] |= 1
			p := new(big.Int).SetBytes(b)
			if less := new(big.Int).Sub(p, big.NewInt(1)); p.ProbablyPrime(20) && new(big.Int).GCD(nil, nil, less, e).Cmp(big.NewInt(1)) == 0 {
				return p
			}
		}
	}
	p, q := prime(), prime()
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(e.Int64())}, D: new(big.Int).ModInverse(e, phi), Primes: []*big.Int{p, q}}
	key.Precompute()
	if err := key.Validate(); err != nil {
		panic(fmt.Sprintf("digests: internal error: %v", err))
	}
	return key
})

type signer struct {
	o           Options
	key         *rsa.PrivateKey
	fingerprint string
	made        *Made
}

// off reports whether the trail was stopped throughout the hour from start, and
// whether it was started in it.
func (s *signer) off(start time.Time) (off, begins bool) {
	end := start.Add(time.Hour)
	for _, x := range s.o.Off {
		off = off || !start.Before(x[0]) && !end.After(x[1])
		begins = begins || !x[1].Before(start) && x[1].Before(end)
	}
	return off, begins
}

// chain makes the digests of one chain.
func (s *signer) chain(c chain, logs []log) error {
	const past = 26*time.Minute + 41*time.Second // of the hour, as CloudTrail has some
	start := logs[0].at.Truncate(time.Hour).Add(past)
	if start.After(logs[0].at) {
		start = start.Add(-time.Hour)
	}
	var before *digest
	var beforeText []byte
	signature := ""
	for next := 0; next < len(logs); {
		end := start.Add(time.Hour)
		off, begins := s.off(start)
		if off {
			start = end
			continue
		}
		if begins {
			before = nil
		}
		d := &digest{AwsAccountID: c.account, DigestStartTime: start.Format(time.RFC3339), DigestEndTime: end.Format(time.RFC3339),
			DigestS3Bucket: s.o.Bucket, DigestPublicKeyFingerprint: s.fingerprint, DigestSignatureAlgorithm: "SHA256withRSA", LogFiles: []listed{}}
		d.DigestS3Object = fmt.Sprintf("%sCloudTrail-Digest/%s/%s/%s_CloudTrail-Digest_%s_%s_%s_%s.json.gz",
			c.root, c.region, end.Format("2006/01/02"), c.account, c.region, s.o.Trail, c.region, end.Format("20060102T150405Z"))
		for ; next < len(logs) && logs[next].at.Before(end); next++ {
			d.LogFiles = append(d.LogFiles, listed{S3Bucket: s.o.Bucket, S3Object: logs[next].key, HashValue: logs[next].sum, HashAlgorithm: "SHA-256"})
			s.note(logs[next].key, nil)
		}
		previous := "null"
		if before != nil {
			sum := sha256.Sum256(beforeText)
			hash, algorithm, sig := hex.EncodeToString(sum[:]), "SHA-256", signature
			d.PreviousDigestS3Bucket, d.PreviousDigestS3Object = &before.DigestS3Bucket, &before.DigestS3Object
			d.PreviousDigestHashValue, d.PreviousDigestHashAlgorithm, d.PreviousDigestSignature = &hash, &algorithm, &sig
			previous = sig
		}
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(text)
		toSign := sha256.Sum256([]byte(strings.Join([]string{d.DigestEndTime, d.DigestS3Bucket + "/" + d.DigestS3Object, hex.EncodeToString(sum[:]), previous}, "\n")))
		sig, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, toSign[:])
		if err != nil {
			return err
		}
		signature = hex.EncodeToString(sig)
		var packed bytes.Buffer
		if err := logfile.Gzip(&packed, text); err != nil {
			return err
		}
		s.made.Files[d.DigestS3Object] = packed.Bytes()
		s.note(d.DigestS3Object, map[string]string{"signature": signature, "signature-algorithm": "SHA256withRSA"})
		before, beforeText, start = d, text, end
	}
	return nil
}

// note adds an object to the manifest.
func (s *signer) note(key string, metadata map[string]string) {
	text, err := json.Marshal(map[string]any{"bucket": s.o.Bucket, "key": key, "path": path.Clean(key), "metadata": metadata})
	if err != nil {
		panic(fmt.Sprintf("digests: internal error: %v", err))
	}
	s.made.Manifest = append(append(s.made.Manifest, text...), '\n')
}

func publicKeys(der []byte, fingerprint string) ([]byte, error) {
	text, err := json.MarshalIndent(map[string]any{"PublicKeyList": []any{map[string]any{
		"Value": base64.StdEncoding.EncodeToString(der), "Fingerprint": fingerprint,
		"ValidityStartTime": "2020-01-01T00:00:00+00:00", "ValidityEndTime": "2040-01-01T00:00:00+00:00",
	}}}, "", "    ")
	return append(text, '\n'), err
}
