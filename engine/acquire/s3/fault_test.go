package s3

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// inFront is a server before another: what first does not answer goes on to it.
func inFront(t *testing.T, behind string, first func(http.ResponseWriter, *http.Request) (done bool)) string {
	t.Helper()
	to, err := url.Parse(behind)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(to)
			p.Out.Host = p.In.Host // it is signed
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !first(w, r) {
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// faults makes every tenth request fail in a way that chance picks.
type faults struct {
	mu     sync.Mutex
	random *rand.Rand
	made   map[string]int
	every  int
	client *http.Client
	behind string
}

var faultKinds = []string{"503", "reset", "slow", "truncated", "other bytes", "clock", "500", "half a head"}

func (f *faults) pick() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.random.IntN(f.every) != 0 {
		return ""
	}
	kind := faultKinds[f.random.IntN(len(faultKinds))]
	f.made[kind]++
	return kind
}

func (f *faults) serve(w http.ResponseWriter, r *http.Request) bool {
	kind := f.pick()
	fail := func(a answer) bool { a.write(w, r); return true }
	switch kind {
	case "":
		return false
	case "503":
		return fail(answer{status: 503, code: "SlowDown", message: "Please reduce your request rate."})
	case "500":
		return fail(answer{status: 500, code: "InternalError", message: "We encountered an internal error."})
	case "clock":
		// S3 says what time it is; the SDK signs by that from then on.
		return fail(answer{status: 403, code: "RequestTimeTooSkewed", message: "The difference is too large.", headers: map[string]string{"Date": time.Now().Add(20 * time.Minute).UTC().Format(http.TimeFormat)}})
	case "reset", "half a head":
		conn, buf, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		if kind == "half a head" {
			_, _ = buf.WriteString("HTTP/1.1 200 OK\r\nContent-Le")
			_ = buf.Flush()
		}
		conn.Close()
		return true
	}
	// The others are of the body.
	q, err := http.NewRequestWithContext(r.Context(), r.Method, f.behind+r.URL.RequestURI(), nil)
	if err != nil {
		panic(err)
	}
	q.Header, q.Host = r.Header.Clone(), r.Host
	got, err := f.client.Do(q)
	if err != nil {
		return fail(answer{status: 502, code: "BadGateway"})
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return fail(answer{status: 502, code: "BadGateway"})
	}
	for k, v := range got.Header {
		w.Header()[k] = v
	}
	if r.Method == http.MethodHead {
		w.WriteHeader(got.StatusCode)
		return true
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(got.StatusCode)
	listing := strings.Contains(r.URL.RawQuery, "list-type")
	switch {
	case kind == "other bytes" && !listing && len(body) > 0:
		body = bytes.Clone(body)
		body[len(body)/2] ^= 0x10
		_, _ = w.Write(body)
	case kind == "truncated" && len(body) > 1:
		_, _ = w.Write(body[:len(body)/2])
		panic(http.ErrAbortHandler)
	case kind == "slow" && len(body) > 1:
		_, _ = w.Write(body[:len(body)/2])
		w.(http.Flusher).Flush()
		<-r.Context().Done() // until the other side has had enough
	default:
		_, _ = w.Write(body)
	}
	return true
}

// tree is every file below dir but the manifest.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.Walk(dir, func(p string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || info.Name() == "manifest.ndjson" {
			return err
		}
		body, err := os.ReadFile(p)
		rel, _ := filepath.Rel(dir, p)
		out[filepath.ToSlash(rel)] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fill puts n small objects, an empty one and some large ones into a store.
func fill(s *store, n int) map[string]string {
	want := map[string]string{}
	add := func(key string, body []byte) {
		s.put(key, stored{body: body})
		want[key] = string(body)
	}
	for i := range n {
		add(fmt.Sprintf("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/%02d/%d.json.gz", 1+i%28, i), noise(uint64(i), 200+i%900))
	}
	add("empty", nil)
	for i := range 4 {
		add(fmt.Sprintf("large/%d", i), noise(uint64(7000+i), 40_000+i))
	}
	return want
}

func TestEveryTenthRequestFails(t *testing.T) {
	s, endpoint := newStore(t)
	s.pageLen = 100
	want := fill(s, 200)
	f := &faults{random: rand.New(rand.NewPCG(7, 1)), made: map[string]int{}, every: 10, client: &http.Client{}, behind: endpoint}
	t.Cleanup(f.client.CloseIdleConnections)
	server := inFront(t, endpoint, f.serve)
	dir := t.TempDir()
	start := time.Now()
	sum := run(t, Options{Session: session(server), Places: []Place{{"example-logs", ""}}, Dir: dir, PartBytes: 8000, Stall: 200 * time.Millisecond})
	t.Logf("%d objects, %d requests, %v: %v", sum.Fetched, sum.Requests, time.Since(start), f.made)
	if sum.Fetched != int64(len(want)) || sum.Failed+sum.Unlisted+sum.Changed+sum.Moved != 0 {
		t.Errorf("%d failed, %d not listed: %+v", sum.Failed, sum.Unlisted, sum.Problems[:min(3, len(sum.Problems))])
	}
	if got := tree(t, dir); len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	} else {
		for key, body := range want {
			if got[key] != body {
				t.Errorf("%s is not what it was", key)
			}
		}
	}
	if n := len(lines(t, dir)); n != len(want) {
		t.Errorf("%d lines", n)
	}
	for _, kind := range faultKinds {
		if f.made[kind] == 0 {
			t.Errorf("no fault was: %s", kind)
		}
	}
}

// A page of a listing that is cut off anywhere is asked for again, and no object is
// missed.
func TestListingCutOff(t *testing.T) {
	s, endpoint := newStore(t)
	s.pageLen = 10
	want := fill(s, 30)
	var mu sync.Mutex
	tries := map[string]int{}
	client := &http.Client{}
	t.Cleanup(client.CloseIdleConnections)
	server := inFront(t, endpoint, func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.RawQuery, "list-type") {
			return false
		}
		mu.Lock()
		token := r.URL.Query().Get("continuation-token")
		n := tries[token]
		tries[token]++
		mu.Unlock()
		if n > 1 {
			return false
		}
		q, err := http.NewRequestWithContext(r.Context(), r.Method, endpoint+r.URL.RequestURI(), nil)
		if err != nil {
			panic(err)
		}
		q.Header, q.Host = r.Header.Clone(), r.Host
		got, err := client.Do(q)
		if err != nil {
			panic(err)
		}
		defer got.Body.Close()
		body, err := io.ReadAll(got.Body)
		if err != nil {
			panic(err)
		}
		// Once in the middle, and once as if it had ended there.
		cut := body[:len(body)*(n+1)/3]
		if n == 0 {
			w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		}
		_, _ = w.Write(cut)
		return true
	})
	sum := run(t, Options{Session: session(server), Places: []Place{{"example-logs", ""}}, Dir: t.TempDir()})
	if sum.Fetched != int64(len(want)) || sum.Unlisted+sum.Failed != 0 {
		t.Errorf("%d fetched of %d, %+v", sum.Fetched, len(want), sum.Problems)
	}
	if len(tries) != 4 {
		t.Errorf("%d pages", len(tries))
	}
}
