package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/moto"
	"logquarry/engine/watch"
)

func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// event is what EventBridge puts into a queue.
func event(id string) string {
	return `{"version":"0","id":"` + id + `","detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","account":"111122223333","time":"2026-03-10T10:00:00Z","region":"eu-west-1","resources":[],"detail":{"instance-id":"i-0a1b2c3d4e5f60101","state":"stopped"}}`
}

func byTopic(message string) string {
	return `{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-west-1:111122223333:logs","Message":` + quote(message) + `,"Timestamp":"2026-03-10T10:00:00.000Z"}`
}

func created(key string) string {
	return `{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"eu-west-1","eventTime":"2026-03-10T10:00:00.000Z","eventName":"ObjectCreated:Put","s3":{"s3SchemaVersion":"1.0","bucket":{"name":"logs","arn":"arn:aws:s3:::logs"},"object":{"key":"` + key + `","size":12,"versionId":"v1"}}}`
}

const test = `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-03-10T10:00:00.000Z","Bucket":"logs","RequestId":"r","HostId":"h"}`

func TestRead(t *testing.T) {
	one := []Object{{"logs", "a b/ä=1.json.gz", "v1", 12}}
	for body, want := range map[string]message{
		event("e1"):          {},
		byTopic(event("e1")): {},
		`{"Records":[{"eventSource":"ec2.amazonaws.com","eventName":"X"}]}`:         {}, // CloudTrail
		`{"Records":[` + created("a+b/%C3%A4%3D1.json.gz") + `]}`:                   {objects: one},
		byTopic(`{"Records":[` + created("a+b/%C3%A4%3D1.json.gz") + `]}`):          {objects: one},
		byTopic(byTopic(`{"Records":[` + created("a+b/%C3%A4%3D1.json.gz") + `]}`)): {objects: one},
		test:          {nothing: true},
		byTopic(test): {nothing: true},
		`{"Records":[` + strings.Replace(created("a"), "ObjectCreated:Put", "ObjectRemoved:Delete", 1) + `]}`: {nothing: true},
		`{"Records":[` + created("a") + `,` + created("b") + `]}`:                                             {objects: []Object{{"logs", "a", "v1", 12}, {"logs", "b", "v1", 12}}},
	} {
		got, err := read(body)
		if err != nil || got.nothing != want.nothing || !slices.Equal(got.objects, want.objects) {
			t.Errorf("%s: %+v, %v; want %+v", body, got, err, want)
		}
	}
	for _, body := range []string{"", "hello", "[1]", `"x"`, `{"a":`, byTopic("hello"), "null"} {
		if got, err := read(body); !errors.Is(err, errNoJSON) {
			t.Errorf("%q: %+v, %v", body, got, err)
		}
	}
}

// table is what a case would know.
type table struct {
	mu       sync.Mutex
	arrivals map[string]bool
	parts    map[string]bool
}

func (k *table) Arrival(id string) bool { k.mu.Lock(); defer k.mu.Unlock(); return k.arrivals[id] }
func (k *table) Part(id string) bool    { k.mu.Lock(); defer k.mu.Unlock(); return k.parts[id] }

func (k *table) note(list []watch.Arrival) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, a := range list {
		k.arrivals[a.ID] = true
		for _, p := range a.Parts {
			k.parts[p] = true
		}
	}
}

// standIn is the one server of the tests.
var standIn = sync.OnceValues(func() (*moto.Server, error) {
	running.Store(true)
	return moto.Start(context.Background(), os.Getenv("QUARRY_TEST_PYTHON"))
})

var running atomic.Bool

func TestMain(m *testing.M) {
	code := m.Run()
	if running.Load() {
		if s, err := standIn(); err == nil {
			if err := s.Stop(); err != nil {
				panic(err)
			}
		}
	}
	os.Exit(code)
}

// bench is a queue of moto's.
type bench struct {
	t       *testing.T
	session *acquire.Session
	client  *sqs.Client
	url     string
	into    string
	known   *table
	said    []string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	python := os.Getenv("QUARRY_TEST_PYTHON")
	if python == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("QUARRY_TEST_PYTHON names no Python with what .ci/requirements.txt lists")
		}
		t.Skip("QUARRY_TEST_PYTHON names no Python with what .ci/requirements.txt lists: no stand-in for AWS")
	}
	s, err := standIn()
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, into: t.TempDir(), known: &table{arrivals: map[string]bool{}, parts: map[string]bool{}},
		session: &acquire.Session{Region: "eu-west-1", Endpoint: s.Endpoint, Attempts: 1, Options: []func(*config.LoadOptions) error{
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", ""))}}}
	c, err := b.session.Config(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	b.client = sqs.NewFromConfig(c)
	q, err := b.client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(t.Name())})
	if err != nil {
		t.Fatal(err)
	}
	b.url = *q.QueueUrl
	return b
}

