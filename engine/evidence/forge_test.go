package evidence

import (
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
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// object is something that CloudTrail delivered.
type object struct {
	Object
	plain     []byte
	signature string     // of a digest
	doc       digestJSON // of a digest
	logs      []*object
}

// trail is one chain of digests, the earliest first.
type trail struct {
	region  string
	digests []*object
	logs    []*object
}

// signer is a key pair. CloudTrail has its own in each Region.
type signer struct {
	private     *rsa.PrivateKey
	value       []byte
	fingerprint string
}

// signers are made once: making a key takes longer than anything else here.
var signers = sync.OnceValue(func() []signer {
	var out []signer
	for range 4 {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		der := x509.MarshalPKCS1PublicKey(&key.PublicKey)
		sum := md5.Sum(der)
		out = append(out, signer{key, der, hex.EncodeToString(sum[:])})
	}
	return out
})

var regions = []string{"eu-central-1", "cn-north-1", "us-gov-west-1"}

// signerOf is the key pair of a Region; the last one is an attacker's.
func signerOf(region string) signer {
	for i, r := range regions {
		if r == region {
			return signers()[i]
		}
	}
	return attacker()
}

func attacker() signer { return signers()[len(regions)] }

func (s signer) sign(t testing.TB, doc digestJSON, content []byte) string {
	t.Helper()
	d, err := ParseDigest(content)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(d.StringToSign()))
	sig, err := rsa.SignPKCS1v15(rand.Reader, s.private, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(sig)
}

var beginning = time.Date(2026, 3, 9, 0, 26, 41, 0, time.UTC)

// deliver makes what CloudTrail would have delivered: trails × Regions × hours,
// every fifth hour without a log file, and a chain of two late digests.
func deliver(t testing.TB, trails, regionCount, hours int) []*trail {
	t.Helper()
	rng := mathrand.New(mathrand.NewPCG(7, 11))
	var out []*trail
	for n := range trails {
		for r := range regionCount {
			prefix, org := "", ""
			if n == 1 {
				prefix = "audit/"
			}
			if n == 2 {
				org = "o-exampleorg/"
			}
			name := []string{"main", "audit_trail.v2", "org-trail"}[n%3]
			x := &trail{region: regions[r]}
			x.extend(t, rng, prefix, org, name, hours, nil, false)
			out = append(out, x)
		}
	}
	late := &trail{region: regions[0]}
	late.extend(t, rng, "", "", "main", 2, nil, true)
	return append(out, late)
}

// extend adds digests of hours to a trail, the first of which names before.
func (x *trail) extend(t testing.TB, rng *mathrand.Rand, prefix, org, name string, hours int, before *object, backfill bool) {
	const account, bucket = "111122223333", "example-logs"
	suffix := ""
	if backfill {
		suffix = "_backfill"
	}
	start := beginning
	if len(x.digests) > 0 {
		start, _ = time.Parse(time.RFC3339, x.digests[len(x.digests)-1].doc.DigestEndTime)
	}
	for h := range hours {
		from, to := start.Add(time.Duration(h)*time.Hour), start.Add(time.Duration(h+1)*time.Hour)
		root := func(kind string) string {
			return fmt.Sprintf("%sAWSLogs/%s%s/%s/%s/%s/%s", prefix, org, account, kind, x.region, to.Format("2006/01/02"), account)
		}
		d := &object{Object: Object{bucket, fmt.Sprintf("%s_CloudTrail-Digest_%s_%s_%s_%s%s.json.gz", root("CloudTrail-Digest"), x.region, name, "eu-central-1", to.Format("20060102T150405Z"), suffix)}}
		d.doc = digestJSON{AwsAccountID: account, DigestStartTime: from.Format(time.RFC3339), DigestEndTime: to.Format(time.RFC3339),
			DigestS3Bucket: bucket, DigestS3Object: d.Key, DigestPublicKeyFingerprint: signerOf(x.region).fingerprint, DigestSignatureAlgorithm: signatureAlgorithm}
		count := 0
		if h%5 != 4 {
			count = 1 + rng.IntN(2)
		}
		for range count {
			at := from.Add(time.Duration(1+rng.IntN(57)) * time.Minute)
			l := &object{Object: Object{bucket, fmt.Sprintf("%s_CloudTrail_%s_%s_%016x.json.gz", root("CloudTrail"), x.region, at.Format("20060102T1504Z"), rng.Uint64())}}
			l.plain = fmt.Appendf(nil, `{"Records":[{"eventVersion":"1.11","eventTime":"%s","eventID":"%x"}]}`, at.Format(time.RFC3339), rng.Uint64())
			d.logs = append(d.logs, l)
			x.logs = append(x.logs, l)
		}
		d.seal(t, before, signerOf(x.region))
		before = d
		x.digests = append(x.digests, d)
	}
}

// seal writes the digest's content, after before, and signs it.
func (d *object) seal(t testing.TB, before *object, by signer) {
	t.Helper()
	d.doc.PreviousDigestS3Bucket, d.doc.PreviousDigestS3Object, d.doc.PreviousDigestHashValue, d.doc.PreviousDigestSignature = nil, nil, nil, nil
	if before != nil {
		sum := Sum(sha256.Sum256(before.plain)).String()
		d.doc.PreviousDigestS3Bucket, d.doc.PreviousDigestS3Object = &before.Bucket, &before.Key
		d.doc.PreviousDigestHashValue, d.doc.PreviousDigestSignature = &sum, &before.signature
	}
	d.doc.LogFiles = nil
	for _, l := range d.logs {
		d.doc.LogFiles = append(d.doc.LogFiles, struct {
			S3Bucket      string `json:"s3Bucket"`
			S3Object      string `json:"s3Object"`
			HashValue     string `json:"hashValue"`
			HashAlgorithm string `json:"hashAlgorithm"`
		}{l.Bucket, l.Key, Sum(sha256.Sum256(l.plain)).String(), hashAlgorithm})
	}
	d.plain = marshal(t, d.doc)
	d.signature = by.sign(t, d.doc, d.plain)
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func gzipped(t testing.TB, plain []byte, level int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// copied is a copy of what was delivered, in a folder.
type copied struct {
	t        testing.TB
	dir      string
	files    []File
	contents []Content
	faults   []error
	at       map[string]int // by key
	manifest map[string]fetched
	serial   int
}

const manifestPath = "evidence/" + ManifestName

// download writes all objects below a folder. With signatures a manifest holds
// the metadata of the objects; without, it is a plain copy.
func download(t testing.TB, trails []*trail, signatures bool) *copied {
	t.Helper()
	c := &copied{t: t, dir: t.TempDir(), at: map[string]int{}}
	if signatures {
		c.manifest = map[string]fetched{}
	}
	for _, x := range trails {
		for _, list := range [][]*object{x.digests, x.logs} {
			for _, o := range list {
				c.put("evidence/"+o.Key, gzipped(t, o.plain, gzip.DefaultCompression))
				c.at[o.Key] = len(c.files) - 1
				if signatures {
					m := fetched{Bucket: o.Bucket, Key: o.Key, Path: o.Key}
					if o.signature != "" {
						m.Metadata = map[string]string{"signature": o.signature, "signature-algorithm": signatureAlgorithm}
					}
					c.manifest[o.Key] = m
				}
			}
		}
	}
	if signatures {
		c.put(manifestPath, nil)
		c.writeManifest()
	}
	return c
}

func (c *copied) put(path string, data []byte) {
	c.files = append(c.files, File{Path: path})
	c.contents, c.faults = append(c.contents, Content{}), append(c.faults, nil)
	c.set(len(c.files)-1, data)
}

// set gives a file other bytes, on a new place of the disk, so that copies of c
// keep theirs.
func (c *copied) set(i int, data []byte) {
	c.t.Helper()
	c.serial++
	local := filepath.Join(c.dir, fmt.Sprintf("%p-%d", c, c.serial))
	if err := os.WriteFile(local, data, 0o600); err != nil {
		c.t.Fatal(err)
	}
	c.files[i].Local = local
	contents, faults, err := Measure(c.t.Context(), c.files[i:i+1], true, 1, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	c.contents[i], c.faults[i] = contents[0], faults[0]
}

func (c *copied) writeManifest() {
	for i, f := range c.files {
		if f.Path == manifestPath {
			var b []byte
			for _, m := range c.manifest {
				b = append(append(b, marshal(c.t, m)...), '\n')
			}
			c.set(i, b)
		}
	}
}

// clone is c, to be tampered with.
func (c *copied) clone() *copied {
	n := *c
	n.files = append([]File(nil), c.files...)
	n.contents, n.faults = append([]Content(nil), c.contents...), append([]error(nil), c.faults...)
	if c.manifest != nil {
		n.manifest = map[string]fetched{}
		for k, m := range c.manifest {
			n.manifest[k] = m
		}
	}
	return &n
}

func (c *copied) remove(key string) {
	c.move(key, "")
	if c.manifest != nil {
		delete(c.manifest, key)
		c.writeManifest()
	}
}

// move gives a file another path; none takes it away.
func (c *copied) move(key, path string) {
	i := c.at[key]
	if path == "" {
		// Its place in the list stays, so that those of the others do.
		c.files[i] = File{Path: fmt.Sprintf("evidence/removed-%d", i), Local: os.DevNull, Opaque: true}
		c.contents[i] = Content{}
		return
	}
	c.files[i].Path = path
	if m, ok := c.manifest[key]; ok {
		m.Path, m.Key = path[len("evidence/"):], path[len("evidence/"):]
		c.manifest[key] = m
		c.writeManifest()
	}
}

func (c *copied) validate(keys Keys) *Report { return Validate(c.files, c.contents, c.faults, keys) }

// publicKeys are those of CloudTrail, read as the aws command writes them.
func publicKeys(t testing.TB) Keys {
	t.Helper()
	keys := Keys{}
	for i := range regions {
		s := signers()[i]
		list := map[string]any{"PublicKeyList": []any{map[string]any{
			"Value": base64.StdEncoding.EncodeToString(s.value), "Fingerprint": s.fingerprint,
			"ValidityStartTime": "2026-01-01T00:00:00+00:00", "ValidityEndTime": float64(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC).Unix()),
		}}}
		if err := keys.Add(bytes.NewReader(marshal(t, list))); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}
