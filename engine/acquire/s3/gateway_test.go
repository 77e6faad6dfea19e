package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	service "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"logquarry/engine/acquire"
	"logquarry/engine/manifest"
)

// gateway starts a real S3 server, which checks signatures, keeps versions and puts
// parts together.
func gateway(t *testing.T) (endpoint string, c *service.Client) {
	t.Helper()
	program := os.Getenv("QUARRY_TEST_VERSITYGW")
	if program == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("QUARRY_TEST_VERSITYGW names no versitygw")
		}
		t.Skip("QUARRY_TEST_VERSITYGW names no versitygw: no server that checks signatures")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	for _, name := range []string{"objects", "versions"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	p := exec.Command(program, "--port", address, "--access", "AKIDEXAMPLE", "--secret", "secret", "--quiet", "--keep-alive", "posix", "--versioning-dir", filepath.Join(dir, "versions"), filepath.Join(dir, "objects"))
	p.Stdout, p.Stderr = &said, &said
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill()
		_ = p.Wait()
	})
	endpoint = "http://" + address
	c = client(t, endpoint)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			conn.Close()
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("versitygw: %v: %s", err, &said)
		}
		if err := pause(ctx, 20*time.Millisecond); err != nil {
			t.Fatalf("versitygw: %v: %s", err, &said)
		}
	}
	if _, err := c.CreateBucket(t.Context(), &service.CreateBucketInput{Bucket: aws.String("example-logs")}); err != nil {
		t.Skipf("versitygw cannot keep objects here: %v", err) // the disk takes no extended attributes
	}
	return endpoint, c
}

func TestRealServer(t *testing.T) {
	endpoint, c := gateway(t)
	ctx := t.Context()
	bucket := aws.String("example-logs")

	// Objects as they are put, with names that need care in a URL.
	want := map[string][]byte{}
	for i, key := range []string{"AWSLogs/1.json.gz", "plus+and space/é日本.log", "per%20cent&amp;=?#", "empty"} {
		want[key] = noise(uint64(i), i*1000)
		if key == "empty" {
			want[key] = nil
		}
		if _, err := c.PutObject(ctx, &service.PutObjectInput{Bucket: bucket, Key: &key, Body: bytes.NewReader(want[key]), ContentType: aws.String("application/x-log"),
			ContentEncoding: aws.String("gzip"), Metadata: map[string]string{"Signature": "00ff", "signature-algorithm": "SHA256withRSA"}}); err != nil {
			t.Fatal(err)
		}
	}
	// One that is uploaded in parts, the last of them shorter.
	large := noise(77, 5<<20+5<<20+12345)
	up, err := c.CreateMultipartUpload(ctx, &service.CreateMultipartUploadInput{Bucket: bucket, Key: aws.String("large"), ChecksumAlgorithm: types.ChecksumAlgorithmCrc32})
	if err != nil {
		t.Fatal(err)
	}
	var parts []types.CompletedPart
	for i := 0; i*5<<20 < len(large); i++ {
		part := large[i*5<<20 : min(len(large), (i+1)*5<<20)]
		out, err := c.UploadPart(ctx, &service.UploadPartInput{Bucket: bucket, Key: aws.String("large"), UploadId: up.UploadId, PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(part)})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, types.CompletedPart{ETag: out.ETag, PartNumber: aws.Int32(int32(i + 1)), ChecksumCRC32: out.ChecksumCRC32})
	}
	if _, err := c.CompleteMultipartUpload(ctx, &service.CompleteMultipartUploadInput{Bucket: bucket, Key: aws.String("large"), UploadId: up.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts}}); err != nil {
		t.Fatal(err)
	}
	want["large"] = large

	for name, partBytes := range map[string]int64{"whole": 64 << 20, "in parts": 3 << 20} {
		dir := t.TempDir()
		o := Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir, PartBytes: partBytes}
		if sum := run(t, o); sum.Fetched != 5 || sum.Failed+sum.Unlisted != 0 {
			t.Fatalf("%s: %+v", name, sum)
		}
		for _, e := range lines(t, dir) {
			body, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(e.Path)))
			if err != nil || !bytes.Equal(body, want[e.Key]) {
				t.Errorf("%s: %s: %v", name, e.Key, err)
			}
			if e.Key == "large" {
				if !strings.HasSuffix(e.ETag, "-3") || !strings.Contains(e.Verified, "etag") {
					t.Errorf("%s: %+v", name, e)
				}
				continue
			}
			if e.Metadata["signature"] != "00ff" || e.Metadata["signature-algorithm"] != "SHA256withRSA" || e.ContentType != "application/x-log" || e.ContentEncoding != "gzip" ||
				!strings.Contains(e.Verified, "etag") || e.Checksum == "" && e.Size > 0 {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if again := run(t, o); again.Fetched != 0 || again.Have != 5 {
			t.Errorf("%s, again: %+v", name, again)
		}
	}

	// What was overwritten and deleted is there, too.
	if _, err := c.PutBucketVersioning(ctx, &service.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := c.PutObject(ctx, &service.PutObjectInput{Bucket: bucket, Key: aws.String("kept/log"), Body: strings.NewReader(fmt.Sprint("version ", i))}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.DeleteObject(ctx, &service.DeleteObjectInput{Bucket: bucket, Key: aws.String("kept/log")}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if sum := run(t, Options{Session: session(endpoint), Places: []Place{{"example-logs", "kept/"}}, Dir: dir, AllVersions: true}); sum.Fetched != 3 || sum.DeleteMarkers != 1 {
		t.Errorf("versions: %+v", sum)
	}
	bodies := map[string]bool{}
	for _, e := range lines(t, dir) {
		if e.Status == manifest.Fetched {
			body, err := os.ReadFile(filepath.Join(dir, e.Path))
			if err != nil || e.VersionID == "" || e.Latest == nil || *e.Latest {
				t.Errorf("%+v, %v", e, err)
			}
			bodies[string(body)] = true
		}
	}
	if len(bodies) != 3 {
		t.Errorf("versions: %v", bodies)
	}

	// Who signs with another secret is refused, and it is said why.
	wrong := &acquire.Session{Region: "us-east-1", Endpoint: endpoint, PathStyle: true, Options: []func(*config.LoadOptions) error{
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "another", "")), config.WithSharedConfigFiles(nil)}}
	var e *acquire.Error
	if _, err := Fetch(ctx, Options{Session: wrong, Places: []Place{{"example-logs", ""}}, Dir: t.TempDir()}); !errors.As(err, &e) || e.Code != "SignatureDoesNotMatch" || e.Hint() == "" {
		t.Errorf("another secret: %v", err)
	}
	// The server names the Region it wants, and is asked by that.
	elsewhere := session(endpoint)
	elsewhere.Region = "eu-west-1"
	if sum, err := Fetch(ctx, Options{Session: elsewhere, Places: []Place{{"example-logs", "AWSLogs/"}}, Dir: t.TempDir()}); err != nil || sum.Fetched != 1 || len(sum.Notes) != 1 {
		t.Errorf("another Region: %+v, %v", sum, err)
	}
}