func (b *bench) queue() *Queue {
	return &Queue{URL: b.url, Session: b.session, Into: b.into, Report: func(text string) { b.said = append(b.said, text) }}
}

func (b *bench) put(bodies ...string) {
	b.t.Helper()
	for part := range slices.Chunk(bodies, 10) {
		in := &sqs.SendMessageBatchInput{QueueUrl: &b.url}
		for i, body := range part {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(body)})
		}
		out, err := b.client.SendMessageBatch(b.t.Context(), in)
		if err != nil || len(out.Failed) > 0 {
			b.t.Fatal(err, out)
		}
	}
}

// take runs a queue until nothing is left.
func (b *bench) take(q *Queue) (list []watch.Arrival) {
	b.t.Helper()
	var mu sync.Mutex
	err := q.Run(b.t.Context(), true, b.known, func(_ context.Context, a watch.Arrival) error {
		mu.Lock()
		defer mu.Unlock()
		list = append(list, a)
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return list
}

// left is how many messages the queue has: that wait, and that are kept from others.
func (b *bench) left() (waiting, hidden string) {
	b.t.Helper()
	out, err := b.client.GetQueueAttributes(b.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &b.url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// events are the ids of the events in the files of arrivals.
func (b *bench) events(list []watch.Arrival) map[string]int {
	b.t.Helper()
	got := map[string]int{}
	for _, a := range list {
		if a.Path == "" {
			continue
		}
		text, err := os.ReadFile(a.Path)
		if err != nil {
			b.t.Fatal(err)
		}
		if int64(len(text)) != a.Size {
			b.t.Errorf("%s has %d bytes, and is said to have %d", a.Path, len(text), a.Size)
		}
		for l := range strings.Lines(string(text)) {
			var m line
			var e struct{ ID string }
			if err := json.Unmarshal([]byte(l), &m); err != nil {
				b.t.Fatal(err)
			}
			if err := json.Unmarshal([]byte(m.Messages[0].Body), &e); err != nil {
				b.t.Fatal(err)
			}
			got[e.ID]++
		}
	}
	return got
}

// TestQueue: events become files, once; what is no event is set aside or let go;
// messages are deleted after the round and not before.
func TestQueue(t *testing.T) {
	b := newBench(t)
	var bodies []string
	for i := range 57 {
		bodies = append(bodies, event(fmt.Sprint("e", i)))
	}
	b.put(append(bodies, "no JSON at all", test, `{"Records":[`+created("a")+`]}`)...)
	q := b.queue()
	list := b.take(q)
	got := b.events(list)
	if len(got) != 57 {
		t.Errorf("%d events", len(got))
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("event %s %d times", id, n)
		}
	}
	var problems []string
	parts := map[string]bool{}
	for _, a := range list {
		for _, p := range a.Parts {
			parts[p] = true
		}
		if a.Problem != "" {
			problems = append(problems, a.Problem)
		}
	}
	slices.Sort(problems)
	if len(parts) != 59 || len(problems) != 2 || !strings.Contains(problems[0], "no JSON object; it is kept in "+b.into) || !strings.Contains(problems[1], "s3://logs/a: S3 tells of it") {
		t.Errorf("%d messages, problems %q", len(parts), problems)
	}
	if kept, err := filepath.Glob(b.into + "/aside/*/*/*/*.ndjson"); err != nil || len(kept) != 1 {
		t.Errorf("set aside: %q, %v", kept, err)
	}
	if waiting, hidden := b.left(); waiting != "0" || hidden != "59" {
		t.Errorf("before the round is done %s messages wait and %s are hidden", waiting, hidden)
	}
	b.known.note(list)
	if err := q.Done(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if waiting, hidden := b.left(); waiting != "0" || hidden != "0" {
		t.Errorf("after it %s and %s", waiting, hidden)
	}
	if again := b.take(b.queue()); again != nil {
		t.Errorf("again: %+v", again)
	}
	if b.said != nil {
		t.Errorf("it said %q", b.said)
	}
}

// again shows a message that is hidden once more, as SQS does after a while.
func (b *bench) again(q *Queue) {
	b.t.Helper()
	for _, receipt := range q.held {
		if _, err := b.client.ChangeMessageVisibility(b.t.Context(), &sqs.ChangeMessageVisibilityInput{QueueUrl: &b.url, ReceiptHandle: &receipt}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// TestQueueComesAgain: a message that comes again while it is in hand is not taken
// twice; one whose round is done is deleted, without another word.
func TestQueueComesAgain(t *testing.T) {
	b := newBench(t)
	b.put(event("e1"), event("e2"))
	q := b.queue()
	list := b.take(q)
	b.again(q)
	for _, a := range b.take(q) {
		// The file itself, which no round has taken yet.
		if !slices.ContainsFunc(list, func(x watch.Arrival) bool { return x.ID == a.ID }) {
			t.Errorf("in hand: %+v", a)
		}
	}
	// The process ends before it can delete them; the next one knows them.
	b.known.note(list)
	b.again(q)
	next := b.queue()
	if more := b.take(next); more != nil {
		t.Errorf("known: %+v", more)
	}
	if waiting, hidden := b.left(); waiting != "0" || hidden != "0" {
		t.Errorf("%s and %s are left", waiting, hidden)
	}
}

// TestQueueLeftBehind: a file that was written before the process ended, and not
// taken, is evidence, and is handed out by the next one; half a file is not.
func TestQueueLeftBehind(t *testing.T) {
	b := newBench(t)
	b.put(event("e1"), event("e2"))
	first := b.queue()
	lost := b.take(first) // and the process is killed
	half := filepath.Join(filepath.Dir(lost[0].Path), ".123.tmp")
	if err := os.WriteFile(half, []byte(`{"Mess`), 0o600); err != nil {
		t.Fatal(err)
	}
	list := b.take(b.queue())
	if got := b.events(list); len(got) != 2 || len(list) != len(lost) {
		t.Errorf("%d arrivals with %v", len(list), got)
	}
	if _, err := os.Stat(half); err == nil {
		t.Error("half a file was left")
	}
	b.known.note(list)
	b.again(first)
	if more := b.take(b.queue()); more != nil {
		t.Errorf("then: %+v", more)
	}
	if waiting, hidden := b.left(); waiting != "0" || hidden != "0" {
		t.Errorf("%s and %s are left", waiting, hidden)
	}
}

// TestQueueFetches: the objects S3 tells of are fetched; of one that cannot be, the
// queue will tell again.
func TestQueueFetches(t *testing.T) {
	b := newBench(t)
	b.put(`{"Records":[`+created("a")+`,`+created("b")+`]}`, `{"Records":[`+created("denied")+`]}`, `{"Records":[`+created("gone")+`]}`)
	q := b.queue()
	q.Fetch = func(_ context.Context, list []Object) (out []Fetched) {
		for _, o := range list {
			switch o.Key {
			case "denied":
				out = append(out, Fetched{Err: errors.New("s3://logs/denied: access denied")})
			case "gone":
				out = append(out, Fetched{Err: errors.New("s3://logs/gone: no such key"), Lost: true})
			default:
				out = append(out, Fetched{Path: filepath.Join(b.into, o.Key), Size: o.Size})
			}
		}
		return out
	}
	list := b.take(q)
	slices.SortFunc(list, func(x, y watch.Arrival) int { return strings.Compare(x.Path, y.Path) })
	if len(list) != 3 || list[0].Problem != "s3://logs/gone: no such key" || len(list[0].Parts) != 1 ||
		list[1].Path != filepath.Join(b.into, "a") || list[1].Parts != nil || len(list[2].Parts) != 1 || list[2].Size != 12 {
		t.Errorf("%+v", list)
	}
	b.known.note(list)
	if err := q.Done(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	if waiting, hidden := b.left(); waiting != "0" || hidden != "1" {
		t.Errorf("%s and %s are left", waiting, hidden)
	}
	if len(b.said) != 1 || !strings.Contains(b.said[0], "access denied") {
		t.Errorf("it said %q", b.said)
	}
}

// TestQueueMissing: a queue that is not there ends the watch with what was asked.
func TestQueueMissing(t *testing.T) {
	b := newBench(t)
	q := b.queue()
	q.URL += "-not-there"
	var e *acquire.Error
	err := q.Run(t.Context(), false, b.known, func(context.Context, watch.Arrival) error { return nil })
	if !errors.As(err, &e) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := b.queue().Run(ctx, false, b.known, func(context.Context, watch.Arrival) error { return nil }); err != nil {
		t.Errorf("ended while it waits: %v", err)
	}
}
