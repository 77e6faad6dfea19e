package policy

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWatch(t *testing.T) {
	const queue = "sqs:https://sqs.eu-west-1.amazonaws.com/111122223333/events"
	got, err := Watch([]string{"incoming", queue, "sqs:https://sqs.cn-north-1.amazonaws.com.cn/111122223333/events", "s3://shop-logs/AWSLogs/", "s3://other-logs/"},
		[]string{"-", "file:found.ndjson", "https://hooks.example.com/x", queue, queue, "sns:arn:aws:sns:eu-west-1:111122223333:findings",
			"events:security", "events:arn:aws:events:eu-west-1:111122223333:event-bus/other", "lambda:page", "exec:page"}, "eu-west-1")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct{ Statement []statement }
	if err := json.Unmarshal(got, &doc); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, s := range doc.Statement {
		if s.Effect != "Allow" {
			t.Errorf("%s: %s", s.Sid, s.Effect)
		}
		lines = append(lines, s.Sid+" "+strings.Join(s.Action, ",")+" "+s.Resource)
	}
	want := []string{
		"ReadQueue sqs:ChangeMessageVisibility,sqs:DeleteMessage,sqs:ReceiveMessage arn:aws:sqs:eu-west-1:111122223333:events",
		"ReadQueue2 sqs:ChangeMessageVisibility,sqs:DeleteMessage,sqs:ReceiveMessage arn:aws-cn:sqs:cn-north-1:111122223333:events",
		"ListBucket s3:ListBucket arn:aws:s3:::shop-logs",
		"ReadObjects s3:GetObject arn:aws:s3:::shop-logs/AWSLogs/*",
		"DecryptObjects kms:Decrypt arn:aws:kms:*:*:key/*",
		"ListBucket2 s3:ListBucket arn:aws:s3:::other-logs",
		"ReadObjects2 s3:GetObject arn:aws:s3:::other-logs/*",
		"DecryptObjects2 kms:Decrypt arn:aws:kms:*:*:key/*",
		"SendToQueue sqs:SendMessage arn:aws:sqs:eu-west-1:111122223333:events",
		"PublishToTopic sns:Publish arn:aws:sns:eu-west-1:111122223333:findings",
		"PutOnBus events:PutEvents arn:aws:events:eu-west-1:*:event-bus/security",
		"PutOnBus2 events:PutEvents arn:aws:events:eu-west-1:111122223333:event-bus/other",
		"CallFunction lambda:InvokeFunction arn:aws:lambda:eu-west-1:*:function:page",
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Error(d)
	}
	nothing, err := Watch([]string{"incoming"}, []string{"-"}, "")
	if err != nil || !strings.Contains(string(nothing), `"Statement": []`) {
		t.Errorf("%s, %v", nothing, err)
	}
	if _, err := Watch([]string{"s3:nonsense"}, nil, ""); err == nil {
		t.Error("a place that is none has a policy")
	}
}
