package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Sum is a SHA-256.
type Sum [sha256.Size]byte

func (s Sum) String() string { return hex.EncodeToString(s[:]) }

// parseSum reads a SHA-256 in hexadecimal.
func parseSum(text string) (s Sum, ok bool) {
	if len(text) != hex.EncodedLen(len(s)) {
		return s, false
	}
	_, err := hex.Decode(s[:], []byte(text))
	return s, err == nil
}

// Object is a place in S3.
type Object struct{ Bucket, Key string }

func (o Object) String() string { return "s3://" + o.Bucket + "/" + o.Key }

// Digest is what a digest file of CloudTrail says.
// CloudTrail User Guide, "CloudTrail digest file structure".
type Digest struct {
	AccountID   string
	Start, End  time.Time
	Object      Object // where CloudTrail put it
	Fingerprint string // of the public key
	// Previous is the digest before this one; zero in the first of a chain.
	Previous          Object
	PreviousSum       string // SHA-256 of the digest before, hexadecimal
	PreviousSignature string // of the digest before, hexadecimal
	LogFiles          []LogFile

	sum     Sum    // of the file's content
	endTime string // as it stands: it is signed
	// previousSigned is the signature of the digest before as it is signed here.
	previousSigned string
}

// LogFile is a log file as its digest has it.
type LogFile struct {
	Object Object
	Sum    string // SHA-256 of the content, hexadecimal
}

type digestJSON struct {
	AwsAccountID               string  `json:"awsAccountId"`
	DigestStartTime            string  `json:"digestStartTime"`
	DigestEndTime              string  `json:"digestEndTime"`
	DigestS3Bucket             string  `json:"digestS3Bucket"`
	DigestS3Object             string  `json:"digestS3Object"`
	DigestPublicKeyFingerprint string  `json:"digestPublicKeyFingerprint"`
	DigestSignatureAlgorithm   string  `json:"digestSignatureAlgorithm"`
	PreviousDigestS3Bucket     *string `json:"previousDigestS3Bucket"`
	PreviousDigestS3Object     *string `json:"previousDigestS3Object"`
	PreviousDigestHashValue    *string `json:"previousDigestHashValue"`
	PreviousDigestSignature    *string `json:"previousDigestSignature"`
	LogFiles                   []struct {
		S3Bucket      string `json:"s3Bucket"`
		S3Object      string `json:"s3Object"`
		HashValue     string `json:"hashValue"`
		HashAlgorithm string `json:"hashAlgorithm"`
	} `json:"logFiles"`
}

// signatureAlgorithm and hashAlgorithm are the only ones CloudTrail has.
const (
	signatureAlgorithm = "SHA256withRSA"
	hashAlgorithm      = "SHA-256"
)

// isDigest reports whether content begins like a digest file: its own place
// stands among the first members.
func isDigest(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n\ufeff")
	return len(head) > 0 && head[0] == '{' && bytes.Contains(head, []byte(`"digestS3Object"`))
}

// ParseDigest reads the content of a digest file.
func ParseDigest(content []byte) (*Digest, error) {
	var j digestJSON
	if err := json.Unmarshal(content, &j); err != nil {
		return nil, fmt.Errorf("no digest: %w", err)
	}
	for name, text := range map[string]string{"digestEndTime": j.DigestEndTime, "digestStartTime": j.DigestStartTime, "digestS3Bucket": j.DigestS3Bucket,
		"digestS3Object": j.DigestS3Object, "digestPublicKeyFingerprint": j.DigestPublicKeyFingerprint} {
		if text == "" {
			return nil, fmt.Errorf("no digest: it has no %s", name)
		}
	}
	if a := j.DigestSignatureAlgorithm; a != "" && a != signatureAlgorithm {
		return nil, fmt.Errorf("a digest signed by %s, which is not known", a)
	}
	d := &Digest{
		AccountID: j.AwsAccountID, Object: Object{j.DigestS3Bucket, j.DigestS3Object}, Fingerprint: strings.ToLower(j.DigestPublicKeyFingerprint),
		Previous:    Object{valueOf(j.PreviousDigestS3Bucket), valueOf(j.PreviousDigestS3Object)},
		PreviousSum: valueOf(j.PreviousDigestHashValue), PreviousSignature: valueOf(j.PreviousDigestSignature),
		sum: sha256.Sum256(content), endTime: j.DigestEndTime, previousSigned: "null",
	}
	if j.PreviousDigestSignature != nil {
		d.previousSigned = *j.PreviousDigestSignature
	}
	var err1, err2 error
	d.Start, err1 = time.Parse(time.RFC3339, j.DigestStartTime)
	d.End, err2 = time.Parse(time.RFC3339, j.DigestEndTime)
	if err := errors.Join(err1, err2); err != nil {
		return nil, fmt.Errorf("no digest: %w", err)
	}
	for _, l := range j.LogFiles {
		if l.HashAlgorithm != "" && l.HashAlgorithm != hashAlgorithm {
			return nil, fmt.Errorf("a digest with hashes by %s, which is not known", l.HashAlgorithm)
		}
		d.LogFiles = append(d.LogFiles, LogFile{Object{l.S3Bucket, l.S3Object}, strings.ToLower(l.HashValue)})
	}
	return d, nil
}

func valueOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// StringToSign is what the signature of the digest is made over.
// CloudTrail User Guide, "Custom implementations of CloudTrail log file
// integrity validation".
func (d *Digest) StringToSign() string { return d.signedWith(d.sum) }

// signedWith is what would be signed if the content had another sum.
func (d *Digest) signedWith(sum Sum) string {
	return d.endTime + "\n" + d.Object.Bucket + "/" + d.Object.Key + "\n" + sum.String() + "\n" + d.previousSigned
}

// Chain says which digests follow one another: those of one trail for one
// account and Region. Digests of late deliveries are a chain of their own.
type Chain struct {
	AccountID  string
	Region     string // from which the events are
	Trail      string
	HomeRegion string
	Prefix     string // what stands before AWSLogs in the key, and the organization
	Backfill   bool
}

func (c Chain) String() string {
	s := fmt.Sprintf("trail %s (%s), account %s, %s", c.Trail, c.HomeRegion, c.AccountID, c.Region)
	if c.Backfill {
		s += ", backfill"
	}
	return s
}

// digestKey takes the key of a digest apart: {prefix/}AWSLogs/{o-…/}account/
// CloudTrail-Digest/region/YYYY/MM/DD/name.
// CloudTrail User Guide, "CloudTrail digest file structure".
var digestKey = regexp.MustCompile(`^(.*?)(?:^|/)AWSLogs/(?:(o-[a-z0-9]+)/)?(\d{12})/CloudTrail-Digest/([a-z0-9-]+)/`)

// digestName takes the name apart: the trail's may hold every character of the
// separators.
var digestName = regexp.MustCompile(`^(\d{12})_CloudTrail-Digest_([a-z0-9-]+?)_(.+)_([a-z]{2,}(?:-[a-z]+)+-\d+)_(\d{8}T\d{6}Z)(_backfill)?\.json`)

// chainOf is the chain of a digest by its key, and when it ended.
func chainOf(key string) (c Chain, end time.Time, ok bool) {
	m := digestName.FindStringSubmatch(path.Base(key))
	if m == nil {
		return c, end, false
	}
	c = Chain{AccountID: m[1], Region: m[2], Trail: m[3], HomeRegion: m[4], Backfill: m[6] != ""}
	if k := digestKey.FindStringSubmatch(key); k != nil {
		c.Prefix = strings.Trim(k[1]+"/"+k[2], "/")
	}
	end, err := time.Parse("20060102T150405Z", m[5])
	return c, end, err == nil
}

// delivered is a log file by its name.
type delivered struct {
	account, region string
	kind            string // empty, or -Insight and its like
	at              time.Time
}

// deliveredAs takes the name of a log file apart:
// ACCOUNT_CloudTrail[-KIND]_REGION_YYYYMMDDTHHmmZ_UNIQUE.json[.gz].
// CloudTrail User Guide, "CloudTrail log file name format".
func deliveredAs(name string) (d delivered, ok bool) {
	account, rest, ok := strings.Cut(name, "_CloudTrail")
	if !ok || len(account) != 12 || strings.Trim(account, "0123456789") != "" {
		return d, false
	}
	kind, rest, ok := strings.Cut(rest, "_")
	if !ok || kind != "" && kind[0] != '-' || kind == "-Digest" {
		return d, false
	}
	region, rest, ok := strings.Cut(rest, "_")
	at, rest, ok2 := strings.Cut(rest, "_")
	if !ok || !ok2 || region == "" || !strings.Contains(rest, ".json") {
		return d, false
	}
	t, err := time.Parse("20060102T1504", strings.TrimSuffix(at, "Z"))
	return delivered{account, region, kind, t}, err == nil
}

// Need is which public keys are wanted: those of a Region for digests between
// two times.
type Need struct {
	Region   string
	From, To time.Time
}

// Needs are the keys that are wanted for the digests among contents and are not
// among keys.
func Needs(contents []Content, keys Keys) []Need {
	by := map[string]Need{}
	for i := range contents {
		d := contents[i].Digest
		if d == nil || len(keys[d.Fingerprint]) > 0 {
			continue
		}
		c, _, ok := chainOf(d.Object.Key)
		if !ok {
			continue
		}
		n, seen := by[c.Region]
		if !seen || d.Start.Before(n.From) {
			n.From = d.Start
		}
		if d.End.After(n.To) {
			n.To = d.End
		}
		n.Region = c.Region
		by[c.Region] = n
	}
	var out []Need
	for _, region := range slices.Sorted(maps.Keys(by)) {
		out = append(out, by[region])
	}
	return out
}

// organizationOf is the organization in the place of a file that the trail of an
// organization delivered; empty for another trail.
func organizationOf(place string) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(place, "AWSLogs/"), "/")
	if strings.HasPrefix(id, "o-") {
		return id
	}
	return ""
}

// placeOf is the part of a path from which on it is laid out like a key: from
// AWSLogs. Empty where there is none.
func placeOf(p string) string {
	for i := len(p); i > 0; {
		i = strings.LastIndex(p[:i], "AWSLogs/")
		if i < 0 {
			return ""
		}
		if i == 0 || p[i-1] == '/' {
			return p[i:]
		}
	}
	return ""
}
