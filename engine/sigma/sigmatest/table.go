package sigmatest

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// A Case is rules, CloudTrail events and what the rules find in them. The
// table of cases is for every implementation of Sigma in this module.
type Case struct {
	Name         string
	Rules        string // YAML documents
	Placeholders map[string][]string
	Events       []json.RawMessage // eventID is EventID(1), EventID(2), …
	Want         []Result
	Invalid      bool // the rules must be refused
}

//go:embed cases.yaml
var casesYAML []byte

// EventID is the eventID of the n-th event of a case, from 1.
func EventID(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// start is the time of events that do not give one: each a minute after the
// one before.
var start = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

// Cases reads the table.
//
// A case gives either detection, the section of a single rule called "rule",
// and hits, the numbers of the events that match; or rules, whole documents,
// and want. An event is a JSON object that is added to a plain CloudTrail
// record, in which "at" is its time after 12:00; or a line: time, eventName,
// userIdentity.userName (- for none) and requestParameters.value.
func Cases() ([]Case, error) {
	var written []struct {
		Name, Detection, Rules string
		Placeholders           map[string][]string
		Events                 []string
		Hits                   []int
		Want                   []struct {
			Rule   string
			Group  []string
			Events []int
			Value  float64
		}
		Invalid bool
	}
	if err := yaml.UnmarshalWithOptions(casesYAML, &written, yaml.Strict()); err != nil {
		return nil, err
	}
	var cases []Case
	for _, w := range written {
		c := Case{Name: w.Name, Rules: w.Rules, Placeholders: w.Placeholders, Invalid: w.Invalid}
		if w.Detection != "" {
			c.Rules = Detection("rule", w.Detection)
		}
		for i, e := range w.Events {
			raw, err := newRecord(i+1, e)
			if err != nil {
				return nil, fmt.Errorf("%s: event %d: %w", w.Name, i+1, err)
			}
			c.Events = append(c.Events, raw)
		}
		for _, n := range w.Hits {
			c.Want = append(c.Want, Result{Rule: "rule", Events: []string{EventID(n)}})
		}
		for _, x := range w.Want {
			r := Result{Rule: x.Rule, Group: x.Group, Value: x.Value}
			for _, n := range x.Events {
				r.Events = append(r.Events, EventID(n))
			}
			c.Want = append(c.Want, r)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// Detection is a rule for CloudTrail with a title and a detection section.
func Detection(title, detection string) string {
	indented := strings.ReplaceAll(strings.TrimRight(detection, "\n"), "\n", "\n    ")
	return fmt.Sprintf("title: %s\nname: %s\nlogsource:\n    product: aws\n    service: cloudtrail\ndetection:\n    %s\n", title, title, indented)
}

func newRecord(n int, written string) (json.RawMessage, error) {
	r := map[string]any{
		"eventVersion": "1.11", "eventSource": "ec2.amazonaws.com", "eventName": "DescribeInstances", "awsRegion": "us-east-1",
		"sourceIPAddress": "198.51.100.7", "eventType": "AwsApiCall", "recipientAccountId": "111122223333", "eventID": EventID(n),
		"at": (time.Duration(n) * time.Minute).String(),
	}
	if strings.HasPrefix(written, "{") {
		if err := json.Unmarshal([]byte(written), &r); err != nil {
			return nil, err
		}
	} else {
		words := strings.Fields(written)
		if len(words) < 3 || len(words) > 4 {
			return nil, errors.New("a line is: time eventName userName value")
		}
		r["at"], r["eventName"] = words[0], words[1]
		if words[2] != "-" {
			r["userIdentity"] = map[string]any{"type": "IAMUser", "userName": words[2]}
		}
		if len(words) > 3 {
			r["requestParameters"] = map[string]any{"value": words[3]}
		}
	}
	at, err := time.ParseDuration(fmt.Sprint(r["at"]))
	if err != nil {
		return nil, err
	}
	delete(r, "at")
	if _, given := r["eventTime"]; !given {
		r["eventTime"] = start.Add(at).Format(time.RFC3339)
	}
	return json.Marshal(r)
}

// Events reads the events of the case.
func (c Case) events() ([]Event, error) {
	var all []Event
	for _, raw := range c.Events {
		e, err := NewEvent(raw, "eventID", "eventTime")
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// Evaluate runs the rules of the case.
func (c Case) Evaluate() ([]Result, error) {
	rules, err := Parse(c.Rules, c.Placeholders)
	if err != nil {
		return nil, err
	}
	events, err := c.events()
	if err != nil {
		return nil, err
	}
	return Evaluate(rules, events)
}
