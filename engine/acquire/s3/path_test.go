package s3

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestSafePath(t *testing.T) {
	for key, want := range map[string]string{
		"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/10/111122223333_CloudTrail_eu-west-1_20260310T0005Z_AbCd.json.gz": "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/10/111122223333_CloudTrail_eu-west-1_20260310T0005Z_AbCd.json.gz",
		"aws-account-id=1/aws-service=vpcflowlogs/x=%3D.parquet":                                                             "aws-account-id=1/aws-service=vpcflowlogs/x=%3D.parquet",
		"naïve/日本 語 (1)+&'": "naïve/日本 語 (1)+&'",
		"../../etc/passwd":  "%2E%2E/%2E%2E/etc/passwd",
		"a/./b/..":          "a/%2E/b/%2E%2E",
		"/etc/passwd":       "%2F/etc/passwd",
		"a//b":              "a/%2F/b",
		"a/":                "a/%2F",
		"/":                 "%2F/%2F",
		`C:\x\..\y`:         "C%3A%5Cx%5C..%5Cy",
		"a\x00b\nc\x7f":     "a%00b%0Ac%7F",
		"\xff\xfe":          "%FF%FE",
		"a\u202egz.exe":     "a%E2%80%AEgz.exe",
		"con":               "%63on",
		"NUL.txt/COM1/lpt²": "%4EUL.txt/%43OM1/%6Cpt²",
		"console/com0/nul0": "console/com0/nul0",
		"dot./blank ":       "dot%2E/blank%20",
		"manifest.ndjson":   "%6Danifest.ndjson",
		"MANIFEST.NDJSON":   "%4DANIFEST.NDJSON",
		"a/manifest.ndjson": "a/manifest.ndjson",
		"~versions/v/k":     "%7Eversions/v/k",
		"a/~versions":       "a/~versions",
		".quarry-fetch/1":   "%2Equarry-fetch/1",
		`q?*"<>|:`:          "q%3F%2A%22%3C%3E%7C%3A",
	} {
		if got := safePath(key); got != want {
			t.Errorf("%q: %q, want %q", key, got, want)
		}
	}
}

// FuzzSafePath: whatever a key is, its path stays below the folder, on any system,
// and is itself safe.
func FuzzSafePath(f *testing.F) {
	for _, key := range []string{"a/b", "../x", "/", "", strings.Repeat("x", 1024), strings.Repeat("\x01", 1024), strings.Repeat("a/", 512), strings.Repeat("é", 512) + ".json.gz", "CON", "x.", "~long/x"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		p := safePath(key)
		if !fs.ValidPath(p) || p == "." || !filepath.IsLocal(filepath.FromSlash(p)) || path.Clean(p) != p || !utf8.ValidString(p) {
			t.Fatalf("%q: %q", key, p)
		}
		if len(key) <= 1024 && len(p) > maxPath+maxPart {
			t.Fatalf("%q: %d bytes", key, len(p))
		}
		for i, part := range strings.Split(p, "/") {
			if len(part) > maxPart+2 || reserved(part) || strings.HasSuffix(part, ".") || strings.ContainsAny(part, "\\:\x00\n") || i > 0 && part == ".." {
				t.Fatalf("%q: %q", key, p)
			}
		}
		if top, _, _ := strings.Cut(p, "/"); ours(top) && top != "~long" {
			t.Fatalf("%q: %q is one of ours", key, p)
		}
	})
}

func TestLongNames(t *testing.T) {
	long := strings.Repeat("é", 300)
	a, b := safePath(long+"1.json.gz"), safePath(long+"2.json.gz")
	if a == b || len(a) > maxPart || !strings.HasSuffix(a, ".gz") || !strings.HasPrefix(a, "éééé") {
		t.Errorf("%s\n%s", a, b)
	}
	deep := strings.Repeat("\x01/", 512) // as long as a key may be, and three times that as a path
	if p := safePath(deep); len(p) > maxPath || !strings.HasPrefix(p, "~long/") || safePath(deep[2:]+"\x01/") != p || safePath(deep[4:]+"\x02/\x01/") == p {
		t.Errorf("%s", p)
	}
}

