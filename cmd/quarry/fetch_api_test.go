package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var signedFor = regexp.MustCompile(`/([a-z0-9-]+)/([a-z0-9]+)/aws4_request`)

// serveAPI DIR answers what the APIs of AWS are asked with the files of a folder,
// named REGION.SERVICE.OPERATION or SERVICE.OPERATION, and refuses what has none. It
// makes the environment ask there; SINCE and UNTIL are days not long ago.
func serveAPI(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := signedFor.FindStringSubmatch(r.Header.Get("Authorization"))
		if m == nil {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		region, service := m[1], m[2]
		op := strings.ReplaceAll(strings.Trim(r.URL.Path, "/"), "/", "_")
		if target := r.Header.Get("X-Amz-Target"); target != "" {
			op = target[strings.LastIndexByte(target, '.')+1:]
		} else if service == "ec2" || service == "sts" {
			body, err := io.ReadAll(r.Body)
			form, ferr := url.ParseQuery(string(body))
			if err != nil || ferr != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			op = form.Get("Action")
		}
		for _, name := range []string{region + "." + service + "." + op, service + "." + op} {
			if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
				w.Write(text)
				return
			}
		}
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"__type":"AccessDeniedException","message":"User: arn:aws:iam::111122223333:user/bob is not authorized to perform: %s:%s"}`, service, op)
	}))
	ts.Defer(server.Close)
	// What is asked for must not be long ago.
	ts.Setenv("SINCE", time.Now().UTC().AddDate(0, 0, -10).Format(time.DateOnly))
	ts.Setenv("UNTIL", time.Now().UTC().AddDate(0, 0, -5).Format(time.DateOnly))
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": server.URL, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true", "AWS_PROFILE": "", "AWS_SESSION_TOKEN": "", "AWS_CA_BUNDLE": ""} {
		ts.Setenv(name, value)
	}
}
