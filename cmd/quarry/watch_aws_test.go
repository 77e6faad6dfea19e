package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/deliver"
	"logquarry/engine/acquire/moto"
)

// queues is SQS as moto has it.
type queues struct {
	t *testing.T
	*sqs.Client
}

func newQueues(t *testing.T) *queues {
	t.Helper()
	python := readers(t)
	s, err := moto.Start(context.Background(), python)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	// After it has started, for it minds these too.
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "eu-west-1",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_ENDPOINT_URL", s.Endpoint)
	c, err := (&acquire.Session{Endpoint: s.Endpoint}).Config(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return &queues{t, sqs.NewFromConfig(c)}
}

func (q *queues) made(name string) (url string) {
	q.t.Helper()
	out, err := q.CreateQueue(q.t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		q.t.Fatal(err)
	}
	return *out.QueueUrl
}

func (q *queues) put(url string, bodies ...string) {
	q.t.Helper()
	for from := 0; from < len(bodies); from += 10 {
		in := &sqs.SendMessageBatchInput{QueueUrl: &url}
		for i, body := range bodies[from:min(from+10, len(bodies))] {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(body)})
		}
		if out, err := q.SendMessageBatch(q.t.Context(), in); err != nil || len(out.Failed) > 0 {
			q.t.Fatal(err, out)
		}
	}
}