func TestPlaces(t *testing.T) {
	yes, no := true, false
	day := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	p := newPlaces()
	p.take("there/already")
	other := func(o Object) string {
		return "~other/" + hashOf(strings.Join([]string{o.Bucket, o.Key, o.VersionID, o.ETag, o.LastModified.String()}, "\x00")) + "/" + safePath(o.Key)
	}
	for _, c := range []struct {
		o    Object
		want string // empty: among others
	}{
		{Object{Bucket: "b", Key: "a/B"}, "a/B"},
		{Object{Bucket: "b", Key: "a/b"}, ""}, // but for case
		{Object{Bucket: "c", Key: "a/B"}, ""}, // another bucket
		{Object{Bucket: "b", Key: "a"}, ""},   // a folder
		{Object{Bucket: "b", Key: "A/"}, "A/%2F"},
		{Object{Bucket: "b", Key: "a/B/c"}, ""}, // below a file
		{Object{Bucket: "b", Key: "There/Already"}, ""},
		{Object{Bucket: "b", Key: "caf\u00e9"}, "caf\u00e9"},
		{Object{Bucket: "b", Key: "cafe\u0301"}, ""}, // the same, written otherwise
		{Object{Bucket: "b", Key: "v", VersionID: "2", Latest: &yes}, "v"},
		{Object{Bucket: "b", Key: "v", VersionID: "1/../x", Latest: &no}, "~versions/1%2F..%2Fx/v"},
		{Object{Bucket: "b", Key: "v", VersionID: "3", Latest: &yes}, "~versions/3/v"},
		{Object{Bucket: "b", Key: "v", ETag: "new", LastModified: day}, ""},
	} {
		want := c.want
		if want == "" {
			want = other(c.o)
		}
		if got := p.claim(&c.o); got != want {
			t.Errorf("%v: %s, want %s", c.o, got, want)
		}
	}
	o := Object{Bucket: "b", Key: "x"}
	if first, then := p.claim(&o), p.another(&o); first != "x" || then != other(o) {
		t.Errorf("%s, %s", first, then)
	}
}

func TestParsePlace(t *testing.T) {
	for text, want := range map[string]Place{
		"s3://example-logs":                 {"example-logs", ""},
		"s3://example-logs/":                {"example-logs", ""},
		"s3://example-logs/AWSLogs/1/ x/..": {"example-logs", "AWSLogs/1/ x/.."},
		"s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/ir/AWSLogs/": {"arn:aws:s3:eu-west-1:111122223333:accesspoint/ir", "AWSLogs/"},
		"s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/ir":          {"arn:aws:s3:eu-west-1:111122223333:accesspoint/ir", ""},
	} {
		if got, err := ParsePlace(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "example-logs", "s3:/x", "s3://", "s3:///x", "s3://arn:aws:s3:::bucket/x", "s3://arn:aws:s3:eu-west-1:1:accesspoint"} {
		if got, err := ParsePlace(text); err == nil {
			t.Errorf("%s: %+v", text, got)
		}
	}
	list := []Place{{"b", "a/b"}, {"b", "a/"}, {"c", "a/b"}, {"b", "a/"}, {"b", "z"}}
	if d := cmp.Diff([]Place{{"b", "a/"}, {"c", "a/b"}, {"b", "z"}}, apart(list)); d != "" {
		t.Error(d)
	}
	if got := list[0].String() + arn("b", "/k") + arn("arn:aws:s3:x:1:accesspoint/ir", "/k") + arn("arn:aws:s3:x:1:accesspoint/ir", ""); got != "s3://b/a/barn:aws:s3:::b/karn:aws:s3:x:1:accesspoint/ir/object/karn:aws:s3:x:1:accesspoint/ir" {
		t.Error(got)
	}
}
