package s3

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	service "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"logquarry/engine/manifest"
)

// check makes the hashes of what is written to it.
type check struct {
	etag  string
	parts int // by which the object was uploaded, as the ETag says; 0: it was uploaded at once

	sha      hash.Hash
	md5      hash.Hash // of the object, or of the part at hand
	partSize int64     // 0: the ETag is not made of parts, or how long they are is not known
	left     int64     // bytes that the part at hand wants
	sums     []byte    // MD5s of the parts before
	size     int64
}

// begin begins from the first byte. With a size of parts, the ETag of an object
// uploaded in parts of that size is made as well.
func (c *check) begin(partSize int64) *check {
	c.sha, c.md5, c.partSize, c.left, c.sums, c.size = sha256.New(), md5.New(), partSize, partSize, nil, 0
	return c
}

func (c *check) Write(p []byte) (int, error) {
	c.sha.Write(p)
	c.size += int64(len(p))
	if c.parts > 0 && c.partSize == 0 {
		return len(p), nil
	}
	for rest := p; len(rest) > 0; {
		n := len(rest)
		if c.partSize > 0 {
			n = int(min(int64(n), c.left))
			c.left -= int64(n)
		}
		c.md5.Write(rest[:n])
		rest = rest[n:]
		if c.partSize > 0 && c.left == 0 {
			c.endPart()
		}
	}
	return len(p), nil
}

func (c *check) endPart() {
	c.sums = c.md5.Sum(c.sums)
	c.md5.Reset()
	c.left = c.partSize
}

// etagParts is how many parts an ETag is made of: behind a dash stands how many. S3
// API Reference, "Object". 0: it is of the object as a whole.
func etagParts(etag string) int {
	sum, n, ok := strings.Cut(etag, "-")
	if !ok || !isMD5(sum) {
		return 0
	}
	parts, err := strconv.Atoi(n)
	if err != nil || parts < 1 || parts > 10_000 {
		return 0
	}
	return parts
}

func isMD5(text string) bool {
	_, err := hex.DecodeString(text)
	return err == nil && len(text) == 2*md5.Size
}

// alike is how the bytes stand to the ETag.
type alike int

const (
	unsure alike = iota // the ETag says nothing of the bytes
	same
	other
)

// held holds the bytes against the ETag.
func (c *check) held() alike {
	switch {
	case c.parts == 0 && isMD5(c.etag):
		if strings.EqualFold(hex.EncodeToString(c.md5.Sum(nil)), c.etag) {
			return same
		}
		return other
	case c.parts > 0 && c.partSize > 0:
		if c.left < c.partSize {
			c.endPart()
		}
		whole := md5.Sum(c.sums)
		if strings.EqualFold(hex.EncodeToString(whole[:])+"-"+strconv.Itoa(len(c.sums)/md5.Size), c.etag) {
			return same
		}
		// The parts need not have been of one size.
	}
	return unsure
}

// notAlike stands for what the bytes were held against where they are others than
// the ETag says, and nothing else vouches for them.
const notAlike = "nothing"

// byETag stands, as the last, for the ETag's hash.
const byETag = "etag"

// describe makes the line of the object that was read.
func (r *reading) describe() {
	out, x := r.out, r.x
	e := &r.entry
	*e = manifest.Entry{
		Fetched: r.g.o.Now(), Status: manifest.Fetched, Size: r.check.size, SHA256: hex.EncodeToString(r.check.sha.Sum(nil)),
		Endpoint: r.g.o.endpoint, Bucket: x.Bucket, Key: x.Key, VersionID: x.VersionID, Latest: x.Latest, ETag: x.ETag, LastModified: x.LastModified,
		StorageClass: string(out.StorageClass), ContentType: aws.ToString(out.ContentType), ContentEncoding: aws.ToString(out.ContentEncoding),
		Encryption: string(out.ServerSideEncryption), KMSKeyID: aws.ToString(out.SSEKMSKeyId), Owner: x.Owner, Metadata: out.Metadata,
	}
	if e.VersionID == "" {
		e.VersionID = aws.ToString(out.VersionId)
	}
	if e.StorageClass == "" {
		e.StorageClass = x.StorageClass
	}
	if out.SSECustomerAlgorithm != nil {
		e.Encryption = "SSE-C"
	}
	e.RequestID, _ = middleware.GetRequestIDMetadata(out.ResultMetadata)
	e.Checksum = checksum(out)
	e.Properties = properties(out)

	by := []string{}
	for _, a := range r.used {
		by = append(by, strings.ToLower(a))
	}
	// Of objects encrypted by KMS or a customer's key, and in directory buckets,
	// the ETag is no hash. S3 API Reference, "Object".
	plain := (e.Encryption == "" || e.Encryption == "AES256") && !strings.HasSuffix(x.Bucket, "--x-s3")
	if plain {
		switch r.check.held() {
		case same:
			by = append(by, byETag)
		case other:
			if len(by) == 0 {
				by = append(by, notAlike)
			}
		}
	}
	if len(by) == 0 {
		by = append(by, "length")
	}
	e.Verified = strings.Join(by, ", ")
}

