package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"
)

// fetched is the measure of many small objects copied from an S3 server on this
// machine.
const fetched = "fetch"

// What the bench calls itself for: filling a bucket, and copying it as the SDK does.
const (
	childPut      = "child-put"
	childTransfer = "child-transfer"
)

const (
	// objectCount and objectBytes are those of the measure, at scale 1.
	objectCount = 50_000
	objectBytes = 5000
	bucketName  = "example-logs"
	accessKey   = "AKIDEXAMPLE"
	secretKey   = "secret"
)

// copied is what it took to copy a bucket.
type copied struct {
	objects int
	// sync is aws s3 sync, where it is there; manager is the SDK's transfer manager,
	// DownloadDirectory as it is without options, which neither syncs nor hashes nor
	// keeps a list.
	sync, manager, quarry costs
}

// fetch measures quarry fetch of a bucket beside the tools there are.
func (b *session) fetch(ctx context.Context) (m copied, err error) {
	m.objects = max(1, int(objectCount*b.scale))
	program := os.Getenv("QUARRY_TEST_VERSITYGW")
	if program == "" {
		if program, err = exec.LookPath("versitygw"); err != nil {
			return m, errors.New("no S3 server to fetch from: QUARRY_TEST_VERSITYGW names a versitygw (go install github.com/versity/versitygw/cmd/versitygw@v1.8.0)")
		}
	}
	store := filepath.Join(b.dir, "s3", strconv.Itoa(m.objects))
	if err := os.MkdirAll(store, 0o755); err != nil {
		return m, err
	}
	endpoint, stop, err := serve(ctx, program, store)
	if err != nil {
		return m, err
	}
	defer stop()
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	whole := filepath.Join(store, ".whole")
	if _, err := os.Stat(whole); err != nil {
		b.say("putting %d objects into a bucket", m.objects)
		if _, _, err := spend(exec.CommandContext(ctx, self, childPut, endpoint, strconv.Itoa(m.objects))); err != nil {
			return m, err
		}
		if err := os.WriteFile(whole, nil, 0o644); err != nil {
			return m, err
		}
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "AWS_") })
	env = append(env, "AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secretKey, "AWS_REGION=us-east-1",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
	to := filepath.Join(b.dir, "fetched")
	measure := func(into *costs, extra int, name string, args ...string) error {
		if err := os.RemoveAll(to); err != nil {
			return err
		}
		c := exec.CommandContext(ctx, name, args...)
		c.Env = env
		_, used, err := spend(c)
		if err != nil {
			return err
		}
		n, size, err := count(to)
		if err != nil {
			return err
		}
		if n != m.objects+extra {
			return fmt.Errorf("%s left %d files of %d objects", name, n, m.objects)
		}
		used.size = size
		*into = append(*into, used)
		return nil
	}
	defer func() { err = errors.Join(err, os.RemoveAll(to)) }()
	for i := range b.runs {
		b.say("fetch, run %d of %d", i+1, b.runs)
		// The manifest is a file more.
		if err := measure(&m.quarry, 1, b.quarry, "fetch", "s3://"+bucketName+"/", "--endpoint-url", endpoint, "--path-style", "--into", to, "--quiet"); err != nil {
			return m, err
		}
		if err := measure(&m.manager, 0, self, childTransfer, endpoint, to); err != nil {
			return m, err
		}
		if i > 0 {
			continue // it takes minutes
		}
		if sync, err := exec.LookPath("aws"); err == nil {
			if err := measure(&m.sync, 0, sync, "s3", "sync", "--quiet", "--endpoint-url", endpoint, "s3://"+bucketName+"/", to); err != nil {
				return m, err
			}
		}
	}
	return m, nil
}

// serve starts the S3 server; stop ends it.
func serve(ctx context.Context, program, store string) (endpoint string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address := l.Addr().String()
	l.Close()
	var said bytes.Buffer
	c := exec.CommandContext(ctx, program, "--port", address, "--access", accessKey, "--secret", secretKey, "--quiet", "--keep-alive", "posix", store)
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = c.Process.Kill()
		_ = c.Wait() // it was killed
	}
	wait, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := (&net.Dialer{}).DialContext(wait, "tcp", address); err == nil {
			conn.Close()
			return "http://" + address, stop, nil
		}
		select {
		case <-wait.Done():
			stop()
			return "", nil, fmt.Errorf("the S3 server does not answer: %s", &said)
		case <-tick.C:
		}
	}
}

// count is how many files there are below a folder, and how long they are.
func count(dir string) (n int, size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		n++
		size += info.Size()
		return err
	})
	return n, size, err
}

func bucketClient(endpoint string) *s3.Client {
	return s3.New(s3.Options{BaseEndpoint: &endpoint, UsePathStyle: true, Region: "us-east-1", Credentials: credentials.NewStaticCredentialsProvider(accessKey, secretKey, "")})
}

// runChildPut fills the bucket, with keys as CloudTrail has them.
func runChildPut(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New(childPut + " ENDPOINT COUNT")
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	c := bucketClient(args[0])
	if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucketName)}); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(32)
	for i := range n {
		g.Go(func() error {
			body := make([]byte, objectBytes)
			_, _ = rand.NewChaCha8([32]byte{byte(i), byte(i >> 8), byte(i >> 16)}).Read(body) // it never fails
			key := fmt.Sprintf("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/%02d/111122223333_CloudTrail_eu-west-1_202603%02dT%02d%02dZ_%016d.json.gz", 1+i%28, 1+i%28, i/28%24, i/672%12*5, i)
			_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucketName), Key: &key, Body: bytes.NewReader(body)})
			return err
		})
	}
	return g.Wait()
}

// runChildTransfer copies the bucket with the SDK's transfer manager, as it is
// without options: five objects at a time.
func runChildTransfer(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New(childTransfer + " ENDPOINT FOLDER")
	}
	out, err := transfermanager.New(bucketClient(args[0])).DownloadDirectory(ctx, &transfermanager.DownloadDirectoryInput{Bucket: aws.String(bucketName), Destination: &args[1]})
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(out)
}

// verdicts are those of the measure.
func (m *copied) verdicts() []verdict {
	if len(m.quarry) == 0 {
		return nil
	}
	wall := m.quarry.wall().Seconds()
	// Where there is no aws, the manager is what there is to compare with.
	name, than := "aws s3 sync", m.sync
	if len(than) == 0 {
		name, than = "the SDK's transfer manager", m.manager
	}
	return []verdict{
		{measure: fmt.Sprintf("%d objects: %s takes, against fetch", m.objects, name), got: ratio(than.wall().Seconds(), wall), must: 3, aim: 5, more: true, unit: "×"},
		{measure: fmt.Sprintf("%d objects: peak memory of fetch", m.objects), got: mib(m.quarry.peak()), must: 300, aim: 200, unit: "MiB"},
	}
}
