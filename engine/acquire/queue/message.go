package queue

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"
)

// Object is an object that a notification of S3 says is there.
type Object struct {
	Bucket, Key, Version string
	Size                 int64
}

// message is what a message of a queue is.
type message struct {
	objects []Object // of a notification of S3: what was created
	// nothing says that there is nothing in it to be loaded: S3's test event, or
	// the news that objects are gone.
	nothing bool
}

// errNoJSON says that a message's body is neither JSON nor SNS around JSON.
var errNoJSON = errors.New("its body is no JSON object")

// read tells what the body of a message is. SNS may be around it. What is no
// notification of S3 is an event, which is taken as it is.
func read(body string) (message, error) {
	for range 3 { // SNS may have been sent to a topic by another
		var sns struct{ Type, TopicArn, Message string }
		if json.Unmarshal([]byte(body), &sns) != nil || sns.TopicArn == "" || sns.Message == "" {
			break
		}
		body = sns.Message
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal([]byte(body), &m); err != nil || m == nil {
		return message{}, errNoJSON
	}
	// S3 User Guide, "Event message structure", and the test event that S3 sends
	// when notifications are set up.
	var test struct{ Service, Event string }
	if json.Unmarshal([]byte(body), &test) == nil && test.Service == "Amazon S3" && test.Event == "s3:TestEvent" {
		return message{nothing: true}, nil
	}
	var n struct {
		Records []struct {
			EventSource string `json:"eventSource"`
			EventName   string `json:"eventName"`
			S3          *struct {
				Bucket struct {
					Name string `json:"name"`
				} `json:"bucket"`
				Object struct {
					Key       string `json:"key"`
					VersionID string `json:"versionId"`
					Size      int64  `json:"size"`
				} `json:"object"`
			} `json:"s3"`
		}
	}
	if json.Unmarshal([]byte(body), &n) != nil || len(n.Records) == 0 || n.Records[0].EventSource != "aws:s3" || n.Records[0].S3 == nil {
		return message{}, nil
	}
	var out message
	for _, r := range n.Records {
		if r.S3 == nil || !strings.HasPrefix(r.EventName, "ObjectCreated:") {
			continue
		}
		key := r.S3.Object.Key
		if plain, err := url.QueryUnescape(key); err == nil { // as a form is written
			key = plain
		}
		out.objects = append(out.objects, Object{r.S3.Bucket.Name, key, r.S3.Object.VersionID, r.S3.Object.Size})
	}
	out.nothing = out.objects == nil
	return out, nil
}
