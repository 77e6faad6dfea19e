package s3

import (
	"cmp"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// stored is an object of the S3 of these tests, which takes any key.
type stored struct {
	body     []byte
	etag     string // empty: the MD5 of body
	version  string
	marker   bool // a delete marker
	modified time.Time
	headers  map[string]string
	refuse   *answer
	key      string // MD5 of a customer's key, in base64, without which it is not given
	class    string // empty: STANDARD
}

type answer struct {
	status        int
	code, message string
	headers       map[string]string
}

// store is a bucket that answers as S3 does to the few requests there are here.
type store struct {
	mu      sync.Mutex
	objects map[string][]*stored // newest first
	pageLen int
	list    *answer // refuses listings
	gets    map[string]int
	// before, set by beforeGets, is called before a GET is answered, without the lock held.
	before func(key string, n int, w http.ResponseWriter, r *http.Request) (done bool)
	t      *testing.T
}

func newStore(t *testing.T) (*store, string) {
	s := &store{objects: map[string][]*stored{}, pageLen: 1000, gets: map[string]int{}, t: t}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, server.URL
}

var written = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func (s *store) put(key string, o stored) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if o.modified.IsZero() {
		o.modified = written
	}
	if o.etag == "" && !o.marker {
		sum := md5.Sum(o.body)
		o.etag = hex.EncodeToString(sum[:])
	}
	if o.version == "" {
		s.objects[key] = nil
	}
	s.objects[key] = append([]*stored{&o}, s.objects[key]...)
}

func (a *answer) write(w http.ResponseWriter, r *http.Request) {
	for k, v := range a.headers {
		w.Header().Set(k, v)
	}
	w.WriteHeader(a.status)
	if r.Method != http.MethodHead {
		fmt.Fprintf(w, `<Error><Code>%s</Code><Message>`, a.code)
		_ = xml.EscapeText(w, []byte(a.message))
		io.WriteString(w, `</Message></Error>`)
	}
}

func (s *store) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	key, err := url.PathUnescape(key)
	if err != nil || bucket != "example-logs" {
		(&answer{status: 404, code: "NoSuchBucket"}).write(w, r)
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") {
		s.t.Errorf("%s %s is not signed", r.Method, r.URL)
	}
	if key == "" && r.Method == http.MethodGet {
		s.page(w, r)
		return
	}
	s.object(w, r, key)
}

func (s *store) page(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := r.URL.Query()
	if s.list != nil {
		s.list.write(w, r)
		return
	}
	var keys []string
	for k := range s.objects {
		if strings.HasPrefix(k, q.Get("prefix")) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	type row struct {
		key string
		n   int
	}
	var rows []row
	_, versions := q["versions"]
	for _, k := range keys {
		for n, o := range s.objects[k] {
			if versions || n == 0 && !o.marker {
				rows = append(rows, row{k, n})
			}
		}
	}
	from := 0
	if at := q.Get("continuation-token") + q.Get("version-id-marker"); at != "" {
		from, _ = strconv.Atoi(at)
	}
	to := min(len(rows), from+s.pageLen)
	name := "ListBucketResult"
	if versions {
		name = "ListVersionsResult"
	}
	fmt.Fprintf(w, `<?xml version="1.0"?><%s><EncodingType>url</EncodingType><IsTruncated>%v</IsTruncated>`, name, to < len(rows))
	if to < len(rows) {
		fmt.Fprintf(w, `<NextContinuationToken>%d</NextContinuationToken><NextKeyMarker>%s</NextKeyMarker><NextVersionIdMarker>%d</NextVersionIdMarker>`, to, url.QueryEscape(rows[to].key), to)
	}
	for _, x := range rows[from:to] {
		o := s.objects[x.key][x.n]
		tag := "Contents"
		switch {
		case o.marker:
			tag = "DeleteMarker"
		case versions:
			tag = "Version"
		}
		fmt.Fprintf(w, `<%[1]s><Key>%[2]s</Key><ETag>&quot;%[3]s&quot;</ETag><Size>%[4]d</Size><LastModified>%[5]s</LastModified><StorageClass>%[8]s</StorageClass><VersionId>%[6]s</VersionId><IsLatest>%[7]v</IsLatest></%[1]s>`,
			tag, url.QueryEscape(x.key), o.etag, len(o.body), o.modified.Format("2006-01-02T15:04:05.000Z"), o.version, x.n == 0, cmp.Or(o.class, "STANDARD"))
	}
	fmt.Fprintf(w, `</%s>`, name)
}

// beforeGets sets before, also while another process asks.
func (s *store) beforeGets(f func(key string, n int, w http.ResponseWriter, r *http.Request) (done bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

func (s *store) object(w http.ResponseWriter, r *http.Request, key string) {
	s.mu.Lock()
	n := 0
	if r.Method == http.MethodGet {
		s.gets[key]++
		n = s.gets[key]
	}
	before := s.before
	s.mu.Unlock()
	if before != nil && before(key, n, w, r) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var o *stored
	for _, c := range s.objects[key] {
		if v := r.URL.Query().Get("versionId"); v == "" || v == c.version {
			o = c
			break
		}
	}
	switch {
	case o == nil || o.marker:
		(&answer{status: 404, code: "NoSuchKey"}).write(w, r)
		return
	case o.refuse != nil:
		o.refuse.write(w, r)
		return
	case o.key != r.Header.Get("X-Amz-Server-Side-Encryption-Customer-Key-Md5"):
		a := answer{status: 400, code: "InvalidRequest", message: "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object."}
		if o.key == "" {
			a.message = "The encryption parameters are not applicable to this object."
		}
		a.write(w, r)
		return
	case r.Header.Get("If-Match") != "" && r.Header.Get("If-Match") != `"`+o.etag+`"`:
		(&answer{status: 412, code: "PreconditionFailed"}).write(w, r)
		return
	}
	w.Header().Set("ETag", `"`+o.etag+`"`)
	w.Header().Set("Last-Modified", o.modified.Format(http.TimeFormat))
	if o.version != "" {
		w.Header().Set("x-amz-version-id", o.version)
	}
	for k, v := range o.headers {
		w.Header().Set(k, v)
	}
	body := o.body
	if span, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		a, b, _ := strings.Cut(span, "-")
		from, _ := strconv.Atoi(a)
		to, _ := strconv.Atoi(b)
		if from >= len(body) {
			(&answer{status: 416, code: "InvalidRange"}).write(w, r)
			return
		}
		to = min(to, len(body)-1)
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, len(body)))
		w.Header().Set("Content-Length", strconv.Itoa(to-from+1))
		w.WriteHeader(http.StatusPartialContent)
		body = body[from : to+1]
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
