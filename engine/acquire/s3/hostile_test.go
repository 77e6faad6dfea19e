package s3

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"logquarry/engine/manifest"
)

// hostileKeys are keys that would leave the folder, be two files at once or no
// file on some system.
var hostileKeys = []string{
	"../escape", "../../escape", "a/../../escape", "/etc/passwd", "//x", "a/b/../../../escape", "..", ".", "a/.", "a/..",
	"nul\x00byte", "line\nend", "tab\tand\x1b[31mcolour", "del\x7f", "trailing/", "trailing/x", "trailing", "both", "both/below", "both/below/more",
	"Case/Name", "case/name", "CASE/NAME", "caf\u00e9", "cafe\u0301", "\u202ereversed", "CON", "con.txt", "nul/aux", "dot.", "blank ", " ", "  /x",
	`back\slash`, `C:\Windows\x`, `a:b*c?d"e<f>g|h`, "manifest.ndjson", "MANIFEST.ndjson", ".quarry-fetch/1", "~versions/1/x", "~other/x", "plus+and%20 space", "%2E%2E/x", "a%00b",
	strings.Repeat("k", 1024), strings.Repeat("d/", 511) + "ee", strings.Repeat("\x01", 1024), strings.Repeat("日", 341),
}

func TestHostileKeys(t *testing.T) {
	s, endpoint := newStore(t)
	s.pageLen = 7
	for i, key := range hostileKeys {
		s.put(key, stored{body: []byte(fmt.Sprintf("%d: %q", i, key))})
	}
	outer := t.TempDir()
	dir := filepath.Join(outer, "in", "evidence")
	o := Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir}
	sum := run(t, o)
	if sum.Fetched != int64(len(hostileKeys)) || sum.Failed+sum.Unlisted != 0 || sum.Moved == 0 {
		t.Errorf("%+v", sum)
	}
	seen, folded := map[string]bool{}, map[string]string{}
	for _, e := range lines(t, dir) {
		body, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(e.Path)))
		if err != nil {
			t.Error(err)
		}
		// The true key is in the manifest, and its bytes are in the file.
		if !strings.HasSuffix(string(body), fmt.Sprintf(": %q", e.Key)) {
			t.Errorf("%q lies at %s: %s", e.Key, e.Path, body)
		}
		seen[e.Key] = true
		if was, ok := folded[fold(e.Path)]; ok {
			t.Errorf("%q and %q are one file on some systems: %s", was, e.Key, e.Path)
		}
		folded[fold(e.Path)] = e.Key
	}
	for _, key := range hostileKeys {
		if !seen[key] {
			t.Errorf("%q is not there", key)
		}
	}
	// Nothing but the folder came into being, and again nothing is fetched.
	for _, at := range []string{outer, filepath.Dir(dir)} {
		if list, err := os.ReadDir(at); err != nil || len(list) != 1 {
			t.Errorf("%s: %v %v", at, list, err)
		}
	}
	if again := run(t, o); again.Fetched != 0 || again.Have != sum.Fetched {
		t.Errorf("again: %+v", again)
	}
}

