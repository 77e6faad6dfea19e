package indicator

import (
	"bytes"
	stdctx "context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
)

// read reads one text as a list.
func read(t testing.TB, text string, o Options) *Set {
	t.Helper()
	s := NewSet()
	if err := s.Read(t.Context(), []string{"-"}, strings.NewReader(text), o); err != nil {
		t.Fatal(err)
	}
	return s
}

// lines are the indicators and faults of a set, one a line.
func lines(s *Set) string {
	var out []string
	for i := range s.Indicators {
		x := &s.Indicators[i]
		out = append(out, fmt.Sprintf("%s %s %s %s", x.Type, x.Value, strings.TrimPrefix(s.JSON(x), `{"list":"standard input",`), x.Note(time.Time{})))
	}
	for _, l := range s.Lists {
		for _, b := range l.Bad {
			out = append(out, fmt.Sprintf("bad %d %s: %s", b.Line, b.Text, b.Reason))
		}
		if l.Err != nil {
			out = append(out, "error "+l.Err.Error())
		}
		if l.Left > 0 {
			out = append(out, fmt.Sprintf("left %d", l.Left))
		}
	}
	for i := range out {
		out[i] = strings.TrimSpace(out[i])
	}
	return strings.Join(out, "\n") + "\n"
}

func TestLists(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		o                Options
	}{
		{"plain", "\ufeff# comment\n; comment\n// comment\n\n192.0.2[.]1   # beacon, seen twice\r\nevil.example\tfirst seen in March\n\"curl/8.4.0\"\n0.0.0.0 ads.example\nMozilla/5.0 (X11; Linux; rv:1)\n999.1.1.1\nab\nsvc-monitor",
			`ip 192.0.2.1 "line":5,"comment":"beacon, seen twice"}
domain evil.example "line":6,"comment":"first seen in March"}
user_agent curl/8.4.0 "line":7}
domain ads.example "line":8}
user_agent Mozilla/5.0 (X11; Linux; rv:1) "line":9}
text svc-monitor "line":12}
bad 10 999.1.1.1: not an address
bad 11 ab: shorter than 3 characters
`, Options{}},
		{"plain with a header", "ip\n192.0.2.1\n", "ip 192.0.2.1 \"line\":2}\n", Options{}},
		{"csv by name", "first_seen,dst_ip,dst_port,malware\n2026-03-10,192.0.2.1,443,\"Bad, \"\"very\"\"\"\n2026-03-11,not-one,80,x\n,,,\n",
			`ip 192.0.2.1 "line":2,"first_seen":"2026-03-10","dst_port":"443","malware":"Bad, \"very\""}
bad 3 not-one: not an address
bad 4 ,,,: no indicator in its column
`, Options{}},
		{"csv with types", "Indicator type;Indicator;Description;valid_from;valid_until\nIPv4;192.0.2.1;x;2026-03-10T00:00:00Z;2026-03-11 00:00:00\nFileHash-MD5;d41d8cd98f00b204e9800998ecf8427e;;;\nhostname;evil.example;;;\nuser-agent;bad agent;;;\n",
			`ip 192.0.2.1 "line":2,"valid_from":"2026-03-10T00:00:00Z","valid_until":"2026-03-11T00:00:00Z","Indicator type":"IPv4","Description":"x","valid_from":"2026-03-10T00:00:00Z","valid_until":"2026-03-11 00:00:00"}
md5 d41d8cd98f00b204e9800998ecf8427e "line":3,"Indicator type":"FileHash-MD5"}
domain evil.example "line":4,"Indicator type":"hostname"}
user_agent bad agent "line":5,"Indicator type":"user-agent"}
`, Options{}},
		{"csv by content", "192.0.2.1,scanner,5\n192.0.2.2,scanner,7\n", "ip 192.0.2.1 \"line\":1,\"column_2\":\"scanner\",\"column_3\":\"5\"}\nip 192.0.2.2 \"line\":2,\"column_2\":\"scanner\",\"column_3\":\"7\"}\n", Options{}},
		{"csv by content, strange header", "was,wer\nscanner,192.0.2.1\nscanner,192.0.2.2\n", "ip 192.0.2.1 \"line\":2,\"was\":\"scanner\"}\nip 192.0.2.2 \"line\":3,\"was\":\"scanner\"}\n", Options{}},
		{"csv, column given", "a,b\nalpha,beta\ngamma,delta\n", "text beta \"line\":2,\"a\":\"alpha\"}\ntext delta \"line\":3,\"a\":\"gamma\"}\n", Options{Column: "B"}},
		{"csv, header in a comment", "# feed\n# first_seen,md5_hash,name\n2026-03-10,d41d8cd98f00b204e9800998ecf8427e,x\n", "md5 d41d8cd98f00b204e9800998ecf8427e \"line\":3,\"first_seen\":\"2026-03-10\",\"name\":\"x\"}\n", Options{}},
		{"csv, several columns", "md5,sha1,name\nd41d8cd98f00b204e9800998ecf8427e,da39a3ee5e6b4b0d3255bfef95601890afd80709,x\n",
			"md5 d41d8cd98f00b204e9800998ecf8427e \"line\":2,\"name\":\"x\"}\nsha1 da39a3ee5e6b4b0d3255bfef95601890afd80709 \"line\":2,\"name\":\"x\"}\n", Options{}},
		{"csv, lines in a field and a quote that is not closed", "ip,note\n192.0.2.1,\"one\ntwo\"\n192.0.2.2,\"open\n192.0.2.3,x\n",
			"ip 192.0.2.1 \"line\":2,\"note\":\"one\\ntwo\"}\nip 192.0.2.3 \"line\":5,\"note\":\"x\"}\nbad 4 192.0.2.2,\"open: a quote that is not closed\n", Options{}},
		{"no such column", "192.0.2.1\n", "error no table with a column b\n", Options{Column: "b"}},
		{"stix", `{"type":"bundle","id":"bundle--1","objects":[
			{"type":"identity","id":"identity--1","name":"x"},
			{"type":"indicator","id":"indicator--1","name":"C2","description":"d","pattern_type":"stix","pattern":"[ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'evil.example']","valid_from":"2026-03-10T00:00:00Z","valid_until":"2026-03-11T00:00:00Z","labels":["a","b"],"indicator_types":["malicious-activity"],"confidence":80},
			{"type":"indicator","id":"indicator--2","revoked":true,"pattern":"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.2' AND network-traffic:dst_port = 443]","valid_from":"2026-03-10T00:00:00Z"},
			{"type":"indicator","id":"indicator--3","pattern":"alert tcp any","pattern_type":"snort"},
			{"type":"indicator","id":"indicator--4","pattern":"[process:command_line MATCHES 'x']"},
			{"type":"indicator","id":"indicator--5","pattern":"[file:hashes.'SHA-256' = '0a0a' ]"},
			{"type":"indicator","id":"indicator--6","pattern":"[broken"},
			{"type":"indicator","id":"indicator--7","name":7,"pattern":"[x:y='z']"},
			{"type":"url","id":"url--1","value":"http://evil.example/a"},
			{"type":"file","id":"file--1","hashes":{"MD5":"d41d8cd98f00b204e9800998ecf8427e","SSDEEP":"3:x"}},
			{"type":"user-account","id":"user-account--1","account_login":"mallory"}]}`,
			`ip 192.0.2.1 "entry":2,"valid_from":"2026-03-10T00:00:00Z","valid_until":"2026-03-11T00:00:00Z","id":"indicator--1","name":"C2","description":"d","labels":["a","b"],"indicator_types":["malicious-activity"],"confidence":80,"pattern":"[ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'evil.example']"}
domain evil.example "entry":2,"valid_from":"2026-03-10T00:00:00Z","valid_until":"2026-03-11T00:00:00Z","id":"indicator--1","name":"C2","description":"d","labels":["a","b"],"indicator_types":["malicious-activity"],"confidence":80,"pattern":"[ipv4-addr:value = '192.0.2.1' OR domain-name:value = 'evil.example']"}
ip 192.0.2.2 "entry":3,"valid_from":"2026-03-10T00:00:00Z","id":"indicator--2","pattern":"[network-traffic:dst_ref.type = 'ipv4-addr' AND network-traffic:dst_ref.value = '192.0.2.2' AND network-traffic:dst_port = 443]"} revoked; other conditions of its pattern not checked
url http://evil.example/a "entry":9,"id":"url--1"}
md5 d41d8cd98f00b204e9800998ecf8427e "entry":10,"id":"file--1"}
text mallory "entry":11,"id":"user-account--1"}
bad 4 alert tcp any: a pattern of type snort
bad 5 [process:command_line MATCHES 'x']: logs do not tell process:command_line
bad 6 0a0a: not an sha256 hash
bad 7 [broken: not a STIX pattern
bad 8 name: a number where there should be none
`, Options{}},
		{"stix, one object a line", "{\"type\":\"ipv4-addr\",\"id\":\"ipv4-addr--1\",\"value\":\"192.0.2.1\"}\n{\"type\":\"ipv4-addr\",\"id\":\"ipv4-addr--2\",\"value\":\"192.0.2.0/24\"}\n",
			"ip 192.0.2.1 \"entry\":1,\"id\":\"ipv4-addr--1\"}\ncidr 192.0.2.0/24 \"entry\":2,\"id\":\"ipv4-addr--2\"}\n", Options{}},
		{"misp", `{"response":[{"Event":{"info":"Campaign","Attribute":[
			{"type":"ip-dst|port","category":"Network activity","value":"192.0.2.1|443","to_ids":true,"comment":"c2","Tag":[{"name":"tlp:red"}],"timestamp":"1773100800"},
			{"type":"domain","value":"evil.example","to_ids":"1"},
			{"type":"comment","value":"hello there","to_ids":false},
			{"type":"yara","value":"rule x {}","to_ids":true},
			{"type":"md5","value":"zz","to_ids":true},
			{"type":"ip-src","value":"192.0.2.9","to_ids":true,"deleted":true}],
			"Object":[{"name":"file","Attribute":[{"type":"filename|md5","value":"a.exe|d41d8cd98f00b204e9800998ecf8427e","to_ids":true}]}],
			"Tag":[{"name":"apt"}],"uuid":"11111111-2222-3333-4444-555555555555","date":"2026-03-10","Orgc":{"name":"Example"}}}]}`,
			`ip 192.0.2.1 "entry":1,"type":"ip-dst|port","category":"Network activity","comment":"c2","tags":["tlp:red"],"to_ids":true,"changed":"2026-03-10T00:00:00Z","event":"Campaign","event_uuid":"11111111-2222-3333-4444-555555555555","event_date":"2026-03-10","event_org":"Example","event_tags":["apt"]}
domain evil.example "entry":2,"type":"domain","to_ids":true,"event":"Campaign","event_uuid":"11111111-2222-3333-4444-555555555555","event_date":"2026-03-10","event_org":"Example","event_tags":["apt"]}
domain a.exe "entry":7,"type":"filename|md5","to_ids":true,"object":"file","event":"Campaign","event_uuid":"11111111-2222-3333-4444-555555555555","event_date":"2026-03-10","event_org":"Example","event_tags":["apt"]}
md5 d41d8cd98f00b204e9800998ecf8427e "entry":7,"type":"filename|md5","to_ids":true,"object":"file","event":"Campaign","event_uuid":"11111111-2222-3333-4444-555555555555","event_date":"2026-03-10","event_org":"Example","event_tags":["apt"]}
bad 4 rule x {}: logs do not tell a yara
bad 5 zz: not an md5 hash
left 1
`, Options{}},
		{"misp, attributes alone, all of them", `{"response":{"Attribute":[{"type":"ip-src","category":"x","value":"192.0.2.1","to_ids":false,"Event":{"info":"Campaign"}}]}}`,
			"ip 192.0.2.1 \"entry\":1,\"type\":\"ip-src\",\"category\":\"x\",\"event\":\"Campaign\"}\n", Options{All: true}},
		{"cut off", `{"type":"bundle","objects":[{"type":"ipv4-addr","id":"i","value":"192.0.2.1"},{"type":"ipv4`, "ip 192.0.2.1 \"entry\":1,\"id\":\"i\"}\nerror not JSON from byte 78 on: unexpected EOF\n", Options{}},
		{"other JSON", `{"a":1}`, "error JSON, but neither STIX nor MISP\n", Options{}},
		{"not JSON", `{a}`, "error not JSON from byte 1 on: invalid character 'a'\n", Options{}},
		{"no text", "\x00\x01", "error not text, so not a list\n", Options{}},
		{"empty", "", "\n", Options{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if d := cmp.Diff(c.want, lines(read(t, c.text, c.o))); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPatterns(t *testing.T) {
	for text, want := range map[string]string{
		`[ipv4-addr:value IN ('192.0.2.1', '192.0.2.2')]`:           "192.0.2.1 192.0.2.2",
		`[ipv4-addr:value ISSUBSET '192.0.2.0/24']`:                 "192.0.2.0/24",
		`[domain-name:value LIKE '%.evil.example']`:                 "evil.example",
		`[url:value LIKE '%gate.php%']`:                             "*gate.php*",
		`[url:value LIKE '%gate.php']`:                              "LIKE with % at one end",
		`[url:value LIKE '%ga%te%']`:                                "LIKE with % or _ inside",
		`[ipv4-addr:value != '192.0.2.1']`:                          "ipv4-addr:value: what is not so would be found everywhere",
		`[ipv4-addr:value NOT = '192.0.2.1']`:                       "ipv4-addr:value: what is not so would be found everywhere",
		`[url:value MATCHES 'x.*']`:                                 "the operator MATCHES",
		`[file:hashes.'SHA-256' = 'aa' AND file:hashes.MD5 = 'bb']`: "aa bb partial",
		`[file:hashes.'ssdeep' = 'aa']`:                             "logs do not tell file:hashes.ssdeep",
		`([email-addr:value='a@b.example'] FOLLOWEDBY [url:value='http://a.example/it\'s']) WITHIN 300 SECONDS`: "a@b.example http://a.example/it's partial",
		`[ipv4-addr:value='192.0.2.1'] START t'2026-03-10T00:00:00Z' STOP t'2026-03-11T00:00:00Z'`:              "192.0.2.1 partial",
		`[email-message:from_ref.value = 'a@b.example']`:                                                        "a@b.example",
		`[network-traffic:extensions.'http-request-ext'.request_header.'User-Agent' = 'bad/1.0']`:               "bad/1.0",
		`[user-account:user_id = 'mallory']`:                                                                    "mallory",
		`[EXISTS file:name]`:                                                                                    "logs do not tell EXISTS",
		`[ipv4-addr:resolves_to_refs[*].value = 'x']`:                                                           "x",
		`[]`:                             "not a STIX pattern",
		`[ipv4-addr:value = ]`:           "not a STIX pattern",
		`[ipv4-addr:value = '192.0.2.1'`: "not a STIX pattern",
		`ipv4-addr:value = 'x']`:         "not a STIX pattern",
		`[ipv4-addr:value = 'x`:          "not a STIX pattern",
		`[ipv4-addr:value IN ('x']`:      "not a STIX pattern",
		"\v":                             "not a STIX pattern",
	} {
		var got []string
		p, err := parsePattern(text)
		if err != nil {
			got, p = []string{err.Error()}, pattern{}
		}
		for i := range p.comparisons {
			values, err := p.comparisons[i].usable()
			if err != nil {
				values = []string{err.Error()}
			}
			got = append(got, values...)
		}
		if p.partial {
			got = append(got, "partial")
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %q, want %q", text, strings.Join(got, " "), want)
		}
	}
}

func TestFilesAndFolders(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const event = "11111111-2222-3333-4444-555555555555"
	write("manifest.json", `{"`+event+`":{"info":"a"},"22222222-2222-3333-4444-555555555555":{"info":"b"}}`)
	write("hashes.csv", "d41d8cd98f00b204e9800998ecf8427e,"+event+"\n")
	write(event+".json", `{"Event":{"info":"a","Attribute":[{"type":"ip-src","value":"192.0.2.1","to_ids":true}]}}`)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprintln(z, "192.0.2.2")
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	write("more.txt.gz", packed.String())
	write("archive.zip", "PK\x03\x04...")
	for _, path := range []string{dir, filepath.Join(dir, "manifest.json")} {
		s := NewSet()
		if err := s.Read(t.Context(), []string{path}, nil, Options{}); err != nil {
			t.Fatal(err)
		}
		var values, faults []string
		for _, i := range s.Indicators {
			values = append(values, i.Value)
		}
		for _, l := range s.Lists {
			if len(l.SHA256) != 64 {
				t.Errorf("%s: hash %q", l.Path, l.SHA256)
			}
			if l.Err != nil {
				faults = append(faults, l.Err.Error())
			}
			for _, b := range l.Bad {
				faults = append(faults, b.Reason)
			}
		}
		slices.Sort(values)
		want := []string{"192.0.2.1", "192.0.2.2"}
		wantFaults := []string{"a zip file, not a list: unpack it first", "its file 22222222-2222-3333-4444-555555555555.json is not beside the manifest"}
		if path != dir {
			want, wantFaults = want[:1], wantFaults[1:]
		}
		if !slices.Equal(values, want) || !slices.Equal(faults, wantFaults) {
			t.Errorf("%s: %q, %q", path, values, faults)
		}
	}
	if err := NewSet().Read(t.Context(), []string{filepath.Join(dir, "none")}, nil, Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := stdctx.WithCancelCause(t.Context())
	cause := errors.New("stopped")
	cancel(cause)
	err := NewSet().Read(ctx, []string{"-"}, strings.NewReader(strings.Repeat("192.0.2.1\n", 5000)), Options{})
	if !errors.Is(err, cause) {
		t.Errorf("%v, want %v", err, cause)
	}
}

func TestNotes(t *testing.T) {
	i := Indicator{From: 100, Until: 200, Partial: true}
	for at, want := range map[int64]string{
		99: "before it is valid; other conditions of its pattern not checked", 100: "other conditions of its pattern not checked",
		199: "other conditions of its pattern not checked", 200: "after it was valid; other conditions of its pattern not checked",
	} {
		if got := i.Note(time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %q, want %q", at, got, want)
		}
	}
}

func TestBroad(t *testing.T) {
	s := setOf(t, "0.0.0.0/0", "10.0.0.0/8", "192.0.2.1", "192.168.1.1", "::/0", "2001:db8::/32", "127.0.0.1", "evil.example")
	var got []string
	for _, i := range s.Broad() {
		got = append(got, i.Value)
	}
	if want := []string{"0.0.0.0/0", "10.0.0.0/8", "192.168.1.1", "::/0", "127.0.0.1"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// FuzzRead: whatever a list holds, reading it neither fails nor loses an entry
// without a word, and what it gives can be looked for.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"192.0.2.1\nevil.example # x\n", "a,b\n\"x,192.0.2.1\n", "ip,note\n192.0.2.1,\"a\nb\"\n", `{"type":"bundle","objects":[{"type":"indicator","pattern":"[ipv4-addr:value='192.0.2.1']"}]}`,
		`{"Event":{"Attribute":[{"type":"ip-src|port","value":"192.0.2.1|1","to_ids":true}],"Object":[{"Attribute":[{}]}]}}`, `[{"type":"url","id":"x","value":"http://a.example"}]`, `{"response":{"Attribute":{}}}`, "[[[[[[[[[[{}]]]]]]]]]]",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s := NewSet()
		if err := s.Read(t.Context(), []string{"-"}, bytes.NewReader(text), Options{All: true}); err != nil {
			t.Fatal(err)
		}
		for i := range s.Indicators {
			x := &s.Indicators[i]
			hits := NewScanner(s).Find(x.Value)
			if x.Type != Substring && x.Type != Block && !slices.ContainsFunc(hits, func(h Hit) bool { return slices.Contains(s.Of(h), int32(i)) }) {
				t.Errorf("%s %q is not found in itself", x.Type, x.Value)
			}
		}
	})
}

// FuzzPattern: no pattern hangs or panics.
func FuzzPattern(f *testing.F) {
	f.Add("[a:b = 'c' AND (d:e IN ('f','g') OR h:i[*].j LIKE '%k%')] FOLLOWEDBY [l:m != 1] WITHIN 5 SECONDS")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePattern(text)
		if err == nil && len(p.comparisons) == 0 {
			t.Error("a pattern of nothing")
		}
		for i := range p.comparisons {
			if _, err := p.comparisons[i].usable(); err == nil && p.comparisons[i].path == "" {
				t.Error("a comparison of nothing")
			}
		}
	})
}
