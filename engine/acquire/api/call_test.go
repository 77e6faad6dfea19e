package api

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/policy"
)

// before puts a server before the services that may answer itself: then it returns
// true.
func (a *cloud) before(first func(w http.ResponseWriter, r *http.Request) bool) *acquire.Session {
	s := a.serve()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !first(w, r) {
			a.ServeHTTP(w, r)
		}
	}))
	a.t.Cleanup(server.Close)
	s.Endpoint = server.URL
	return s
}

// TestClock: a machine whose clock is wrong is told by AWS, and signs by its.
func TestClock(t *testing.T) {
	theirs := func() time.Time { return time.Now().Add(2 * time.Hour) }
	refusals := 0
	a := &cloud{t: t, answers: map[string]func(string, map[string]any) any{"cloudtrail LookupEvents": busy(1).lookup}}
	s := a.before(func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Date", theirs().UTC().Format(http.TimeFormat))
		at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
		if err != nil || theirs().Sub(at).Abs() < 15*time.Minute {
			return false
		}
		refusals++
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, `{"__type":"InvalidSignatureException","message":"Signature expired"}`)
		return true
	})
	f := open(t, s, t.TempDir())
	f.Regions = []string{"eu-west-1"}
	if sum, err := f.CloudTrailHistory(t.Context(), Lookup{}); err != nil || sum.Items != 1 || refusals != 1 {
		t.Errorf("%+v, %v, refused %d times", sum, err, refusals)
	}
}

// TestBrokenAnswers: what breaks off, fails within the service or is no answer of AWS
// at all.
func TestBrokenAnswers(t *testing.T) {
	var n atomic.Int64
	a := &cloud{t: t, answers: map[string]func(string, map[string]any) any{"cloudtrail LookupEvents": busy(30).lookup}}
	s := a.before(func(w http.ResponseWriter, r *http.Request) bool {
		switch n.Add(1) % 5 {
		case 1:
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, `{"Events":[`)
			return true
		case 3:
			w.WriteHeader(http.StatusInternalServerError)
			io.WriteString(w, "<html>something went wrong</html>")
			return true
		}
		return false
	})
	dir := t.TempDir()
	f := open(t, s, dir)
	f.Regions = []string{"eu-west-1"}
	if sum, err := f.CloudTrailHistory(t.Context(), Lookup{}); err != nil || sum.Items != 30 || len(sum.Failed) > 0 || len(ids(t, dir)) != 30 {
		t.Errorf("%+v, %v", sum, err)
	}
	s = a.before(func(w http.ResponseWriter, r *http.Request) bool {
		io.WriteString(w, "<html>log in</html>")
		return true
	})
	f = open(t, s, t.TempDir())
	_, err := f.CloudTrailHistory(t.Context(), Lookup{})
	var e *acquire.Error
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "STS GetCallerIdentity") {
		t.Errorf("%v", err)
	}
	s = a.before(func(w http.ResponseWriter, r *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprint(w, "<ErrorResponse><Error><Type>Sender</Type><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>")
		return true
	})
	f = open(t, s, t.TempDir())
	if _, err := f.CloudTrailHistory(t.Context(), Lookup{}); !errors.As(err, &e) || !strings.Contains(err.Error(), "expired") || e.Hint() == "" {
		t.Errorf("%v", err)
	}
}

// TestEndpoints: where the environment says that a service is.
func TestEndpoints(t *testing.T) {
	t.Setenv("AWS_ENDPOINT_URL_CONFIG_SERVICE", "https://config.example.com/base")
	t.Setenv("AWS_USE_FIPS_ENDPOINT", "true")
	t.Setenv("AWS_CA_BUNDLE", "")
	s := (&cloud{t: t}).serve()
	s.Endpoint = ""
	f := &Fetch{Session: s}
	cfg, err := s.Config(t.Context(), "us-east-1")
	if err != nil {
		t.Fatal(err)
	}
	for service, want := range map[string]string{"config": "https://config.example.com/base", "logs": "https://logs-fips.us-east-1.amazonaws.com"} {
		if got, err := f.endpoint(t.Context(), cfg, service); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", service, got, err, want)
		}
	}
	req, body, err := call{op: policy.DescribeConfigRules, in: map[string]any{}}.request(t.Context(), services["config"], "https://config.example.com/base")
	if err != nil || req.URL.Path != "/base/" || string(body) != "{}" || req.Header.Get("X-Amz-Target") != "StarlingDoveService.DescribeConfigRules" {
		t.Errorf("%+v, %s, %v", req, body, err)
	}
}
