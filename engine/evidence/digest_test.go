package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A digest signed by another program (testdata/README.txt).
func TestStringToSign(t *testing.T) {
	d, err := ParseDigest(read(t, "digest.json"))
	if err != nil {
		t.Fatal(err)
	}
	want := "2026-01-02T03:03:04Z\n" +
		"example-logs/AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/01/02/111122223333_CloudTrail-Digest_eu-central-1_main_eu-central-1_20260102T030304Z.json.gz\n" +
		"8b3de9f68fd4b17fdef0488df1bfca4ba5d4e784b9b9953c51c2eb8d667c5223\n" +
		"null"
	if got := d.StringToSign(); got != want {
		t.Errorf("string to sign:\n%s\nwant\n%s", got, want)
	}
	keys := Keys{}
	if err := keys.Add(bytes.NewReader(read(t, "keys.json"))); err != nil {
		t.Fatal(err)
	}
	signature := string(read(t, "digest.json.sig"))
	if got := keys.check(d, signature); got != holds {
		t.Errorf("the signature: %v", got)
	}
	if got := keys.check(d, "00"+signature[2:]); got != fails {
		t.Errorf("another signature: %v", got)
	}
	if got := keys.check(d, "no hexadecimal"); got != fails {
		t.Errorf("no signature: %v", got)
	}
	// With a digest before it, that one's signature stands in the place of null.
	with := bytes.Replace(read(t, "digest.json"), []byte(`"previousDigestSignature":null`), []byte(`"previousDigestSignature":"AbCd"`), 1)
	if d, err = ParseDigest(with); err != nil || !strings.HasSuffix(d.StringToSign(), "\nAbCd") {
		t.Errorf("with a signature before: %q, %v", d.StringToSign(), err)
	}
	if d, err = ParseDigest(read(t, "digest.json")); err != nil {
		t.Fatal(err)
	}
	d.End = time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC)
	if got := keys.check(d, signature); got != expired {
		t.Errorf("after the key's time: %v", got)
	}
}

func TestKeys(t *testing.T) {
	list := string(read(t, "keys.json"))
	for _, tt := range []struct {
		name, text string
		keys       int
		err        string
	}{
		{"one list", list, 1, ""},
		{"two lists, one after the other", list + list, 1, ""},
		{"an array", "[" + list + "]", 1, ""},
		{"by Region", `{"eu-central-1":` + list + `}`, 1, ""},
		{"seconds since 1970", strings.NewReplacer(`"2025-06-01T00:00:00+00:00"`, "1748736000.5", `"2026-06-01T00:00:00+00:00"`, "1780272000").Replace(list), 1, ""},
		{"another fingerprint", strings.Replace(list, `"Fingerprint": "`, `"Fingerprint": "00`, 1), 0, "it was changed"},
		{"no base64", strings.Replace(list, `"Value": "`, `"Value": "!`, 1), 0, "key 1: its Value is no base64"},
		{"no key", strings.Replace(list, `"Value": "M`, `"Value": "Z`, 1), 0, "no RSA key"},
		{"no time", strings.Replace(list, "2025-06-01T", "someday ", 1), 0, "ValidityStartTime"},
		{"something else", `{"Trails":[]}`, 0, "no PublicKeyList"},
		{"no JSON", `PublicKeyList`, 0, "invalid character"},
		{"empty", ``, 0, "no PublicKeyList"},
	} {
		keys := Keys{}
		err := keys.Add(strings.NewReader(tt.text))
		if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if keys.Len() != tt.keys {
			t.Errorf("%s: %d keys", tt.name, keys.Len())
		}
	}
}

func TestParseDigestRefuses(t *testing.T) {
	whole := string(read(t, "digest.json"))
	for _, text := range []string{
		"", "{", "[]", whole[:len(whole)-2],
		strings.Replace(whole, `"digestEndTime":"2026`, `"digestEndTime":"`, 1),
		strings.Replace(whole, `"digestS3Object":"A`, `"digestS3Objec":"A`, 1),
		strings.Replace(whole, "SHA256withRSA", "MD5withRSA", 1),
		strings.Replace(whole, `"logFiles":[]`, `"logFiles":[{"hashAlgorithm":"MD5"}]`, 1),
	} {
		if d, err := ParseDigest([]byte(text)); err == nil {
			t.Errorf("%s: %v", text, d)
		}
	}
}

