package deliver

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	etypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	qtypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/moto"
	"logquarry/engine/watch"
)

var key = []byte("0123456789abcdef0123456789abcdef")

func findings(n, size int) []watch.Finding {
	var out []watch.Finding
	for i := range n {
		id := fmt.Sprintf("%032x", i+1)
		out = append(out, watch.Finding{No: int64(i + 1), ID: id, Found: time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC),
			Body: fmt.Appendf(nil, `{"finding_id":"%s","summary":"%s"}`, id, strings.Repeat("x", size))})
	}
	return out
}

// session asks endpoint with made-up credentials.
func session(endpoint string) *acquire.Session {
	return &acquire.Session{Region: "eu-west-1", Endpoint: endpoint, Attempts: 1, Options: []func(*config.LoadOptions) error{
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAEXAMPLE", "example", ""))}}
}

// TestWebhook: a request is a finding, signed so that a receiver which follows the
// recipe accepts it.
func TestWebhook(t *testing.T) {
	var mu sync.Mutex
	got := map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(r.Header.Get("Quarry-Timestamp") + "." + string(body)))
		if want := "v1=" + hex.EncodeToString(mac.Sum(nil)); r.Header.Get("Quarry-Signature") != want {
			t.Errorf("signature %s, want %s", r.Header.Get("Quarry-Signature"), want)
		}
		if r.Header.Get("Content-Type") != "application/json" || r.Method != http.MethodPost {
			t.Errorf("%s of %s", r.Method, r.Header.Get("Content-Type"))
		}
		mu.Lock()
		defer mu.Unlock()
		got[r.Header.Get("Quarry-Finding")] = string(body)
	}))
	defer s.Close()
	target, err := New(s.URL+"/hook?token=secret", Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(target.Name(), "secret") {
		t.Errorf("its name is %s", target.Name())
	}
	list := findings(40, 10)
	for _, part := range [][]watch.Finding{list[:target.Most()], list[target.Most():]} {
		for i, err := range target.Send(t.Context(), part) {
			if err != nil {
				t.Errorf("finding %d: %v", i, err)
			}
		}
	}
	for _, f := range list {
		if got[f.ID] != string(f.Body) {
			t.Errorf("finding %s came as %s", f.ID, got[f.ID])
		}
	}
}

func TestWebhookAnswers(t *testing.T) {
	elsewhere := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	status := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", other.URL)
		w.WriteHeader(status)
		fmt.Fprintln(w, "because\nof this")
	}))
	target, err := New(s.URL+"/secret", Options{Key: key})
	if err != nil {
		t.Fatal(err)
	}
	for code, want := range map[int]string{200: "ok", 202: "ok", 204: "ok", 301: "again", 307: "again", 400: "never", 401: "again", 403: "again", 404: "again",
		408: "again", 413: "never", 422: "never", 429: "again", 500: "again", 503: "again"} {
		status = code
		err := target.Send(t.Context(), findings(1, 1))[0]
		var no *watch.Refusal
		got := "again"
		switch {
		case err == nil:
			got = "ok"
		case errors.As(err, &no):
			got = "never"
		}
		if got != want {
			t.Errorf("%d: %s (%v), want %s", code, got, err, want)
		}
		if err != nil && code >= 400 && !strings.Contains(err.Error(), "because") || err != nil && strings.Contains(err.Error(), "of this") {
			t.Errorf("%d: the error is %v", code, err)
		}
	}
	if elsewhere > 0 {
		t.Error("a redirect was followed")
	}
	s.Close()
	if err := target.Send(t.Context(), findings(1, 1))[0]; err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("of a receiver that is gone: %v", err)
	}
}

