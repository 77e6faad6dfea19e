// Package deliver sends findings over the network: to webhooks and to services of
// AWS.
//
// In: findings of a watch, one JSON object each. Out: what the receiver said of
// each. It implements [watch.Target]; when to try again it leaves to the watch.
package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"logquarry/engine/acquire"
	"logquarry/engine/watch"
)

// Options of a target.
type Options struct {
	// Session is who asks AWS; nil: the environment's.
	Session *acquire.Session
	// Key signs what goes to a webhook; at least 16 bytes.
	Key []byte
}

// ErrNoTarget says that a text names none of the targets of this package.
var ErrNoTarget = errors.New("no such target")

// New is the target that text names: https://…, http://127.0.0.1…, sns:ARN,
// sqs:URL, events:BUS or lambda:NAME. Nothing is asked yet.
func New(text string, o Options) (watch.Target, error) {
	if o.Session == nil {
		o.Session = &acquire.Session{}
	}
	kind, rest, _ := strings.Cut(text, ":")
	switch {
	case kind == "https" || kind == "http":
		return newWebhook(text, o.Key)
	case rest == "":
	case kind == "sns":
		a, err := arn.Parse(rest)
		if err != nil || a.Service != "sns" {
			return nil, fmt.Errorf("%s: not the ARN of a topic, such as arn:aws:sns:eu-west-1:111122223333:findings", text)
		}
		return &topic{service{o.Session, a.Region, text}, rest}, nil
	case kind == "sqs":
		region, err := QueueRegion(rest)
		if err != nil {
			return nil, err
		}
		return &queue{service{o.Session, region, text}, rest}, nil
	case kind == "events":
		return &bus{service{o.Session, regionOf(rest), text}, rest}, nil
	case kind == "lambda":
		return &function{service{o.Session, regionOf(rest), text}, rest}, nil
	}
	return nil, ErrNoTarget
}

// QueueRegion is the Region in the URL of a queue; empty where the host is not one
// of AWS's, as with an endpoint of one's own.
func QueueRegion(text string) (string, error) {
	rest, ok := strings.CutPrefix(text, "https://")
	if !ok {
		if rest, ok = strings.CutPrefix(text, "http://"); !ok {
			return "", fmt.Errorf("%s: not the URL of a queue, such as https://sqs.eu-west-1.amazonaws.com/111122223333/findings", text)
		}
	}
	host, path, _ := strings.Cut(rest, "/")
	if strings.Count(path, "/") < 1 {
		return "", fmt.Errorf("%s: the URL of a queue ends in the account and the queue's name", text)
	}
	part := strings.Split(host, ".")
	if len(part) >= 4 && part[0] == "sqs" && strings.HasPrefix(part[2], "amazonaws") {
		return part[1], nil
	}
	return "", nil
}

// regionOf is the Region of an ARN, empty for a name.
func regionOf(text string) string {
	if a, err := arn.Parse(text); err == nil {
		return a.Region
	}
	return ""
}

// service is a target that is a resource of AWS.
type service struct {
	session *acquire.Session
	region  string // empty: the session's
	label   string
}

// Name implements [watch.Target].
func (s *service) Name() string { return s.label }

func (s *service) config(ctx context.Context) (aws.Config, error) {
	return s.session.Config(ctx, s.region)
}

// failed is an error of AWS in words.
func (s *service) failed(err error, permission, resource string) error {
	return acquire.Explain(err, acquire.Asked{What: s.label, Permission: permission, Resource: resource, Profile: s.session.Profile})
}

// Limits of one call. SNS and EventBridge take 256 KiB in ten entries at most, of
// their messages and what goes with them; SQS takes that and more. (API References:
// PublishBatch, PutEvents, SendMessageBatch.)
const (
	mostEntries = 10
	mostBytes   = 256 << 10
)

// grouped calls send for groups of findings that fit into one call, more being what
// goes with each. A finding that fits into none is refused.
func grouped(list []watch.Finding, more int, send func(part []watch.Finding) []error) []error {
	errs := make([]error, len(list))
	var at []int
	bytes := 0
	flush := func() {
		if at == nil {
			return
		}
		var part []watch.Finding
		for _, i := range at {
			part = append(part, list[i])
		}
		for k, err := range send(part) {
			errs[at[k]] = err
		}
		at, bytes = nil, 0
	}
	for i, f := range list {
		n := len(f.Body) + more
		if n > mostBytes {
			errs[i] = &watch.Refusal{Err: fmt.Errorf("the finding has %d bytes, and %d is what one call takes", len(f.Body), mostBytes-more)}
			continue
		}
		if len(at) == mostEntries || bytes+n > mostBytes {
			flush()
		}
		at, bytes = append(at, i), bytes+n
	}
	flush()
	return errs
}

// same is one error for all.
func same(n int, err error) []error {
	errs := make([]error, n)
	for i := range errs {
		errs[i] = err
	}
	return errs
}

// entryError is the error of one entry of a call.
func entryError(code, message string) error {
	err := fmt.Errorf("%s: %s", code, message)
	if slices.Contains([]string{"InvalidMessageContents", "InvalidParameterValue", "InvalidParameter", "MalformedDetail"}, code) {
		return &watch.Refusal{Err: err}
	}
	return err
}

// short tells apart what must not be shown.
func short(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:4])
}