// Links and files that are in the folder already are not followed or replaced.
func TestFolderIsNotOurs(t *testing.T) {
	s, endpoint := newStore(t)
	s.put("link/out", stored{body: []byte("1")})
	s.put("file", stored{body: []byte("2")})
	s.put("is/file/below", stored{body: []byte("3")})
	s.put("same", stored{body: []byte("4")})
	outer := t.TempDir()
	dir := filepath.Join(outer, "evidence")
	elsewhere := filepath.Join(outer, "elsewhere")
	for _, err := range []error{os.MkdirAll(filepath.Join(dir, "is"), 0o700), os.Mkdir(elsewhere, 0o700), os.WriteFile(filepath.Join(dir, "file"), []byte("mine"), 0o600),
		os.WriteFile(filepath.Join(dir, "is/file"), []byte("mine"), 0o600), os.WriteFile(filepath.Join(dir, "same"), []byte("4"), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../elsewhere", filepath.Join(dir, "link")); err != nil {
		t.Skip(err)
	}
	sum, err := Fetch(t.Context(), Options{Session: session(endpoint), Places: []Place{{"example-logs", "file"}, {"example-logs", "is"}, {"example-logs", "same"}}, Dir: dir})
	if err != nil || sum.Fetched != 3 || sum.Moved != 2 {
		t.Errorf("%+v, %v", sum, err)
	}
	lines(t, dir)
	for _, name := range []string{"file", "is/file"} {
		if body, err := os.ReadFile(filepath.Join(dir, name)); string(body) != "mine" {
			t.Errorf("%s: %s %v", name, body, err)
		}
	}
	if _, err := Fetch(t.Context(), Options{Session: session(endpoint), Places: []Place{{"example-logs", "link"}}, Dir: dir}); err == nil {
		t.Error("it went through a link out of the folder")
	}
	if list, err := os.ReadDir(elsewhere); err != nil || len(list) != 0 {
		t.Errorf("elsewhere: %v %v", list, err)
	}
}

func TestVersions(t *testing.T) {
	s, endpoint := newStore(t)
	s.pageLen = 2
	s.put("log", stored{body: []byte("first"), version: "v1"})
	s.put("log", stored{body: []byte("second"), version: "v2", modified: written.Add(time.Hour)})
	s.put("gone", stored{body: []byte("what was deleted"), version: "g1"})
	s.put("gone", stored{marker: true, version: "g2", modified: written.Add(2 * time.Hour)})
	s.put("plain", stored{body: []byte("p"), version: "null"})
	dir := t.TempDir()
	o := Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir}
	if sum := run(t, o); sum.Fetched != 2 || sum.DeleteMarkers != 0 {
		t.Errorf("without versions: %+v", sum)
	}
	o.AllVersions = true
	// What was fetched by its ETag is known by its version.
	if sum := run(t, o); sum.Fetched != 2 || sum.DeleteMarkers != 1 || sum.Have != 2 {
		t.Errorf("with versions: %+v", sum)
	}
	if sum := run(t, o); sum.Fetched+sum.DeleteMarkers != 0 || sum.Have != 5 {
		t.Errorf("again: %+v", sum)
	}
	want := map[string]string{"log": "second", "~versions/v1/log": "first", "~versions/g1/gone": "what was deleted", "plain": "p"}
	for _, e := range lines(t, dir) {
		if e.Status == manifest.DeleteMarker {
			if e.Key != "gone" || e.VersionID != "g2" || e.Latest == nil || !*e.Latest || e.Path != "" {
				t.Errorf("delete marker: %+v", e)
			}
			continue
		}
		if body, err := os.ReadFile(filepath.Join(dir, e.Path)); string(body) != want[e.Path] || err != nil {
			t.Errorf("%s: %s %v", e.Path, body, err)
		}
		delete(want, e.Path)
	}
	if len(want) > 0 {
		t.Errorf("not there: %v", want)
	}
	// A window of time is of when they were written.
	o = Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: t.TempDir(), AllVersions: true, Since: written.Add(time.Hour), Until: written.Add(2 * time.Hour)}
	if sum := run(t, o); sum.Fetched != 1 || sum.Listed != 1 {
		t.Errorf("in a window: %+v", sum)
	}
}

func TestChangedWhileRead(t *testing.T) {
	for name, size := range map[string]int{"small": 10, "in parts": 3000} {
		s, endpoint := newStore(t)
		old, now := bytes.Repeat([]byte("o"), size), bytes.Repeat([]byte("n"), size-1)
		s.put("log", stored{body: old})
		s.beforeGets(func(key string, n int, _ http.ResponseWriter, r *http.Request) bool {
			// In parts: once some of the old one came.
			if r.Method == http.MethodGet && (size < 1000 && n == 1 || n == 2) {
				s.put("log", stored{body: now, modified: written.Add(time.Minute)})
			}
			return false
		})
		dir := t.TempDir()
		sum := run(t, Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir, PartBytes: 1000})
		all := lines(t, dir)
		if sum.Fetched != 1 || sum.Changed != 1 || len(all) != 1 {
			t.Fatalf("%s: %+v", name, sum)
		}
		body, err := os.ReadFile(filepath.Join(dir, "log"))
		if err != nil || !bytes.Equal(body, now) || !strings.Contains(all[0].Problem, "changed between listing and reading: listed with ETag ") || !all[0].LastModified.Equal(written.Add(time.Minute)) {
			t.Errorf("%s: %+v, %v", name, all[0], err)
		}
	}
}

