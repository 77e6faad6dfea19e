package api

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
	"testing"
	"time"

	"logquarry/engine/acquire"
	"logquarry/engine/manifest"
)

// history is CloudTrail's event history of one Region.
type history struct {
	mu     sync.Mutex
	times  []time.Time // oldest first
	size   int         // of a page
	fails  int         // how many pages are given until the connection is gone; 0: it never is
	served int
}

type event = map[string]any

func (h *history) lookup(region string, in map[string]any) any {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.served++; h.fails > 0 && h.served > h.fails {
		panic(refused{400, "InvalidNextTokenException", "the token is gone"})
	}
	from, to := time.Unix(number(in, "StartTime"), 0), time.Unix(number(in, "EndTime"), 0)
	skip := 0
	if token, ok := in["NextToken"].(string); ok {
		fmt.Sscanf(token, "after-%d", &skip)
	}
	var all []event
	for i := len(h.times) - 1; i >= 0; i-- {
		if at := h.times[i]; !at.Before(from) && !at.After(to) {
			id := fmt.Sprintf("%s-%d", region, i)
			record := fmt.Sprintf(`{"eventVersion":"1.11","eventID":%q,"eventTime":%q,"eventSource":"ec2.amazonaws.com","eventName":"RunInstances","awsRegion":%q,"recipientAccountId":%q}`, id, at.UTC().Format(time.RFC3339), region, account)
			all = append(all, event{"EventId": id, "EventName": "RunInstances", "EventTime": float64(at.Unix()), "CloudTrailEvent": record})
		}
	}
	out := map[string]any{"Events": []event{}}
	if skip < len(all) {
		end := min(skip+h.size, len(all))
		out["Events"] = all[skip:end]
		if end < len(all) {
			out["NextToken"] = fmt.Sprintf("after-%d", end)
		}
	}
	return out
}

// ids are the events in the files, in order, with those that are there twice.
func ids(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	for _, list := range lines(t, dir) {
		for _, line := range list {
			var page struct{ Events []struct{ EventID string } }
			if err := json.Unmarshal([]byte(line), &page); err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Events {
				all = append(all, e.EventID)
			}
		}
	}
	slices.Sort(all)
	return all
}

// busy is a history with n events, a few in each minute up to 10 o'clock.
func busy(n int) *history {
	h := &history{size: 4}
	for i := range n {
		h.times = append(h.times, now.Add(-2*time.Hour-time.Duration((n-i)/3)*time.Minute))
	}
	return h
}

func TestHistory(t *testing.T) {
	many, few := busy(100), busy(3)
	a := &cloud{t: t, regions: []string{"eu-west-1", "us-east-1", "sa-east-1"}, answers: map[string]func(string, map[string]any) any{
		"cloudtrail LookupEvents": func(region string, in map[string]any) any {
			switch region {
			case "eu-west-1":
				return many.lookup(region, in)
			case "us-east-1":
				return few.lookup(region, in)
			}
			return map[string]any{"Events": []event{}}
		},
	}}
	dir := t.TempDir()
	f := open(t, a.serve(), dir)
	sum, err := f.CloudTrailHistory(t.Context(), Lookup{})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Items != 103 || len(sum.Failed) > 0 || sum.Account != account || len(sum.Regions) != 3 {
		t.Errorf("%+v", sum)
	}
	got := ids(t, dir)
	if len(slices.Compact(slices.Clone(got))) != 103 {
		t.Errorf("%d events are there", len(got))
	}
	files := lines(t, dir)
	// Two pages make a file here.
	if len(files) < 12 || len(files) != int(sum.Files) {
		t.Errorf("%d files", len(files))
	}
	for path, source := range sourcesOf(t, dir) {
		if source != "cloudtrail" || !strings.HasPrefix(path, "cloudtrail-history/111122223333/") {
			t.Errorf("%s is taken for %s", path, source)
		}
	}
	// What is in front says what was asked; behind it stands the answer as it came.
	for _, list := range files {
		var line struct {
			Request request `json:"@request"`
		}
		if err := json.Unmarshal([]byte(list[0]), &line); err != nil {
			t.Fatal(err)
		}
		r := line.Request
		if r.Service != "cloudtrail" || r.Operation != "LookupEvents" || r.Account != account || !r.Fetched.Equal(now) || r.RequestID == "" || !strings.Contains(string(r.Parameters), "StartTime") {
			t.Errorf("%+v", r)
		}
		if _, body, ok := strings.Cut(list[0], `},"Events":[{"`); !ok || !json.Valid([]byte(`{"Events":[{"`+body)) {
			t.Errorf("%.300s", list[0])
		}
	}
	// The manifest has each file, and the Region without events.
	paths, empty := map[string]bool{}, 0
	for _, e := range entries(t, dir) {
		if e.API.Operation != "LookupEvents" || e.API.Account != account || e.Status != manifest.Fetched {
			t.Errorf("%+v", e)
		}
		if e.Path == "" {
			empty++
		}
		paths[e.Path] = true
	}
	if empty != 1 || len(paths) != len(files)+1 {
		t.Errorf("the manifest has %d files and %d times nothing", len(paths), empty)
	}
	before := a.count("cloudtrail LookupEvents")
	// Again: nothing but the last hour, of which there may be more by now.
	f = again(t, f)
	sum, err = f.CloudTrailHistory(t.Context(), Lookup{})
	if err != nil || sum.Items != 0 || sum.Kept == 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	if n := a.count("cloudtrail LookupEvents") - before; n != 3 {
		t.Errorf("asked %d times again", n)
	}
	// A day later that day alone is missing.
	f = again(t, f)
	f.Now = func() time.Time { return now.Add(24 * time.Hour) }
	f.Since = now.Add(-10 * 24 * time.Hour)
	if _, err := f.CloudTrailHistory(t.Context(), Lookup{}); err != nil {
		t.Fatal(err)
	}
	last := a.calls[len(a.calls)-1]
	if from := time.Unix(number(last.in, "StartTime"), 0); from.Before(now.Add(-time.Hour)) {
		t.Errorf("asked from %s on", from)
	}
	// Another question is another answer.
	f = again(t, f)
	before = a.count("cloudtrail LookupEvents")
	if _, err := f.CloudTrailHistory(t.Context(), Lookup{Attribute: "Username", Value: "alice"}); err != nil {
		t.Fatal(err)
	}
	if n := a.count("cloudtrail LookupEvents") - before; n < 27 {
		t.Errorf("asked %d times", n)
	}
}

