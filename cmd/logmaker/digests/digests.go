// Package digests makes the digest files that CloudTrail would have delivered
// with log files, signed by a key pair of its own.
//
// In: a folder of log files under their keys. Out: digests beside them, public
// keys as `aws cloudtrail list-public-keys` prints them, and a manifest of the
// objects with their metadata. The key pair is new each time, and so are the
// signatures; the private key is not kept.
package digests

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/md5"
	"crypto/rand"
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
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Options say what to make.
type Options struct {
	Dir    string // folder of log files; digests go beside them
	Keys   string // file for the public keys
	Bucket string
	Trail  string
	// Manifest writes manifest.ndjson with the digests' signatures, as a fetch
	// from S3 would; without it the folder is like a plain copy.
	Manifest bool
}

// Made is what was made.
type Made struct {
	LogFiles int `json:"log_files"`
	Digests  int `json:"digests"`
	Chains   int `json:"chains"`
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

// Write makes a digest for each hour from the first to the last delivery of each
// account and Region, also for hours without a log file.
func Write(o Options) (Made, error) {
	var made Made
	chains := map[chain][]log{}
	err := filepath.WalkDir(o.Dir, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		key, err := filepath.Rel(o.Dir, p)
		if err != nil {
			return err
		}
		key = filepath.ToSlash(key)
		m := logKey.FindStringSubmatch(key)
		if m == nil {
			return nil
		}
		at, err := time.Parse("20060102T1504Z", m[4])
		if err != nil {
			return err
		}
		sum, err := sumOf(p)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		c := chain{m[1], m[2], m[3]}
		chains[c] = append(chains[c], log{key, at, sum})
		made.LogFiles++
		return nil
	})
	if err != nil {
		return made, err
	}
	if len(chains) == 0 {
		return made, fmt.Errorf("%s: no log files of CloudTrail", o.Dir)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return made, err
	}
	der := x509.MarshalPKCS1PublicKey(&key.PublicKey)
	name := md5.Sum(der)
	s := &signer{o: o, key: key, fingerprint: hex.EncodeToString(name[:])}
	for c, logs := range chains {
		slices.SortFunc(logs, func(a, b log) int { return a.at.Compare(b.at) })
		n, err := s.chain(c, logs)
		if err != nil {
			return made, err
		}
		made.Digests += n
		made.Chains++
	}
	if err := writeKeys(o.Keys, der, s.fingerprint); err != nil {
		return made, err
	}
	if o.Manifest {
		return made, os.WriteFile(filepath.Join(o.Dir, "manifest.ndjson"), s.manifest, 0o644)
	}
	return made, nil
}

// sumOf is the SHA-256 of what a gzip file holds, in hexadecimal.
func sumOf(p string) (string, error) {
	f, err := os.Open(p)
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(h, z); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

type signer struct {
	o           Options
	key         *rsa.PrivateKey
	fingerprint string
	manifest    []byte
}

// chain makes the digests of one chain, and returns how many.
func (s *signer) chain(c chain, logs []log) (int, error) {
	const past = 26*time.Minute + 41*time.Second // of the hour, as CloudTrail has some
	start := logs[0].at.Truncate(time.Hour).Add(past)
	if start.After(logs[0].at) {
		start = start.Add(-time.Hour)
	}
	var before *digest
	var beforeText []byte
	signature := ""
	n, next := 0, 0
	for ; next < len(logs); n++ {
		end := start.Add(time.Hour)
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
			return n, err
		}
		sum := sha256.Sum256(text)
		toSign := sha256.Sum256([]byte(strings.Join([]string{d.DigestEndTime, d.DigestS3Bucket + "/" + d.DigestS3Object, hex.EncodeToString(sum[:]), previous}, "\n")))
		sig, err := rsa.SignPKCS1v15(rand.Reader, s.key, crypto.SHA256, toSign[:])
		if err != nil {
			return n, err
		}
		signature = hex.EncodeToString(sig)
		if err := write(filepath.Join(s.o.Dir, filepath.FromSlash(d.DigestS3Object)), text); err != nil {
			return n, err
		}
		s.note(d.DigestS3Object, map[string]string{"signature": signature, "signature-algorithm": "SHA256withRSA"})
		before, beforeText, start = d, text, end
	}
	return n, nil
}

// note adds an object to the manifest.
func (s *signer) note(key string, metadata map[string]string) {
	text, err := json.Marshal(map[string]any{"bucket": s.o.Bucket, "key": key, "path": path.Clean(key), "metadata": metadata})
	if err != nil {
		panic(fmt.Sprintf("digests: internal error: %v", err))
	}
	s.manifest = append(append(s.manifest, text...), '\n')
}

func write(p string, plain []byte) error {
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		return err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(plain)
	if err := errors.Join(err, z.Close()); err != nil {
		return err
	}
	return os.WriteFile(p, b.Bytes(), 0o644)
}

func writeKeys(p string, der []byte, fingerprint string) error {
	text, err := json.MarshalIndent(map[string]any{"PublicKeyList": []any{map[string]any{
		"Value": base64.StdEncoding.EncodeToString(der), "Fingerprint": fingerprint,
		"ValidityStartTime": "2020-01-01T00:00:00+00:00", "ValidityEndTime": "2040-01-01T00:00:00+00:00",
	}}}, "", "    ")
	if err != nil {
		return err
	}
	return os.WriteFile(p, append(text, '\n'), 0o644)
}
