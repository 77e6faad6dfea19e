package bucket

import (
	"bytes"
	"context"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/queue"
	"logquarry/engine/acquire/s3"
	"logquarry/engine/watch"
)

// known says what was taken before.
type known map[string]bool

func (k known) Arrival(id string) bool { return k[id] }
func (k known) Part(string) bool       { return false }

// newFolder is an evidence folder, and the bucket logs behind it.
func newFolder(t *testing.T) (*Folder, func(key, text string)) {
	t.Helper()
	backend := s3mem.New()
	s := httptest.NewServer(gofakes3.New(backend, gofakes3.WithoutVersioning()).Server())
	t.Cleanup(s.Close)
	if err := backend.CreateBucket("logs"); err != nil {
		t.Fatal(err)
	}
	session := &acquire.Session{Region: "eu-west-1", Endpoint: s.URL, PathStyle: true, Attempts: 1, Options: []func(*config.LoadOptions) error{
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", ""))}}
	return &Folder{Options: s3.Options{Session: session, Dir: filepath.Join(t.TempDir(), "evidence")}}, func(key, text string) {
		t.Helper()
		if _, err := backend.PutObject("logs", key, nil, bytes.NewReader([]byte(text)), int64(len(text)), nil); err != nil {
			t.Fatal(err)
		}
	}
}

func taken(t *testing.T, b *Bucket, k known) (list []watch.Arrival) {
	t.Helper()
	if err := b.Run(t.Context(), true, k, func(_ context.Context, a watch.Arrival) error { list = append(list, a); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestBucket: what is under a prefix arrives once, also where the process ended
// between fetching and taking.
func TestBucket(t *testing.T) {
	f, put := newFolder(t)
	put("AWSLogs/a.json", "one")
	put("AWSLogs/b.json", "other")
	put("elsewhere/c.json", "no")
	b := &Bucket{Folder: f, Place: s3.Place{Bucket: "logs", Prefix: "AWSLogs/"}}
	if b.Name() != "s3://logs/AWSLogs/" {
		t.Errorf("its name is %s", b.Name())
	}
	first := taken(t, b, known{})
	if len(first) != 2 {
		t.Fatalf("%+v", first)
	}
	for _, a := range first {
		text, err := os.ReadFile(a.Path)
		if err != nil || int64(len(text)) != a.Size {
			t.Errorf("%+v: %q, %v", a, text, err)
		}
	}
	// Nobody took them: they are handed out again, and not fetched again.
	if again := taken(t, b, known{}); len(again) != 2 || again[0].ID != first[0].ID {
		t.Errorf("not taken: %+v", again)
	}
	k := known{first[0].ID: true, first[1].ID: true}
	if more := taken(t, b, k); more != nil {
		t.Errorf("taken: %+v", more)
	}
	put("AWSLogs/d.json", "new")
	if more := taken(t, b, k); len(more) != 1 || !strings.HasSuffix(more[0].Path, "d.json") {
		t.Errorf("new: %+v", more)
	}
}

// TestBucketGoesOn lists again and again until it is ended.
func TestBucketGoesOn(t *testing.T) {
	f, put := newFolder(t)
	b := &Bucket{Folder: f, Place: s3.Place{Bucket: "logs"}, Every: 10 * time.Millisecond}
	arrivals := make(chan watch.Arrival, 10)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- b.Run(ctx, false, known{}, func(_ context.Context, a watch.Arrival) error { arrivals <- a; return nil })
	}()
	for _, key := range []string{"a.json", "b.json"} {
		put(key, key)
		select {
		case a := <-arrivals:
			if filepath.Base(a.Path) != key {
				t.Errorf("%s came as %+v", key, a)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s does not come", key)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestNotified: of each object a notification names there is a file or a reason.
func TestNotified(t *testing.T) {
	f, put := newFolder(t)
	put("a.json", "one")
	put("a.json.gz", "its key only begins like that")
	put("b/c d.json", "other")
	list := []queue.Object{{Bucket: "logs", Key: "a.json"}, {Bucket: "logs", Key: "gone.json"}, {Bucket: "logs", Key: "b/c d.json"}, {Bucket: "logs", Key: "a.json"}}
	for range 2 { // a notification comes twice
		got := f.Notified(t.Context(), list)
		var what []string
		for _, x := range got {
			switch {
			case x.Err != nil:
				what = append(what, x.Err.Error())
			default:
				text, err := os.ReadFile(x.Path)
				if err != nil || x.Size != int64(len(text)) {
					t.Errorf("%+v: %v", x, err)
				}
				what = append(what, string(text))
			}
		}
		if want := []string{"one", "s3://logs/gone.json: it is not there any more", "other", "one"}; !slices.Equal(what, want) || !got[1].Lost {
			t.Errorf("%q, want %q", what, want)
		}
	}
	if found, err := filepath.Glob(filepath.Join(f.Options.Dir, "*", "a.json.gz")); err != nil || found != nil {
		t.Errorf("fetched too: %q, %v", found, err)
	}
	// A bucket that cannot be listed is tried again.
	if got := f.Notified(t.Context(), []queue.Object{{Bucket: "nowhere", Key: "x"}}); got[0].Err == nil || got[0].Lost || !strings.Contains(got[0].Err.Error(), "nowhere") {
		t.Errorf("%+v", got)
	}
}
