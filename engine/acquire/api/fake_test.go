package api

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/klauspost/compress/gzip"
	"go.uber.org/goleak"

	"logquarry/engine/acquire"
	"logquarry/engine/find"
	"logquarry/engine/manifest"
	"logquarry/engine/schema"
	"logquarry/schemas"
)

// TestMain is the process that is killed where it is told whom to ask.
func TestMain(m *testing.M) {
	endpoint, dir := os.Getenv("API_TEST_ENDPOINT"), os.Getenv("API_TEST_FOLDER")
	if endpoint == "" {
		goleak.VerifyTestMain(m)
		return
	}
	f := &Fetch{Session: session(endpoint), Dir: dir, Regions: []string{"eu-west-1"}, Now: func() time.Time { return now }, Until: now.Add(-2 * time.Hour), Pace: time.Nanosecond, Roll: 2}
	var err error
	if f.Log, err = manifest.Open(dir, manifest.Options{Each: f.Seen, Now: f.Now}); err == nil {
		var sum *Summary
		if sum, err = f.CloudTrailHistory(context.Background(), Lookup{}); err == nil && len(sum.Failed) > 0 {
			err = sum.Failed[0]
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// now is the clock of the tests.
var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

const account = "111122223333"

// cloud is a stand-in for the services, of which each test gives those it needs.
type cloud struct {
	t       *testing.T
	regions []string
	// answers are by service and operation; they get the Region and the parameters,
	// and may panic with a refusal.
	answers map[string]func(region string, in map[string]any) any

	mu    sync.Mutex
	calls []called
}

type called struct {
	op, region string
	in         map[string]any
	at         time.Time
}

// refused is what a service refuses a call with.
type refused struct {
	status        int
	code, message string
}

var scope = regexp.MustCompile(`Credential=[A-Z0-9]+/\d{8}/([a-z0-9-]+)/([a-z0-9]+)/aws4_request`)

func (a *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := scope.FindStringSubmatch(r.Header.Get("Authorization"))
	if m == nil {
		a.t.Errorf("%s %s is not signed", r.Method, r.URL)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the caller went away
	}
	region, service := m[1], m[2]
	in := map[string]any{}
	op := ""
	switch target := r.Header.Get("X-Amz-Target"); {
	case target != "":
		op = target[strings.LastIndexByte(target, '.')+1:]
		a.decode(body, &in)
	case service == "ec2" || service == "sts":
		form, err := parseForm(body)
		if err != nil {
			a.t.Error(err)
		}
		op = form["Action"].(string)
		in = form
	default:
		op = r.Method + " " + r.URL.Path
		if r.Method == http.MethodPost {
			a.decode(body, &in)
		}
		for k := range r.URL.Query() {
			in[k] = r.URL.Query().Get(k)
		}
	}
	a.mu.Lock()
	a.calls = append(a.calls, called{service + " " + op, region, in, time.Now()})
	a.mu.Unlock()
	w.Header().Set("X-Amzn-Requestid", "0a1b2c3d-"+op)
	defer func() {
		e := recover()
		if e == nil {
			return
		}
		no, ok := e.(refused)
		if !ok {
			panic(e)
		}
		w.WriteHeader(no.status)
		if service == "ec2" {
			fmt.Fprintf(w, "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors></Response>", no.code, no.message)
			return
		}
		fmt.Fprintf(w, `{"__type":"com.amazonaws.x#%s","Message":%q}`, no.code, no.message)
	}()
	switch service + " " + op {
	case "sts GetCallerIdentity":
		fmt.Fprintf(w, "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>", account)
		return
	case "ec2 DescribeRegions":
		io.WriteString(w, "<DescribeRegionsResponse><regionInfo>")
		for _, r := range a.regions {
			fmt.Fprintf(w, "<item><regionName>%s</regionName></item>", r)
		}
		io.WriteString(w, "</regionInfo></DescribeRegionsResponse>")
		return
	}
	answer, ok := a.answers[service+" "+op]
	if !ok {
		a.t.Errorf("nobody expects %s %s", service, op)
		panic(refused{400, "UnknownOperationException", ""})
	}
	switch out := answer(region, in).(type) {
	case string:
		io.WriteString(w, out)
	default:
		if err := json.NewEncoder(w).Encode(out); err != nil {
			a.t.Error(err)
		}
	}
}

func parseForm(body []byte) (map[string]any, error) {
	out := map[string]any{}
	r, err := http.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	for k := range r.Form {
		out[k] = r.Form.Get(k)
	}
	return out, nil
}

func (a *cloud) decode(body []byte, into *map[string]any) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		a.t.Errorf("%q: %v", body, err)
	}
}

// count is how often an operation was called.
func (a *cloud) count(op string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	n := 0
	for _, c := range a.calls {
		if c.op == op {
			n++
		}
	}
	return n
}

// operations are those that were called, each once.
func (a *cloud) operations() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var all []string
	for _, c := range a.calls {
		all = append(all, c.op)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// serve starts the services and returns a session with them.
func (a *cloud) serve() *acquire.Session {
	s := httptest.NewServer(a)
	a.t.Cleanup(s.Close)
	return session(s.URL)
}

// session is one with somebody's keys at an endpoint.
func session(endpoint string) *acquire.Session {
	return &acquire.Session{Endpoint: endpoint, Region: "eu-west-1", Options: []func(*config.LoadOptions) error{
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIAIOSFODNN7EXAMPLE", "secret", "")),
		config.WithSharedConfigFiles(nil), config.WithSharedCredentialsFiles(nil),
	}}
}

// open is a run into dir.
func open(t *testing.T, s *acquire.Session, dir string) *Fetch {
	t.Helper()
	f := &Fetch{Session: s, Dir: dir, Now: func() time.Time { return now }, Pace: time.Nanosecond, Roll: 2}
	var err error
	if f.Log, err = manifest.Open(dir, manifest.Options{Each: f.Seen, Now: f.Now}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Log.Close() })
	return f
}

// again closes a run and opens the next.
func again(t *testing.T, f *Fetch) *Fetch {
	t.Helper()
	if err := f.Log.Close(); err != nil {
		t.Fatal(err)
	}
	next := open(t, f.Session, f.Dir)
	next.Regions, next.Since, next.Until = f.Regions, f.Since, f.Until
	return next
}

// lines are those of all evidence files, by path.
func lines(t *testing.T, dir string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == manifest.Name {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		in := bufio.NewReader(z)
		for {
			line, err := in.ReadString('\n')
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
			all[filepath.ToSlash(rel)] = append(all[filepath.ToSlash(rel)], line)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// entries are the lines of the manifest, which must be whole.
func entries(t *testing.T, dir string) []manifest.Entry {
	t.Helper()
	text, err := os.Open(filepath.Join(dir, manifest.Name))
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	var all []manifest.Entry
	rep, err := manifest.Read(text, func(e *manifest.Entry, _ int64) { all = append(all, *e) })
	if err != nil || rep.Broken != nil || rep.Torn > 0 {
		t.Fatalf("%+v, %v", rep, err)
	}
	return all
}

// sourcesOf are the sources that the loader takes the files for, by path.
func sourcesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	sources, err := schema.Load(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	finder, err := find.NewFinder(find.Options{Sources: sources, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	files, err := finder.Find(context.Background(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		rel, err := filepath.Rel(dir, f.Path)
		if err != nil {
			t.Fatal(err)
		}
		name := "nothing"
		if f.Source != nil {
			name = f.Source.Name
		}
		if f.Note != "" || f.Problem != "" {
			name += ": " + f.Note + f.Problem
		}
		if filepath.Base(rel) != manifest.Name {
			all[filepath.ToSlash(rel)] = name
		}
	}
	return all
}

// number is a parameter that is one.
func number(in map[string]any, name string) int64 {
	n, err := in[name].(json.Number).Int64()
	if err != nil {
		panic(err)
	}
	return n
}
