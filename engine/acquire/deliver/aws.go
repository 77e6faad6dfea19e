package deliver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	etypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	stypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	qtypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"logquarry/engine/watch"
)

// fifo reports whether a queue or topic is one that keeps order, and drops what
// has the id of something it got in the last five minutes.
func fifo(name string) bool { return strings.HasSuffix(name, ".fifo") }

// group is the one message group of a FIFO queue or topic.
const group = "quarry"

// entryID names the i-th entry of a call.
func entryID(i int) *string { return aws.String(strconv.Itoa(i)) }

// byEntry are the errors of n entries of a call: those that failed have their
// places as ids.
func byEntry(n int, failed map[string]error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = failed[strconv.Itoa(i)]
	}
	return errs
}

// topic is an SNS topic.
type topic struct {
	service
	arn string
}

func (t *topic) Most() int { return 100 }

func (t *topic) Send(ctx context.Context, list []watch.Finding) []error {
	c, err := t.config(ctx)
	if err != nil {
		return same(len(list), err)
	}
	client := sns.NewFromConfig(c)
	return grouped(list, 100, func(part []watch.Finding) []error {
		in := &sns.PublishBatchInput{TopicArn: &t.arn}
		for i, f := range part {
			e := stypes.PublishBatchRequestEntry{Id: entryID(i), Message: aws.String(string(f.Body))}
			if fifo(t.arn) {
				e.MessageGroupId, e.MessageDeduplicationId = aws.String(group), aws.String(f.ID)
			} else {
				e.MessageAttributes = map[string]stypes.MessageAttributeValue{"finding_id": {DataType: aws.String("String"), StringValue: aws.String(f.ID)}}
			}
			in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, e)
		}
		out, err := client.PublishBatch(ctx, in)
		if err != nil {
			return same(len(part), t.failed(err, "sns:Publish", t.arn))
		}
		failed := map[string]error{}
		for _, f := range out.Failed {
			failed[aws.ToString(f.Id)] = entryError(aws.ToString(f.Code), aws.ToString(f.Message))
		}
		return byEntry(len(part), failed)
	})
}

// queue is an SQS queue.
type queue struct {
	service
	url string
}

func (q *queue) Most() int { return 100 }

func (q *queue) Send(ctx context.Context, list []watch.Finding) []error {
	c, err := q.config(ctx)
	if err != nil {
		return same(len(list), err)
	}
	client := sqs.NewFromConfig(c)
	return grouped(list, 100, func(part []watch.Finding) []error {
		in := &sqs.SendMessageBatchInput{QueueUrl: &q.url}
		for i, f := range part {
			e := qtypes.SendMessageBatchRequestEntry{Id: entryID(i), MessageBody: aws.String(string(f.Body))}
			if fifo(q.url) {
				e.MessageGroupId, e.MessageDeduplicationId = aws.String(group), aws.String(f.ID)
			} else {
				e.MessageAttributes = map[string]qtypes.MessageAttributeValue{"finding_id": {DataType: aws.String("String"), StringValue: aws.String(f.ID)}}
			}
			in.Entries = append(in.Entries, e)
		}
		out, err := client.SendMessageBatch(ctx, in)
		if err != nil {
			return same(len(part), q.failed(err, "sqs:SendMessage", q.url))
		}
		failed := map[string]error{}
		for _, f := range out.Failed {
			failed[aws.ToString(f.Id)] = entryError(aws.ToString(f.Code), aws.ToString(f.Message))
		}
		return byEntry(len(part), failed)
	})
}

// What the events of a bus say of themselves.
const (
	eventSource     = "logquarry"
	eventDetailType = "LogQuarry Finding"
)

// bus is an event bus of EventBridge, by name or ARN.
type bus struct {
	service
	name string
}

func (b *bus) Most() int { return 100 }

func (b *bus) Send(ctx context.Context, list []watch.Finding) []error {
	c, err := b.config(ctx)
	if err != nil {
		return same(len(list), err)
	}
	client := eventbridge.NewFromConfig(c)
	// EventBridge User Guide, "Calculating Amazon EventBridge event entry size": 14
	// bytes for the time, and the texts.
	return grouped(list, 14+len(eventSource)+len(eventDetailType), func(part []watch.Finding) []error {
		in := &eventbridge.PutEventsInput{}
		for _, f := range part {
			in.Entries = append(in.Entries, etypes.PutEventsRequestEntry{EventBusName: &b.name, Source: aws.String(eventSource),
				DetailType: aws.String(eventDetailType), Detail: aws.String(string(f.Body)), Time: aws.Time(f.Found)})
		}
		out, err := client.PutEvents(ctx, in)
		if err != nil {
			return same(len(part), b.failed(err, "events:PutEvents", b.name))
		}
		errs := make([]error, len(part))
		for i := range errs {
			switch {
			case i >= len(out.Entries):
				errs[i] = errors.New("EventBridge said nothing of it")
			case out.Entries[i].ErrorCode != nil:
				errs[i] = entryError(*out.Entries[i].ErrorCode, aws.ToString(out.Entries[i].ErrorMessage))
			}
		}
		return errs
	})
}

// function is a Lambda function, by name or ARN. It is called and waited for: a
// finding is delivered when the function ended well.
type function struct {
	service
	name string
}

func (l *function) Most() int { return 1 }

func (l *function) Send(ctx context.Context, list []watch.Finding) []error {
	c, err := l.config(ctx)
	if err != nil {
		return same(len(list), err)
	}
	client := lambda.NewFromConfig(c)
	errs := make([]error, len(list))
	for i, f := range list {
		out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &l.name, Payload: f.Body})
		switch {
		case err != nil:
			errs[i] = l.failed(err, "lambda:InvokeFunction", l.name)
		case out.FunctionError != nil:
			text := string(out.Payload)
			errs[i] = fmt.Errorf("the function failed (%s): %s", *out.FunctionError, text[:min(len(text), 200)])
		}
	}
	return errs
}