func TestChainOf(t *testing.T) {
	for _, tt := range []struct {
		key  string
		want string // empty: none
	}{
		{"AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/01/02/111122223333_CloudTrail-Digest_eu-central-1_main_eu-central-1_20260102T030304Z.json.gz",
			"|111122223333|eu-central-1|main|eu-central-1|false|2026-01-02T03:03:04Z"},
		{"p/q/AWSLogs/o-abc123/111122223333/CloudTrail-Digest/cn-north-1/2026/01/02/111122223333_CloudTrail-Digest_cn-north-1_a_b-c.d_us-east-1_x_cn-northwest-1_20260102T030304Z_backfill.json.gz",
			"p/q/o-abc123|111122223333|cn-north-1|a_b-c.d_us-east-1_x|cn-northwest-1|true|2026-01-02T03:03:04Z"},
		{"111122223333_CloudTrail-Digest_us-gov-west-1_main_us-gov-east-1_20260102T030304Z.json",
			"|111122223333|us-gov-west-1|main|us-gov-east-1|false|2026-01-02T03:03:04Z"},
		{"111122223333_CloudTrail-Digest_us-gov-west-1_main_us-gov-east-1_20269902T030304Z.json.gz", ""},
		{"111122223333_CloudTrail_us-east-1_20260102T0303Z_0123456789abcdef.json.gz", ""},
		{"", ""},
	} {
		c, end, ok := chainOf(tt.key)
		got := fmt.Sprintf("%s|%s|%s|%s|%s|%v|%s", c.Prefix, c.AccountID, c.Region, c.Trail, c.HomeRegion, c.Backfill, end.Format(time.RFC3339))
		if ok != (tt.want != "") || ok && got != tt.want {
			t.Errorf("%s: %v %s", tt.key, ok, got)
		}
	}
}

// The signature of the newest digest of a plain copy can stand beside it.
func TestSidecars(t *testing.T) {
	trails := deliver(t, 1, 1, 3)
	x := trails[0]
	last := x.digests[len(x.digests)-1]
	for name, text := range map[string]string{
		".metadata.json": `{"Metadata":{"signature":"SIG","signature-algorithm":"SHA256withRSA"},"ETag":"\"x\"","ContentLength":1}`,
		".head.json":     `{"metadata":{"X-Amz-Meta-Signature":"SIG"}}`,
		".json":          `{"x-amz-meta-signature":"SIG"}`,
		".sig":           "SIG\n",
	} {
		c := download(t, trails, false)
		c.put("evidence/"+last.Key+name, []byte(strings.ReplaceAll(text, "SIG", last.signature)))
		got := outcome(c.validate(publicKeys(t)))
		if got[last.Key] != sound {
			t.Errorf("%s: %v", name, got[last.Key])
		}
	}
	// Another file of such a name is none.
	c := download(t, trails, false)
	c.put("evidence/"+last.Key+".txt", []byte("seen by me"))
	if got := outcome(c.validate(publicKeys(t))); got[last.Key] != unsigned {
		t.Errorf("a note: %v", got[last.Key])
	}
	// A manifest that cannot be read is said.
	c = download(t, trails, true)
	c.manifest = nil
	for i, f := range c.files {
		if f.Path == manifestPath {
			c.set(i, []byte(`{"bucket":`))
		}
	}
	if r := c.validate(publicKeys(t)); len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "manifest.ndjson: line 1") {
		t.Errorf("notes %v", r.Notes)
	}
}

// Names and folders do not tell what a file is: its content does.
func TestRenamedCopy(t *testing.T) {
	trails := deliver(t, 2, 2, 5)
	c := download(t, trails, false)
	for i := range c.files {
		c.files[i].Path = fmt.Sprintf("box/%08x", i)
	}
	want := map[string]said{}
	for key, how := range untouched(trails, false) {
		if how == sound {
			how.Finding = Renamed
		}
		want[key] = how
	}
	r := c.validate(publicKeys(t))
	compareOutcome(t, "random names", outcome(r), want)
	if p := r.Problems(); len(p) > 0 {
		t.Errorf("problems %v", p)
	}
	// All in one folder, under their own names: nothing to say.
	c = download(t, trails, false)
	for i := range c.files {
		c.files[i].Path = "flat/" + path.Base(c.files[i].Path)
	}
	compareOutcome(t, "flat", outcome(c.validate(publicKeys(t))), untouched(trails, false))
	// Two copies: one of them changed is found beside the other.
	c = download(t, trails, false)
	l := trails[0].logs[0]
	c.put("second/"+l.Key, gzipped(t, []byte(`{"Records":[]}`), 6))
	r = c.validate(publicKeys(t))
	if p := r.Problems(); len(p) != 1 || p[0].Path != "second/"+l.Key || p[0].Verdict != Changed {
		t.Errorf("two copies: %+v", p)
	}
}

