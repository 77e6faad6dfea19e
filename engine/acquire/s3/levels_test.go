package s3

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/layout"
)

func TestLevels(t *testing.T) {
	endpoint, c := fake(t, nil)
	for _, key := range []string{
		"a/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/x.json.gz", "a/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/03/x.json.gz",
		"a/AWSLogs/o-exampleorgid/444455556666/CloudTrail/eu-west-1/2026/01/02/x.json.gz", "a/AWSLogs/readme", "a/b c+d/x",
	} {
		put(t, c, key, []byte("{}"))
	}
	l := NewLevels(Options{Session: session(endpoint)}, "example-logs")
	got, err := l.Below(t.Context(), "a/", "/")
	if err != nil || !slices.Equal(got, []string{"a/AWSLogs/", "a/b c+d/"}) {
		t.Errorf("%q, %v", got, err)
	}
	p, err := layout.Make(t.Context(), layout.Want{Kind: "cloudtrail", Prefix: "a", Since: time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC), Until: time.Date(2026, 1, 2, 4, 0, 0, 0, time.UTC)}, l)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"a/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/", "a/AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/02/", "a/AWSLogs/o-exampleorgid/444455556666/CloudTrail/eu-west-1/2026/01/02/"}
	if !slices.Equal(p.Prefixes, want) || l.Requests() != 7 {
		t.Errorf("%q by %d requests", p.Prefixes, l.Requests())
	}
	_, err = NewLevels(Options{Session: session(endpoint)}, "nobody").Below(t.Context(), "", "/")
	var e *acquire.Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "no such bucket") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := l.Below(ctx, "", "/"); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
}