// left is how many messages a queue has, hidden ones among them.
func (q *queues) left(url string) string {
	q.t.Helper()
	out, err := q.GetQueueAttributes(q.t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if err != nil {
		q.t.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + " and " + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

// bridged is a call as EventBridge delivers it.
func bridged(id string) string {
	return fmt.Sprintf(`{"version":"0","id":"b-%[1]s","detail-type":"AWS API Call via CloudTrail","source":"aws.cloudtrail","account":"111122223333","time":"2026-03-10T10:00:00Z","region":"eu-west-1","resources":[],"detail":{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","userName":"alice"},"eventTime":"2026-03-10T10:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","requestParameters":{"name":"main"},"responseElements":null,"eventID":"%[1]s","eventType":"AwsApiCall","readOnly":false,"recipientAccountId":"111122223333"}}`, id)
}

// TestWatchQueue: a queue of EventBridge's events to a queue and a webhook, with
// events that come twice, and messages that are none.
func TestWatchQueue(t *testing.T) {
	q := newQueues(t)
	w := newWatched(t)
	from, to := q.made("events"), q.made("findings")
	key := "a key of the tests, long enough"
	var mu sync.Mutex
	hooked := map[string]int{}
	failing := 5 // the first requests fail
	hook := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		if failing--; failing >= 0 {
			rw.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		if r.Header.Get(deliver.SignatureHeader) != deliver.Sign([]byte(key), r.Header.Get(deliver.TimestampHeader), body) {
			t.Error("a request is not signed as it should be")
		}
		hooked[r.Header.Get(deliver.FindingHeader)]++
	}))
	defer hook.Close()
	t.Setenv("QUARRY_WEBHOOK_KEY", key)
	var bodies []string
	for i := range 60 {
		bodies = append(bodies, bridged(fmt.Sprint("e", i)))
	}
	// Some events are sent twice, and some messages are none.
	q.put(from, append(append(bodies, bodies[:20]...), "hello", `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"logs"}`)...)
	into := filepath.Join(w.dir, "evidence")
	args := []string{"watch", "sqs:" + from, "--once", "--case", w.case_, "--into", into, "--rules", filepath.Join(w.dir, "rule.yml"),
		"--to", "sqs:" + to, "--to", hook.URL + "/hook", "--to", "file:" + w.out, "--drain", "30s"}
	var out, errs strings.Builder
	if code := run(context.Background(), args, strings.NewReader(""), &out, &errs); code != exitAside {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	if !strings.Contains(errs.String(), "its body is no JSON object; it is kept in "+into) {
		t.Errorf("of the message that is none: %s", &errs)
	}
	w.fed = 60
	if got := w.ask("SELECT count(*) FROM cloudtrail"); got != "60" {
		t.Errorf("%s rows", got)
	}
	if got := len(w.delivered()); got != 60 {
		t.Errorf("%d findings in the file", got)
	}
	if len(hooked) != 60 {
		t.Errorf("%d findings at the webhook", len(hooked))
	}
	for id, n := range hooked {
		if n != 1 {
			t.Errorf("finding %s was posted %d times", id, n)
		}
	}
	if got := q.left(from); got != "0 and 0" {
		t.Errorf("%s messages are left in the queue", got)
	}
	if got := q.left(to); got != "60 and 0" {
		t.Errorf("%s findings are in the other queue", got)
	}
	m, err := q.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &to})
	if err != nil || len(m.Messages) != 1 {
		t.Fatal(err)
	}
	var finding struct {
		Evidence struct{ Path string }
	}
	if err := json.Unmarshal([]byte(*m.Messages[0].Body), &finding); err != nil || !strings.HasPrefix(finding.Evidence.Path, into) {
		t.Errorf("%v: %s", err, *m.Messages[0].Body)
	}
	// The same event again, in another message: no news.
	q.put(from, bodies[:10]...)
	if code := run(context.Background(), args, strings.NewReader(""), &out, &errs); code != 0 {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	if got := q.left(to); got != "59 and 1" && got != "60 and 0" {
		t.Errorf("after the same events again %s findings", got)
	}
	// Usage.
	for _, bad := range [][]string{{"watch", "sqs:" + from}, {"watch", "sqs:nonsense", "--into", into}, {"watch", w.dir, "--to", "https://hooks.example.com/x", "--webhook-key", filepath.Join(w.dir, "rule.yml.not")},
		{"watch", w.dir, "--to", "sns:nonsense"}} {
		if code := run(context.Background(), append(bad, "--case", w.case_), strings.NewReader(""), &out, &errs); code != exitUsage && code != exitFailed {
			t.Errorf("%v: exit code %d", bad, code)
		}
	}
}

// TestWatchQueueKilled kills the process at random moments while messages come:
// each is a row and a finding once, and none is left in the queue.
func TestWatchQueueKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	q := newQueues(t)
	w := newWatched(t)
	from := q.made("events")
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	start := func(more ...string) error {
		c := w.start(append(more, "--into", filepath.Join(w.dir, "evidence"), "--visibility", "2s")...)
		return c.Wait()
	}
	w.source = "sqs:" + from
	for range 3 {
		c := w.start("--into", filepath.Join(w.dir, "evidence"), "--visibility", "2s")
		for end := time.Now().Add(time.Duration(800+r.IntN(1200)) * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			var bodies []string
			for range 1 + r.IntN(10) {
				w.fed++
				bodies = append(bodies, bridged(fmt.Sprint("e", w.fed)))
			}
			q.put(from, bodies...)
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Wait()
	}
	until(t, "what the killed ones had in hand", func() bool { return strings.HasSuffix(q.left(from), " and 0") })
	if err := start("--once", "--drain", "30s"); err != nil {
		t.Fatal(err)
	}
	w.whole()
	if got := q.left(from); got != "0 and 0" {
		t.Errorf("%s messages are left", got)
	}
	t.Logf("%d events", w.fed)
}

// TestWatchBucket: objects that S3 tells of by way of a topic and a queue, and
// objects under a prefix that is listed.
func TestWatchBucket(t *testing.T) {
	q := newQueues(t)
	w := newWatched(t)
	from := q.made("notifications")
	c, err := (&acquire.Session{Endpoint: os.Getenv("AWS_ENDPOINT_URL")}).Config(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	objects := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = objects.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("logs"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraintEuWest1}})
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string, events ...string) {
		t.Helper()
		_, err := objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("logs"), Key: &key, Body: strings.NewReader(`{"Records":[` + strings.Join(events, ",") + `]}`)})
		if err != nil {
			t.Fatal(err)
		}
	}
	call := func(id string) string {
		var x struct{ Detail json.RawMessage }
		if err := json.Unmarshal([]byte(bridged(id)), &x); err != nil {
			t.Fatal(err)
		}
		return string(x.Detail)
	}
	tell := func(key string) string {
		text, err := json.Marshal(fmt.Sprintf(`{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"logs"},"object":{"key":"%s","size":1}}}]}`, url.QueryEscape(key)))
		if err != nil {
			t.Fatal(err)
		}
		return `{"Type":"Notification","MessageId":"m","TopicArn":"arn:aws:sns:eu-west-1:111122223333:logs","Message":` + string(text) + `}`
	}
	put("AWSLogs/one=1/a b.json", call("e1"), call("e2"))
	put("listed/c.json", call("e3"))
	q.put(from, tell("AWSLogs/one=1/a b.json"), tell("AWSLogs/one=1/a b.json"), tell("AWSLogs/gone.json"))
	args := []string{"watch", "sqs:" + from, "s3://logs/listed/", "--once", "--case", w.case_, "--into", filepath.Join(w.dir, "evidence"), "--path-style",
		"--rules", filepath.Join(w.dir, "rule.yml"), "--to", "file:" + w.out}
	for range 2 {
		var out, errs strings.Builder
		code := run(context.Background(), args, strings.NewReader(""), &out, &errs)
		if code != exitDone && (code != exitAside || !strings.Contains(errs.String(), "set aside: s3://logs/AWSLogs/gone.json")) {
			t.Fatalf("exit code %d: %s", code, &errs)
		}
		if got := len(w.delivered()); got != 3 {
			t.Errorf("%d findings", got)
		}
		if got := q.left(from); got != "0 and 0" {
			t.Errorf("%s messages are left", got)
		}
	}
	if got := w.ask("SELECT count(*) FROM cloudtrail"); got != "3" {
		t.Errorf("%s rows", got)
	}
}
