package policy

import (
	"fmt"
	"net/url"
	"strings"

	"logquarry/engine/acquire/s3"
)

// Watch is the policy that quarry watch needs for its sources and targets, as
// [Document] gives it. What does not go to AWS needs nothing. A queue by which S3
// tells of objects needs reading their bucket, too, which its URL does not say.
// region is that of the session; empty: one of the partition aws.
func Watch(sources, targets []string, region string) ([]byte, error) {
	all := []statement{}
	add := func(sid, resource string, actions ...string) {
		for i := range all {
			if all[i].Resource == resource && all[i].Sid == sid {
				return
			}
		}
		all = append(all, statement{Sid: sid, Action: actions, Resource: resource})
	}
	for _, text := range sources {
		kind, rest, _ := strings.Cut(text, ":")
		switch kind {
		case "sqs":
			add("ReadQueue", queueARN(rest), "sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage")
		case "s3":
			p, err := s3.ParsePlace(text)
			if err != nil {
				return nil, err
			}
			list, err := statements(Options{Kinds: []string{"s3"}, Bucket: p.Bucket, Prefix: p.Prefix, Partition: Partition(region)})
			if err != nil {
				return nil, err
			}
			all = append(all, list...)
		}
	}
	for _, text := range targets {
		kind, rest, _ := strings.Cut(text, ":")
		switch kind {
		case "sqs":
			add("SendToQueue", queueARN(rest), "sqs:SendMessage")
		case "sns":
			add("PublishToTopic", rest, "sns:Publish")
		case "events":
			add("PutOnBus", named(rest, region, "events", "event-bus/"), "events:PutEvents")
		case "lambda":
			add("CallFunction", named(rest, region, "lambda", "function:"), "lambda:InvokeFunction")
		}
	}
	// The ids of statements differ within a policy.
	times := map[string]int{}
	for i := range all {
		all[i].Effect = "Allow"
		if times[all[i].Sid]++; times[all[i].Sid] > 1 {
			all[i].Sid += fmt.Sprint(times[all[i].Sid])
		}
	}
	return encode(all)
}

// queueARN is the ARN of the queue with a URL. What the URL does not say is left
// open.
func queueARN(text string) string {
	region, account, name := "*", "*", "*"
	if u, err := url.Parse(text); err == nil {
		if part := strings.Split(u.Host, "."); len(part) >= 4 && part[0] == "sqs" {
			region = part[1]
		}
		if a, n, ok := strings.Cut(strings.Trim(u.Path, "/"), "/"); ok {
			account, name = a, n
		}
	}
	return "arn:" + Partition(region) + ":sqs:" + region + ":" + account + ":" + name
}

// named is text where it is an ARN, else that of what has this name in any account.
func named(text, region, service, form string) string {
	if strings.HasPrefix(text, "arn:") {
		return text
	}
	partition := Partition(region)
	if region == "" {
		region = "*"
	}
	return "arn:" + partition + ":" + service + ":" + region + ":*:" + form + text
}