// TestHistoryKilled ends a run after each number of pages; the next goes on where
// it was, and in the end each event is there.
func TestHistoryKilled(t *testing.T) {
	h := busy(60)
	a := &cloud{t: t, regions: []string{"eu-west-1"}, answers: map[string]func(string, map[string]any) any{"cloudtrail LookupEvents": h.lookup}}
	s := a.serve()
	asked := 0
	for stop := 1; stop < 17; stop++ {
		dir := t.TempDir()
		h.fails, h.served = stop, 0
		f := open(t, s, dir)
		f.Until = now.Add(-2 * time.Hour)
		sum, err := f.CloudTrailHistory(t.Context(), Lookup{})
		if err != nil {
			t.Fatal(err)
		}
		if failed := len(sum.Failed) == 1; failed != (stop < 15) {
			t.Fatalf("after %d pages: %+v", stop, sum)
		}
		// As a kill leaves it: one file half written, one not yet in the manifest.
		at := filepath.Join(dir, "cloudtrail-history", account, "eu-west-1")
		if err := os.MkdirAll(at, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(at, "x"+part), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
		h.fails = 0
		h.served = 0
		f = again(t, f)
		if sum, err = f.CloudTrailHistory(t.Context(), Lookup{}); err != nil || len(sum.Failed) > 0 {
			t.Fatalf("after %d pages: %+v, %v", stop, sum, err)
		}
		if asked = h.served; stop < 15 && asked > 15-stop/2*2+1 {
			t.Errorf("killed after %d pages, %d were asked for again", stop, asked)
		}
		got := ids(t, dir)
		if got = slices.Compact(got); len(got) != 58 {
			t.Errorf("killed after %d pages: %d events are there", stop, len(got))
		}
		entries(t, dir)
	}
}

func TestHistoryCancelled(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	a := &cloud{t: t, regions: []string{"eu-west-1"}, answers: map[string]func(string, map[string]any) any{"cloudtrail LookupEvents": func(string, map[string]any) any {
		cancel(why)
		return map[string]any{"Events": []event{}, "NextToken": "t"}
	}}}
	dir := t.TempDir()
	f := open(t, a.serve(), dir)
	if _, err := f.CloudTrailHistory(ctx, Lookup{}); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	if all := lines(t, dir); len(all) > 0 {
		t.Errorf("left behind: %v", all)
	}
}

// TestPace: two calls a second in a Region, all Regions at once.
func TestPace(t *testing.T) {
	h := map[string]*history{"eu-west-1": busy(16), "us-east-1": busy(16)}
	a := &cloud{t: t, regions: []string{"eu-west-1", "us-east-1"}, answers: map[string]func(string, map[string]any) any{
		"cloudtrail LookupEvents": func(region string, in map[string]any) any { return h[region].lookup(region, in) }}}
	f := open(t, a.serve(), t.TempDir())
	f.Pace = 50 * time.Millisecond
	begun := time.Now()
	if _, err := f.CloudTrailHistory(t.Context(), Lookup{}); err != nil {
		t.Fatal(err)
	}
	// Four pages each, of which the first need not wait.
	if took := time.Since(begun); took < 3*f.Pace {
		t.Errorf("took %s", took)
	}
	if n := a.count("cloudtrail LookupEvents"); n != 8 {
		t.Errorf("%d calls", n)
	}
	last, overlap := map[string]time.Time{}, 0
	for _, c := range a.calls {
		if c.op != "cloudtrail LookupEvents" {
			continue
		}
		last[c.region] = c.at
		for other, at := range last {
			if other != c.region && c.at.Sub(at) < 40*time.Millisecond {
				overlap++
			}
		}
	}
	if overlap == 0 {
		t.Error("the Regions were asked one after the other")
	}
	if historyPace != 500*time.Millisecond {
		t.Error("AWS allows two calls a second")
	}
}

func TestRefusals(t *testing.T) {
	h := busy(5)
	tries := 0
	a := &cloud{t: t, regions: []string{"ap-south-1", "eu-west-1", "us-east-1"}, answers: map[string]func(string, map[string]any) any{
		"cloudtrail LookupEvents": func(region string, in map[string]any) any {
			switch region {
			case "ap-south-1":
				panic(refused{400, "AccessDeniedException", "User: arn:aws:iam::111122223333:user/bob is not authorized to perform: cloudtrail:LookupEvents because no identity-based policy allows the cloudtrail:LookupEvents action"})
			case "us-east-1":
				if tries++; tries < 3 {
					panic(refused{400, "ThrottlingException", "Rate exceeded"})
				}
			}
			return h.lookup(region, in)
		}}}
	dir := t.TempDir()
	f := open(t, a.serve(), dir)
	sum, err := f.CloudTrailHistory(t.Context(), Lookup{})
	if err != nil {
		t.Fatal(err)
	}
	// One Region refuses, one asks to slow down: the others do not suffer.
	if sum.Items != 10 || len(sum.Failed) != 1 || tries != 4 {
		t.Errorf("%+v, asked %d times", sum, tries)
	}
	var e *acquire.Error
	if !errors.As(sum.Failed[0], &e) || e.Permission != "cloudtrail:LookupEvents" || !strings.Contains(e.Error(), "CloudTrail LookupEvents in ap-south-1") || !strings.Contains(e.Hint(), "cloudtrail:LookupEvents") {
		t.Errorf("%v, %+v", sum.Failed[0], e)
	}
	failed := 0
	for _, e := range entries(t, dir) {
		if e.Status == manifest.Failed {
			failed++
			if e.API.Region != "ap-south-1" || e.Problem == "" || e.Hint == "" {
				t.Errorf("%+v", e)
			}
		}
	}
	if failed != 1 {
		t.Errorf("%d failures in the manifest", failed)
	}
	// What failed is tried again.
	f = again(t, f)
	before := a.count("cloudtrail LookupEvents")
	f.Regions = []string{"ap-south-1"}
	if _, err := f.CloudTrailHistory(t.Context(), Lookup{}); err != nil || a.count("cloudtrail LookupEvents") != before+1 {
		t.Errorf("asked %d times, %v", a.count("cloudtrail LookupEvents")-before, err)
	}
}

func TestWindows(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 3, d, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		have []span
		want string
	}{
		{nil, "1-9"},
		{[]span{{day(1), day(9)}}, ""},
		{[]span{{day(3), day(4)}}, "1-3 4-9"},
		{[]span{{day(8), day(20)}, {day(1), day(2)}, {day(2), day(5)}}, "5-8"},
		{[]span{{day(4), day(6)}, {day(3), day(7)}}, "1-3 7-9"},
		{[]span{{day(20), day(21)}}, "1-9"},
	} {
		var got []string
		for _, s := range (span{day(1), day(9)}).without(c.have) {
			got = append(got, fmt.Sprintf("%d-%d", s.Since.Day(), s.Until.Day()))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("without %v: %v, want %s", c.have, got, c.want)
		}
	}
	f := &Fetch{Now: func() time.Time { return now }, Since: now.Add(-200 * 24 * time.Hour)}
	if w, err := f.window(historyDays); err != nil || w.Since.Before(now.Add(-historyDays)) || !w.Until.Equal(now) || len(f.sum.Notes) != 1 {
		t.Errorf("%v, %v, %q", w, err, f.sum.Notes)
	}
	f = &Fetch{Now: func() time.Time { return now }, Until: now.Add(-200 * 24 * time.Hour)}
	if _, err := f.window(historyDays); err == nil || !strings.Contains(err.Error(), "longer than 90 days") {
		t.Errorf("a window of long ago: %v", err)
	}
	f = &Fetch{Now: func() time.Time { return now }, Since: now.Add(time.Hour)}
	if _, err := f.window(0); err == nil {
		t.Error("a window without anything is taken")
	}
}

func TestNames(t *testing.T) {
	seen := map[string]string{}
	for _, name := range []string{"/aws/lambda/shop", "_aws_lambda_shop", "/aws/lambda_shop", "..", "../../etc/passwd", ".hidden", "a/../b", strings.Repeat("x", 200), strings.Repeat("x", 201), "ok-1.2_3"} {
		got := safe(name)
		if strings.ContainsAny(got, "/\\:") || strings.HasPrefix(got, ".") || len(got) > 140 || got == "" {
			t.Errorf("%q becomes %q", name, got)
		}
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q both become %q", name, other, got)
		}
		seen[got] = name
	}
}