func TestNew(t *testing.T) {
	for text, want := range map[string]string{
		"https://hooks.example.com/x": "", "http://127.0.0.1:8080/x": "", "http://[::1]/x": "", "http://localhost/x": "",
		"http://hooks.example.com/x": "over https", "https://": "not the URL", "sns:x": "not the ARN", "sns:arn:aws:sqs:eu-west-1:111122223333:x": "not the ARN",
		"sns:arn:aws:sns:eu-west-1:111122223333:x": "", "sqs:x": "not the URL", "sqs:https://sqs.eu-west-1.amazonaws.com/111122223333/x": "",
		"sqs:https://sqs.eu-west-1.amazonaws.com/x": "ends in the account", "events:default": "", "lambda:page": "", "lambda:": "no such target", "pigeon:x": "no such target",
	} {
		_, err := New(text, Options{Key: key})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := New("https://hooks.example.com/x", Options{Key: []byte("short")}); err == nil {
		t.Error("a webhook was made with a short key")
	}
	for text, want := range map[string]string{"https://sqs.eu-west-1.amazonaws.com/1/q": "eu-west-1", "https://sqs.cn-north-1.amazonaws.com.cn/1/q": "cn-north-1", "http://127.0.0.1:5000/1/q": ""} {
		if got, err := QueueRegion(text); got != want || err != nil {
			t.Errorf("the Region of %s is %q, %v", text, got, err)
		}
	}
}

func TestGrouped(t *testing.T) {
	var sizes []int
	send := func(part []watch.Finding) []error {
		total := 0
		for _, f := range part {
			total += len(f.Body) + 100
		}
		if len(part) > mostEntries || total > mostBytes {
			t.Errorf("%d findings of %d bytes in a call", len(part), total)
		}
		sizes = append(sizes, len(part))
		return make([]error, len(part))
	}
	list := append(findings(25, 10), findings(3, 100_000)...)
	list = append(list, findings(1, mostBytes)...)
	errs := grouped(list, 100, send)
	if fmt.Sprint(sizes) != "[10 10 7 1]" {
		t.Errorf("calls of %v", sizes)
	}
	var no *watch.Refusal
	for i, err := range errs {
		if (i == len(list)-1) != errors.As(err, &no) {
			t.Errorf("finding %d: %v", i, err)
		}
	}
}

// TestLambda: a function that fails has not got the finding.
func TestLambda(t *testing.T) {
	fails := ""
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if r.URL.Path != "/2015-03-31/functions/page/invocations" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		switch fails {
		case "function":
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			fmt.Fprint(w, `{"errorMessage":"no pager"}`)
			return
		case "access":
			w.Header().Set("X-Amzn-ErrorType", "AccessDeniedException")
			w.WriteHeader(403)
			fmt.Fprint(w, `{"Message":"User: x is not authorized to perform: lambda:InvokeFunction"}`)
			return
		}
		got = append(got, string(body))
	}))
	defer s.Close()
	target, err := New("lambda:page", Options{Session: session(s.URL)})
	if err != nil {
		t.Fatal(err)
	}
	list := findings(1, 1)
	if err := target.Send(t.Context(), list)[0]; err != nil || len(got) != 1 || got[0] != string(list[0].Body) {
		t.Errorf("%v: %q", err, got)
	}
	fails = "function"
	if err := target.Send(t.Context(), list)[0]; err == nil || !strings.Contains(err.Error(), "no pager") {
		t.Errorf("a function that fails: %v", err)
	}
	fails = "access"
	var e *acquire.Error
	if err := target.Send(t.Context(), list)[0]; !errors.As(err, &e) || e.Permission != "lambda:InvokeFunction" {
		t.Errorf("a function that one may not call: %v", err)
	}
}

// standIn is a server of moto and a configuration for it.
func standIn(t *testing.T) (string, aws.Config) {
	t.Helper()
	python := os.Getenv("QUARRY_TEST_PYTHON")
	if python == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("QUARRY_TEST_PYTHON names no Python with what .ci/requirements.txt lists")
		}
		t.Skip("QUARRY_TEST_PYTHON names no Python with what .ci/requirements.txt lists: no stand-in for AWS")
	}
	s, err := moto.Start(context.Background(), python)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	c, err := session(s.Endpoint).Config(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return s.Endpoint, c
}

