// Package manifest keeps the list of what was fetched into an evidence folder:
// manifest.ndjson, one JSON object a line, each with the hash of the line before.
//
// In: what is known of each object or answer that was fetched. Out: lines that
// stand on the disk when they are said to, and whether a list that is read is as
// it was written. Fetching it leaves to acquire, and the files' hashes to whoever
// reads them. It knows neither AWS nor DuckDB.
package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// Name is what a manifest is called. It lies at the top of what was fetched.
const Name = "manifest.ndjson"

// Scratch is a folder beside it with files that are not whole, while something is
// fetched or after a run that was killed.
const Scratch = ".quarry-fetch"

// What became of an object or a call.
const (
	// Fetched: its bytes are in the file at Path.
	Fetched = "fetched"
	// DeleteMarker: a version that says the object was deleted; it has no bytes.
	DeleteMarker = "delete_marker"
	// Failed: it could not be had; Problem says why. It is tried again by the
	// next run.
	Failed = "failed"
)

// Entry is a line. Times are UTC.
type Entry struct {
	Seq     int64     `json:"seq"`  // from 1
	Prev    string    `json:"prev"` // SHA-256 of the line before, without its end, in hexadecimal; empty in the first
	Fetched time.Time `json:"fetched"`
	Status  string    `json:"status"`
	// Path is where the file lies, with slashes, from the manifest's folder on;
	// empty for what has no file.
	Path   string `json:"path,omitempty"`
	Size   int64  `json:"size_bytes"`
	SHA256 string `json:"sha256,omitempty"` // of the file, in hexadecimal

	// Of an object in S3, as the service says it.
	Endpoint        string    `json:"endpoint,omitempty"` // where it is not AWS
	Bucket          string    `json:"bucket,omitempty"`
	Key             string    `json:"key,omitempty"`
	VersionID       string    `json:"version_id,omitempty"`
	Latest          *bool     `json:"is_latest,omitempty"` // nil: versions were not listed
	ETag            string    `json:"etag,omitempty"`      // without quotes
	LastModified    time.Time `json:"last_modified,omitzero"`
	StorageClass    string    `json:"storage_class,omitempty"`
	ContentType     string    `json:"content_type,omitempty"`
	ContentEncoding string    `json:"content_encoding,omitempty"`
	Encryption      string    `json:"encryption,omitempty"` // AES256, aws:kms, aws:kms:dsse or SSE-C
	KMSKeyID        string    `json:"kms_key_id,omitempty"`
	Checksum        string    `json:"checksum,omitempty"` // as CRC64NVME=base64
	Verified        string    `json:"verified,omitempty"` // what the bytes were held against
	RequestID       string    `json:"request_id,omitempty"`
	Owner           string    `json:"owner,omitempty"`
	// Metadata is the user's, with names in small letters and without x-amz-meta-;
	// Properties are S3's own, such as object_lock_mode.
	Metadata   map[string]string `json:"metadata,omitempty"`
	Properties map[string]string `json:"properties,omitempty"`

	// API is the call whose answer the file is; nil for objects.
	API *Call `json:"api,omitempty"`

	Problem string `json:"problem,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// Call is a question put to a service of AWS.
type Call struct {
	Service    string          `json:"service"`   // such as cloudtrail
	Operation  string          `json:"operation"` // such as LookupEvents
	Region     string          `json:"region,omitempty"`
	Account    string          `json:"account,omitempty"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
	Pages      int64           `json:"pages,omitempty"`
	Items      int64           `json:"items,omitempty"`
	RequestIDs []string        `json:"request_ids,omitempty"`
}

// id is the name of what an entry is of.
type id [16]byte

// ids are the names under which an entry is known: an object by its version, and
// by its ETag and time, for a listing says only one of them; where there is neither,
// by its length and time.
func (e *Entry) ids() []id {
	if e.API != nil {
		parameters := string(e.API.Parameters)
		var plain bytes.Buffer
		if json.Compact(&plain, e.API.Parameters) == nil {
			parameters = plain.String()
		}
		return []id{name("api", e.API.Service, e.API.Operation, e.API.Region, e.API.Account, parameters)}
	}
	var all []id
	// The version called null is replaced in place.
	if e.VersionID != "" && e.VersionID != "null" {
		all = append(all, name("version", e.Endpoint, e.Bucket, e.Key, e.VersionID))
	}
	if e.ETag != "" {
		all = append(all, name("etag", e.Endpoint, e.Bucket, e.Key, e.ETag, strconv.FormatInt(e.LastModified.Unix(), 10)))
	} else if e.Key != "" && e.Status != DeleteMarker {
		// Servers other than AWS may have objects that nobody hashed.
		all = append(all, name("size", e.Endpoint, e.Bucket, e.Key, strconv.FormatInt(e.Size, 10), strconv.FormatInt(e.LastModified.Unix(), 10)))
	}
	return all
}

func name(parts ...string) id {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return id(sum[:16])
}

// encode is the line of e, with its end.
func (e *Entry) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return b.Bytes(), err
}

// sum is the hash of a line, without its end.
func sum(line []byte) string {
	h := sha256.Sum256(bytes.TrimSuffix(line, []byte{'\n'}))
	return hex.EncodeToString(h[:])
}