func TestRefusals(t *testing.T) {
	s, endpoint := newStore(t)
	refuse := func(key string, a answer) { s.put(key, stored{body: []byte("x"), refuse: &a}) }
	s.put("fine", stored{body: []byte("x")})
	s.put("empty", stored{})
	refuse("denied", answer{status: 403, code: "AccessDenied", message: "Access Denied"})
	refuse("kms", answer{status: 403, code: "AccessDenied", message: "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/1 because no identity-based policy allows the kms:Decrypt action"})
	refuse("glacier", answer{status: 403, code: "InvalidObjectState", message: "The operation is not valid for the object's storage class"})
	refuse("lambda", answer{status: 500, code: "LambdaRuntimeError", message: "it failed"})
	refuse("ssec", answer{status: 400, code: "InvalidRequest", message: "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object."})
	refuse("vanished", answer{status: 404, code: "NoSuchKey"})
	dir := t.TempDir()
	ses := session(endpoint)
	ses.Attempts = 1
	o := Options{Session: ses, Places: []Place{{"example-logs", ""}, {"no-such-bucket", "x"}}, Dir: dir}
	sum := run(t, o)
	if sum.Fetched != 2 || sum.Failed != 6 || sum.Unlisted != 1 || len(sum.Problems) != 7 {
		t.Fatalf("%+v", sum)
	}
	want := map[string][3]string{
		"s3://example-logs/denied":   {"S3 denies access: no s3:GetObject", "allow s3:GetObject on arn:aws:s3:::example-logs/denied", "s3:GetObject"},
		"s3://example-logs/kms":      {"S3 gives it, but KMS does not decrypt it: no kms:Decrypt on the KMS key arn:aws:kms:eu-west-1:111122223333:key/1", "allow kms:Decrypt", "kms:Decrypt"},
		"s3://example-logs/glacier":  {"it is archived in Glacier and has to be restored first", "restore-object --bucket example-logs --key 'glacier'", ""},
		"s3://example-logs/lambda":   {"the Object Lambda function failed", "access point behind it", ""},
		"s3://example-logs/ssec":     {"it is encrypted with a key of the customer (SSE-C)", "--sse-c-key", ""},
		"s3://example-logs/vanished": {"there is no such object", "--all-versions", ""},
		"s3://no-such-bucket/x":      {"there is no such bucket", "DeleteBucket", ""},
	}
	for _, p := range sum.Problems {
		w, ok := want[p.What]
		if !ok || !strings.HasPrefix(p.Reason, w[0]) || !strings.Contains(p.Hint, w[1]) || p.Permission != w[2] {
			t.Errorf("%+v", p)
		}
	}
	failed := 0
	for _, e := range lines(t, dir) {
		if e.Status == manifest.Failed {
			failed++
			if e.Problem == "" || e.Path != "" || e.Key == "" {
				t.Errorf("%+v", e)
			}
		}
	}
	if failed != 6 {
		t.Errorf("%d lines of what failed", failed)
	}
	// What could not be had is asked for again, and by then may be had.
	s.put("kms", stored{body: []byte("y"), headers: map[string]string{"x-amz-server-side-encryption": "aws:kms", "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:111122223333:key/1"}, etag: "0123456789abcdef0123456789abcdef"})
	if sum := run(t, o); sum.Fetched != 1 || sum.Failed != 5 || sum.Have != 2 {
		t.Errorf("again: %+v", sum)
	}
	all := lines(t, dir)
	for _, e := range all {
		if e.Key == "kms" && e.Status == manifest.Fetched && (e.Encryption != "aws:kms" || !strings.HasSuffix(e.KMSKeyID, ":key/1") || e.Verified != "length") {
			t.Errorf("%+v", e)
		}
	}
	// Expired credentials end it all at once.
	s.put("a", stored{refuse: &answer{status: 400, code: "ExpiredToken"}})
	if sum, err := Fetch(t.Context(), Options{Session: ses, Places: []Place{{"example-logs", "a"}}, Dir: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "the credentials have expired") || sum.Failed != 0 {
		t.Errorf("expired: %+v, %v", sum, err)
	}
	s.list = &answer{status: 403, code: "AccessDenied", message: "Access Denied"}
	if sum := run(t, o); sum.Unlisted != 2 || sum.Problems[0].Permission+sum.Problems[1].Permission != "s3:ListBucket" {
		t.Errorf("not to be listed: %+v", sum)
	}
	o.AllVersions = true
	if sum := run(t, o); sum.Problems[0].Permission+sum.Problems[1].Permission != "s3:ListBucketVersions" {
		t.Errorf("versions not to be listed: %+v", sum)
	}
}

// A bucket in another Region is asked there, and that is said.
func TestRegion(t *testing.T) {
	for _, named := range []map[string]string{{"x-amz-bucket-region": "eu-central-1"}, nil} {
		s, endpoint := newStore(t)
		for i := range 20 {
			s.put(fmt.Sprintf("%d/log", i), stored{body: []byte("x")})
		}
		moved := &answer{status: 400, code: "AuthorizationHeaderMalformed", message: "the region is wrong", headers: named}
		server := inFront(t, endpoint, func(w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.Header.Get("Authorization"), "/eu-central-1/s3/") {
				return false
			}
			if r.Method == http.MethodHead {
				w.Header().Set("x-amz-bucket-region", "eu-central-1")
			}
			moved.write(w, r)
			return true
		})
		var places []Place
		for i := range 20 {
			places = append(places, Place{"example-logs", fmt.Sprintf("%d/", i)})
		}
		sum := run(t, Options{Session: session(server), Places: places, Dir: t.TempDir()})
		if sum.Fetched != 20 || sum.Unlisted != 0 || len(sum.Notes) != 1 || !strings.Contains(sum.Notes[0], "example-logs is in the Region eu-central-1, and not in us-east-1") {
			t.Errorf("%+v", sum)
		}
	}
}