// A bucket of the same layout is another place all the same.
func TestAnotherBucket(t *testing.T) {
	trails := deliver(t, 1, 1, 3)
	for _, o := range []*object{trails[0].logs[0], trails[0].digests[1]} {
		c := download(t, trails, true)
		m := c.manifest[o.Key]
		m.Bucket = "copy-of-logs"
		c.manifest[o.Key] = m
		c.writeManifest()
		want := untouched(trails, true)
		want[o.Key] = said{Valid, Moved}
		r := c.validate(publicKeys(t))
		compareOutcome(t, o.Key, outcome(r), want)
		if p := r.Problems(); len(p) != 1 || !strings.Contains(p[0].Reason, "lies at s3://copy-of-logs/") {
			t.Errorf("problems %+v", p)
		}
	}
}

// A chain that was cut and begun anew by CloudTrail itself is no tampering; what
// lies between is said.
func TestRestart(t *testing.T) {
	for _, gap := range []time.Duration{0, 5 * time.Hour} {
		x := &trail{region: regions[0]}
		rng := mathrand.New(mathrand.NewPCG(1, 2))
		x.extend(t, rng, "", "", "main", 4, nil, false)
		from, _ := time.Parse(time.RFC3339, x.digests[3].doc.DigestEndTime)
		later := &trail{region: regions[0], digests: []*object{{doc: digestJSON{DigestEndTime: from.Add(gap).Format(time.RFC3339)}}}}
		later.extend(t, rng, "", "", "main", 3, nil, false)
		x.digests, x.logs = append(x.digests, later.digests[1:]...), append(x.logs, later.logs...)
		trails := []*trail{x}
		c := download(t, trails, true)
		r := c.validate(publicKeys(t))
		compareOutcome(t, fmt.Sprint("gap ", gap), outcome(r), untouched(trails, true))
		want := []State{Proven, Silent, Proven}
		if gap == 0 {
			want = []State{Proven, Restart, Proven}
		}
		var got []State
		for _, s := range r.Chains[0].Spans {
			got = append(got, s.State)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("gap %v: spans %v", gap, r.Chains[0].Spans)
		}
		// Digests deleted from it are told apart from the restart.
		cut := c.clone()
		cut.remove(x.digests[1].Key)
		got = nil
		for _, s := range cut.validate(publicKeys(t)).Chains[0].Spans {
			got = append(got, s.State)
		}
		if want = append([]State{Proven, Lost}, want...); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("gap %v, one deleted: %v, want %v", gap, got, want)
		}
	}
}

func TestManySpans(t *testing.T) {
	trails := deliver(t, 1, 1, 12)[:1]
	x := trails[0]
	c := download(t, trails, false)
	for _, i := range []int{3, 4, 5} {
		c.remove(x.digests[i].Key)
	}
	spans := c.validate(publicKeys(t)).Chains[0].Spans
	var got []string
	for _, s := range spans {
		got = append(got, fmt.Sprintf("%s %dh", s.State, int(s.To.Sub(s.From).Hours())))
	}
	// The third has lost its witness, and the last never had one.
	if want := "proven 2h, unproven 1h, missing 3h, proven 5h, unproven 1h"; strings.Join(got, ", ") != want {
		t.Errorf("%s, want %s", strings.Join(got, ", "), want)
	}
	if !strings.Contains(spans[2].Why, "about 3 digests in a row") {
		t.Errorf("why: %s", spans[2].Why)
	}
}

// FuzzDigest: any content is read without a panic, and what is read makes a text
// to sign that names its place.
func FuzzDigest(f *testing.F) {
	f.Add([]byte(`{"digestS3Object":"a","digestS3Bucket":"b","digestStartTime":"2026-01-01T00:00:00Z","digestEndTime":"2026-01-01T01:00:00Z","digestPublicKeyFingerprint":"00","logFiles":[{"s3Object":"x"}]}`))
	f.Add([]byte(`{"digestS3Object":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := ParseDigest(text)
		if err != nil {
			return
		}
		if !json.Valid(text) || !strings.Contains(d.StringToSign(), d.Object.Key) {
			t.Errorf("%q: %q", text, d.StringToSign())
		}
		files := []File{{Path: "evidence/" + d.Object.Key}}
		Validate(files, []Content{{Digest: d, Unpacked: true}}, make([]error, 1), Keys{})
	})
}
