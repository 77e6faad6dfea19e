package sigma_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/sigma"
	"logquarry/engine/sigma/sigmatest"
)

// dataDir is a folder of real logs and published rules, which are no part of the
// project.
func dataDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("QUARRY_TEST_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("SKIPPED: no folder of real logs: ../shared/data beside the module, or QUARRY_TEST_DATA")
	}
	return dir
}

// realEvents reads CloudTrail files as they are, each event of an account once.
func realEvents(t *testing.T, root string) (events []sigmatest.Event) {
	t.Helper()
	seen := map[string]bool{}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".json" {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		var file struct{ Records []json.RawMessage }
		if err := json.Unmarshal(text, &file); err != nil {
			if err := json.Unmarshal(text, &file.Records); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		for _, raw := range file.Records {
			e, err := sigmatest.NewEvent(raw, "eventID", "eventTime")
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if key := fmt.Sprint(e.Fields["recipientAccountId"], e.ID); !seen[key] {
				seen[key] = true
				events = append(events, e)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// realCorrelations are over published rules, by their titles, and rules of ours.
const realCorrelations = `
title: a call
name: a_call
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: '*'}, condition: selection}
---
title: an error
name: an_error
logsource: {product: aws, service: cloudtrail}
detection: {selection: {errorCode: '*'}, condition: selection}
---
title: a change
name: a_change
logsource: {product: aws, service: cloudtrail}
detection: {selection: [{eventName|startswith: [Create, Put, Delete, Update, Stop]}], condition: selection}
---
title: many calls
correlation: {type: event_count, rules: [a_call], group-by: [userIdentity.arn, sourceIPAddress], timespan: 1m, condition: {gte: 10}}
---
title: many errors
name: many_errors
correlation: {type: event_count, rules: [an_error], group-by: [userIdentity.arn], timespan: 10m, condition: {gte: 3}}
---
title: many kinds of call
correlation: {type: value_count, rules: [a_call], group-by: [userIdentity.arn], timespan: 5m, condition: {field: eventName, gt: 8}}
---
title: errors, then a change
correlation: {type: temporal_ordered, rules: [many_errors, a_change], group-by: [userIdentity.arn], timespan: 10m}
---
title: a change without an error
correlation: {type: temporal, rules: [a_change, an_error], group-by: [userIdentity.arn], timespan: 2m, condition: a_change and not an_error}
---
title: rare call
correlation: {type: value_percentile, rules: [a_call], group-by: [userIdentity.arn], timespan: 1h, condition: {field: eventName, lte: 2}}
`

// Published rules find in real logs what the evaluator finds, event by event.
func TestAgreeOnRealLogs(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	data := dataDir(t)
	set, err := sigma.Read([]string{filepath.Join(data, "sigmahq-aws-rules", "rules")}, sigma.Options{})
	if err != nil {
		t.Skipf("SKIPPED: %v", err)
	}
	seen := map[string]bool{}
	var texts []string
	for _, r := range set.Rules {
		if seen[r.File] {
			continue
		}
		seen[r.File] = true
		text, err := os.ReadFile(r.File)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.TrimPrefix(string(text), "---\n"))
	}
	published := strings.Join(texts, "\n---\n")
	for _, folder := range []string{"invictus-aws_dataset", "stratus-red-team"} {
		t.Run(folder, func(t *testing.T) {
			root := filepath.Join(data, folder)
			if _, err := os.Stat(root); err != nil {
				t.Skipf("SKIPPED: %v", err)
			}
			events := realEvents(t, root)
			c := newCase(t, root)
			for name, rules := range map[string]string{"published": published, "correlations": realCorrelations} {
				parsed, err := sigmatest.Parse(rules, nil)
				if err != nil {
					t.Fatal(err)
				}
				want, err := sigmatest.Evaluate(parsed, events)
				if err != nil {
					t.Fatal(err)
				}
				got, problems := compiled(t, c, "", rules, nil)
				for _, p := range problems {
					t.Error(p)
				}
				t.Logf("%s: %d rules over %d events find %d", name, len(parsed), len(events), len(want))
				if d := cmp.Diff(byID(want), byID(got), unordered); d != "" {
					t.Errorf("%s: %s", name, d)
				}
			}
		})
	}
}
