package s3

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	service "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"logquarry/engine/acquire"
	"logquarry/engine/manifest"
)

// session is one with somebody's keys at an endpoint.
func session(endpoint string) *acquire.Session {
	return &acquire.Session{Region: "us-east-1", Endpoint: endpoint, PathStyle: true, Options: []func(*config.LoadOptions) error{
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil)}}
}

func client(t *testing.T, endpoint string) *service.Client {
	t.Helper()
	cfg, err := session(endpoint).Config(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return service.NewFromConfig(cfg, func(o *service.Options) { o.UsePathStyle = true })
}

// fake is an S3 in this process, before which another handler may stand.
func fake(t *testing.T, before func(http.Handler) http.Handler) (endpoint string, c *service.Client) {
	t.Helper()
	h := gofakes3.New(s3mem.New(), gofakes3.WithoutVersioning()).Server()
	direct := httptest.NewServer(h)
	t.Cleanup(direct.Close)
	if before != nil {
		h = before(h)
	}
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c = client(t, direct.URL)
	if _, err := c.CreateBucket(t.Context(), &service.CreateBucketInput{Bucket: aws.String("example-logs")}); err != nil {
		t.Fatal(err)
	}
	return s.URL, c
}

func put(t *testing.T, c *service.Client, key string, body []byte) {
	t.Helper()
	if _, err := c.PutObject(t.Context(), &service.PutObjectInput{Bucket: aws.String("example-logs"), Key: &key, Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
}

// noise is n bytes that are the same for a seed.
func noise(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	_, _ = r.Read(b)
	return b
}

func run(t *testing.T, o Options) *Summary {
	t.Helper()
	s, err := Fetch(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// lines are those of a folder's manifest, whose chain must hold and whose files
// must be what they say.
func lines(t *testing.T, dir string) []manifest.Entry {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, manifest.Name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []manifest.Entry
	rep, err := manifest.Read(f, func(e *manifest.Entry, _ int64) { all = append(all, *e) })
	if err != nil || rep.Broken != nil || rep.Torn != 0 {
		t.Fatalf("%s: %+v, %v", dir, rep, err)
	}
	for _, e := range all {
		if e.Path == "" {
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(e.Path)))
		if err != nil {
			t.Error(err)
			continue
		}
		if sum := sha256.Sum256(body); hex.EncodeToString(sum[:]) != e.SHA256 || int64(len(body)) != e.Size {
			t.Errorf("%s is not what its line says", e.Path)
		}
	}
	if _, err := os.Lstat(filepath.Join(dir, manifest.Scratch)); err == nil {
		t.Error("the scratch folder is left")
	}
	return all
}

func TestFetch(t *testing.T) {
	endpoint, c := fake(t, nil)
	want := map[string][]byte{}
	for i := range 50 {
		key := fmt.Sprintf("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/%02d/%d.json.gz", 1+i%28, i)
		want[key] = noise(uint64(i), i*997)
	}
	want["large"] = noise(99, 3<<20+17)
	for key, body := range want {
		put(t, c, key, body)
	}
	dir := filepath.Join(t.TempDir(), "evidence")
	o := Options{Session: session(endpoint), Places: []Place{{"example-logs", "AWSLogs/"}, {"example-logs", ""}, {"example-logs", "AWSLogs/1"}}, Dir: dir, PartBytes: 1 << 20}
	s := run(t, o)
	if s.Fetched != 51 || s.Listed != 51 || s.Have != 0 || s.Failed != 0 || s.Moved != 0 || len(s.Problems) > 0 {
		t.Errorf("%+v", s)
	}
	all := lines(t, dir)
	if len(all) != 51 {
		t.Fatalf("%d lines", len(all))
	}
	for _, e := range all {
		body, err := os.ReadFile(filepath.Join(dir, e.Path))
		if err != nil || e.Path != e.Key || !bytes.Equal(body, want[e.Key]) {
			t.Errorf("%s: %v", e.Path, err)
		}
		if e.Bucket != "example-logs" || !strings.Contains(e.Verified, "etag") || e.Endpoint != endpoint || e.LastModified.IsZero() {
			t.Errorf("%+v", e)
		}
	}
	again := run(t, o)
	if again.Fetched != 0 || again.Have != 51 || again.Requests != 1 || again.HaveBytes != s.FetchedBytes {
		t.Errorf("again: %+v", again)
	}
}