// checksum is the checksum that S3 keeps beside the object, as NAME=base64.
func checksum(out *service.GetObjectOutput) string {
	for _, c := range []struct {
		name  string
		value *string
	}{{"CRC64NVME", out.ChecksumCRC64NVME}, {"SHA256", out.ChecksumSHA256}, {"SHA512", out.ChecksumSHA512}, {"SHA1", out.ChecksumSHA1}, {"CRC32C", out.ChecksumCRC32C}, {"CRC32", out.ChecksumCRC32},
		{"XXHASH128", out.ChecksumXXHASH128}, {"XXHASH3", out.ChecksumXXHASH3}, {"XXHASH64", out.ChecksumXXHASH64}, {"MD5", out.ChecksumMD5}} {
		if c.value != nil {
			return c.name + "=" + *c.value
		}
	}
	return ""
}

// properties are what else S3 says of an object, without what it does not.
func properties(out *service.GetObjectOutput) map[string]string {
	number := func(n *int32) string {
		if n == nil || *n == 0 {
			return ""
		}
		return strconv.Itoa(int(*n))
	}
	until := ""
	if out.ObjectLockRetainUntilDate != nil {
		until = out.ObjectLockRetainUntilDate.UTC().Format(time.RFC3339)
	}
	all := map[string]string{
		"cache_control": aws.ToString(out.CacheControl), "content_disposition": aws.ToString(out.ContentDisposition), "content_language": aws.ToString(out.ContentLanguage),
		"expires": aws.ToString(out.ExpiresString), "expiration": aws.ToString(out.Expiration), "restore": aws.ToString(out.Restore), "website_redirect": aws.ToString(out.WebsiteRedirectLocation),
		"replication_status": string(out.ReplicationStatus), "object_lock_mode": string(out.ObjectLockMode), "object_lock_retain_until": until,
		"object_lock_legal_hold": string(out.ObjectLockLegalHoldStatus), "tag_count": number(out.TagCount), "missing_metadata": number(out.MissingMeta), "checksum_type": string(out.ChecksumType),
	}
	maps.DeleteFunc(all, func(_, v string) bool { return v == "" })
	if len(all) == 0 {
		return nil
	}
	return all
}

// archived says whether an object of that class has to be restored before it can
// be read.
func archived(class string) bool { return slices.Contains([]string{"GLACIER", "DEEP_ARCHIVE"}, class) }

// kept is the checksum that S3 keeps of a whole object, being made of what is
// written to it.
type kept struct {
	io.Writer        // never fails
	name      string // empty: S3 keeps none that can be made here
	want      string // base64
	sum       func() []byte
}

// nvme is the polynomial of CRC-64/NVME, reflected. NVM Express, NVM Command Set
// Specification, "64b CRC Calculation".
const nvme = 0x9a6c9329ac4bc9b5

func newKept(out *service.HeadObjectOutput) *kept {
	k := &kept{Writer: io.Discard}
	if out.ChecksumType == types.ChecksumTypeComposite {
		return k // of the parts, by sizes that are not known
	}
	take := func(name string, want *string, h hash.Hash) bool {
		if want == nil || strings.Contains(*want, "-") {
			return false
		}
		k.Writer, k.name, k.want, k.sum = h, name, *want, func() []byte { return h.Sum(nil) }
		return true
	}
	switch {
	case take("CRC64NVME", out.ChecksumCRC64NVME, crc64.New(crc64.MakeTable(nvme))):
	case out.ChecksumSHA256 != nil && !strings.Contains(*out.ChecksumSHA256, "-"):
		k.name, k.want = "SHA256", *out.ChecksumSHA256 // it is made anyway
	case take("CRC32C", out.ChecksumCRC32C, crc32.New(crc32.MakeTable(crc32.Castagnoli))):
	case take("CRC32", out.ChecksumCRC32, crc32.NewIEEE()):
	case take("SHA1", out.ChecksumSHA1, sha1.New()):
	}
	return k
}

// held holds the bytes against the checksum; the name is empty where there is none.
func (k *kept) held(c *check) (name string, ok bool) {
	switch {
	case k.name == "":
		return "", false
	case k.sum == nil:
		return k.name, base64.StdEncoding.EncodeToString(c.sha.Sum(nil)) == k.want
	}
	return k.name, base64.StdEncoding.EncodeToString(k.sum()) == k.want
}