// drained are the bodies of a queue's messages.
func drained(t *testing.T, c *sqs.Client, url string) (bodies []string) {
	t.Helper()
	for {
		out, err := c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return bodies
		}
		for _, m := range out.Messages {
			bodies = append(bodies, *m.Body)
			if _, err := c.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestServices sends to SQS, SNS and EventBridge as moto has them, and looks at
// what came of it in a queue behind each.
func TestServices(t *testing.T) {
	endpoint, c := standIn(t)
	queues := sqs.NewFromConfig(c)
	made := func(name string, attributes map[string]string) (url, arn string) {
		t.Helper()
		q, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes})
		if err != nil {
			t.Fatal(err)
		}
		a, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: q.QueueUrl, AttributeNames: []qtypes.QueueAttributeName{qtypes.QueueAttributeNameQueueArn}})
		if err != nil {
			t.Fatal(err)
		}
		return *q.QueueUrl, a.Attributes["QueueArn"]
	}
	list := findings(25, 100)
	sent := func(name string) {
		t.Helper()
		target, err := New(name, Options{Session: session(endpoint)})
		if err != nil {
			t.Fatal(err)
		}
		for i, err := range target.Send(t.Context(), list) {
			if err != nil {
				t.Errorf("%s: finding %d: %v", name, i, err)
			}
		}
	}
	// inside takes the finding out of what came.
	came := func(url string, inside func(body string) string) {
		t.Helper()
		got := map[string]int{}
		for _, b := range drained(t, queues, url) {
			got[inside(b)]++
		}
		for _, f := range list {
			if got[string(f.Body)] != 1 {
				t.Errorf("finding %s came %d times", f.ID, got[string(f.Body)])
			}
		}
	}
	plain := func(body string) string { return body }

	direct, _ := made("direct", nil)
	sent("sqs:" + direct)
	came(direct, plain)

	// A FIFO queue drops what it got before.
	ordered, _ := made("ordered.fifo", map[string]string{"FifoQueue": "true"})
	sent("sqs:" + ordered)
	sent("sqs:" + ordered)
	came(ordered, plain)

	behind, behindARN := made("behind-topic", nil)
	topics := sns.NewFromConfig(c)
	topic, err := topics.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("findings")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = topics.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("sqs"), Endpoint: &behindARN})
	if err != nil {
		t.Fatal(err)
	}
	sent("sns:" + *topic.TopicArn)
	came(behind, func(body string) string {
		var n struct{ Message string }
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			t.Error(err)
		}
		return n.Message
	})

	after, afterARN := made("behind-bus", nil)
	buses := eventbridge.NewFromConfig(c)
	if _, err := buses.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("security")}); err != nil {
		t.Fatal(err)
	}
	if _, err := buses.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("all"), EventBusName: aws.String("security"), EventPattern: aws.String(`{"source":["logquarry"],"detail-type":["LogQuarry Finding"]}`)}); err != nil {
		t.Fatal(err)
	}
	_, err = buses.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("all"), EventBusName: aws.String("security"), Targets: []etypes.Target{{Id: aws.String("q"), Arn: &afterARN}}})
	if err != nil {
		t.Fatal(err)
	}
	sent("events:security")
	came(after, func(body string) string {
		var n struct {
			Detail struct {
				ID      string `json:"finding_id"`
				Summary string `json:"summary"`
			} `json:"detail"`
		}
		if err := json.Unmarshal([]byte(body), &n); err != nil {
			t.Error(err)
		}
		return fmt.Sprintf(`{"finding_id":"%s","summary":"%s"}`, n.Detail.ID, n.Detail.Summary)
	})

	// What is not there is told with what was asked.
	for _, name := range []string{"sqs:" + strings.Replace(direct, "direct", "nowhere", 1), "sns:" + *topic.TopicArn + "x"} {
		target, err := New(name, Options{Session: session(endpoint)})
		if err != nil {
			t.Fatal(err)
		}
		var e *acquire.Error
		if err := target.Send(t.Context(), list[:1])[0]; !errors.As(err, &e) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
