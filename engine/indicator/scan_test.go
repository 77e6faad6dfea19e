package indicator

import (
	"slices"
	"strings"
	"testing"
)

// setOf is a set of the lines of a plain list.
func setOf(t testing.TB, lines ...string) *Set {
	t.Helper()
	s := NewSet()
	if err := s.Read(t.Context(), []string{"-"}, strings.NewReader(strings.Join(lines, "\n")), Options{}); err != nil {
		t.Fatal(err)
	}
	for _, l := range s.Lists {
		if l.Err != nil || l.BadCount > 0 {
			t.Fatalf("%+v", l)
		}
	}
	return s
}

// foundIn are the indicators in a text, those inside a domain or block marked.
func foundIn(s *Set, text string) []string {
	var out []string
	for _, h := range NewScanner(s).Find(text) {
		for _, i := range s.Of(h) {
			mark := ""
			if h.Inside {
				mark = " <"
			}
			out = append(out, s.Indicators[i].Value+mark)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestWhatIsFoundInTexts(t *testing.T) {
	const agent = `Mozilla/5.0 (X11; "quoted")`
	for _, c := range []struct {
		indicator string
		yes, no   []string
	}{
		{"192.0.2.1",
			[]string{"192.0.2.1", "192.0.2.1:443", "[192.0.2.1]", `{"ip":"192.0.2.1"}`, "from 192.0.2.1.", "::ffff:192.0.2.1", "::FFFF:c000:201", "ip-192-0-2-1.ec2.internal",
				"ec2-192-0-2-1.compute-1.amazonaws.com", "system:node:ip-192-0-2-1.ec2.internal", "1.2.0.192.in-addr.arpa.", "x=192.0.2.1,192.0.2.2", "a%2F192.0.2.1", "a%252F192.0.2.1",
				`{\"ip\":\"192.0.2.1\"}`, `"a\n192.0.2.1"`, "192.0.2.1-192.0.2.9", "(192.0.2.1)", "0:0:0:0:0:ffff:192.0.2.1", "_192.0.2.1_", "192.0.2.1/32"},
			[]string{"192.0.2.10", "192.0.2.11", "1192.0.2.1", "192.0.2.1.5", "5.192.0.2.1", "192.0.02.1", "v192.0.2.1", "192.0.2.1a", "ip-192-0-2-11", "ip-1192-0-2-1", "192.0.2.1.in-addr.arpa",
				"clip-192-0-2-1", "192-0-2-1"}},
		{"120.0.0.0", []string{"120.0.0.0", "https://120.0.0.0/x", "src/120.0.0.1 120.0.0.0"}, []string{"Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36"}},
		{"2001:db8::1",
			[]string{"2001:db8::1", "2001:0DB8:0:0:0:0:0:1", "[2001:db8::1]:443", "2001:db8:0::1", `"2001:db8::1"`, "2001:db8::1: refused", "2001%3Adb8%3A%3A1", "2001:db8::1%eth0", "at 2001:db8::1."},
			[]string{"2001:db8::11", "2001:db8::1:1", "12001:db8::1", "x2001:db8::1", "2001:db8::1x", "arn:aws:x::1"}},
		{"::1", []string{"::1", "[::1]:80", "a ::1 b"}, []string{"arn:aws:iam::1", "a::1", "::1b", "12:00::1x"}},
		{"evil.example", []string{"evil.example", "EVIL.example.", "http://evil.example/x", "a@evil.example", "x=evil.example&y", "%2Fevil.example", `\u002fevil.example`, `\\u002fevil.example`},
			[]string{"notevil.example", "evil.example.com", "evil.examples", "evil-example", "my-evil.example"}},
		{"mallory@evil.example", []string{"mallory@evil.example", "<Mallory@Evil.example>", "assumed-role/x/mallory@evil.example", "u=mallory%40evil.example", "mailto:mallory@evil.example."},
			[]string{"amallory@evil.example", "mallory@evil.example.com", "mallory@xevil.example"}},
		{"https://evil.example/a.php",
			[]string{"http://evil.example/a.php", "GET https://EVIL.example:443/a.php HTTP/1.1", "evil.example/a.php", "https://evil.example/a.php?x=1", "see https://evil.example/a.php.", "https://evil.example/a.php#top",
				"https%3A%2F%2Fevil.example%2Fa.php", `"https:\/\/evil.example\/a.php"`},
			[]string{"https://evil.example/a.phpx", "https://evil.example/", "https://evil.example:8443/a.php", "https://x.evil.example/a.php", "/a.php"}},
		{"http://evil.example/?q=1", []string{"evil.example/?q=1", "http://evil.example?q=1"}, []string{"http://evil.example/", "http://evil.example/?q=12"}},
		{"http://evil.example", []string{"https://evil.example", "https://evil.example/", "evil.example/", "http://evil.example/?x=1"}, []string{"evil.example", "http://evil.example/x"}},
		{"arn:aws:iam::111122223333:role/path/Admin",
			[]string{"arn:aws:iam::111122223333:role/path/Admin", `"arn:aws:sts::111122223333:assumed-role/Admin/session"`, "arn:aws:sts::111122223333:assumed-role/Admin"},
			[]string{"arn:aws:iam::111122223333:role/path/Admin2", "arn:aws:sts::111122223333:assumed-role/Admin2/x", "arn:aws:iam::111122223333:role/path/Admin/x"}},
		{"arn:aws:s3:::example-bucket", []string{"arn:aws:s3:::example-bucket/key", "[arn:aws:s3:::example-bucket]", "arn:aws:s3:::example-bucket/*"}, []string{"arn:aws:s3:::example-bucket-2/key"}},
		{"arn:aws:lambda:us-east-1:111122223333:function:f", []string{"arn:aws:lambda:us-east-1:111122223333:function:f:7"}, []string{"arn:aws:lambda:us-east-1:111122223333:function:f2"}},
		{"AKIAIOSFODNN7EXAMPLE", []string{"AKIAIOSFODNN7EXAMPLE/20260310/us-east-1/s3/aws4_request", `{"accessKeyId":"AKIAIOSFODNN7EXAMPLE"}`}, []string{"AKIAIOSFODNN7EXAMPLES", "XAKIAIOSFODNN7EXAMPLE"}},
		{"d41d8cd98f00b204e9800998ecf8427e", []string{"md5:D41D8CD98F00B204E9800998ECF8427E;"}, []string{"0d41d8cd98f00b204e9800998ecf8427e"}},
		{"t13d1516h2_8daaf6152771_e5627efa2ab1", []string{`"ja4":"t13d1516h2_8daaf6152771_e5627efa2ab1"`}, nil},
		{"shop-logs", []string{"s3://shop-logs/x", "shop-logs.s3.amazonaws.com", "shop-logs.s3-eu-west-1.amazonaws.com", "111122223333-shop-logs"}, []string{"shop-logs-old", "my-shop-logs", "shop-logs.example"}},
		{"kali linux", []string{"kali linux", `{"os":"Kali Linux"}`}, []string{"my kali linux", "kali"}},
		{"curl/8.4.0", []string{"curl/8.4.0", `{"name":"User-Agent","value":"curl/8.4.0"}`, `"GET / HTTP/1.1" 200 "-" "curl/8.4.0"`, "curl%2F8.4.0"}, []string{"curl/8.4.01", "x curl/8.4.0"}},
		{"*sqlmap*", []string{"sqlmap/1.7", "xsqlmapx", "SQLMAP", "sql%6Dap"}, []string{"sqlma", "sql map"}},
		{"111122223333", []string{"arn:aws:iam::111122223333:root"}, []string{"1111222233334"}},
		{`*` + agent + `*`, []string{`Mozilla/5.0 (X11; "quoted")`, `{"a":"Mozilla/5.0 (X11; \"quoted\")"}`}, nil},
	} {
		s := setOf(t, c.indicator)
		want := s.Indicators[0].Value
		for _, text := range c.yes {
			if got := foundIn(s, text); !slices.Equal(got, []string{want}) {
				t.Errorf("%s in %s: %q", c.indicator, text, got)
			}
		}
		for _, text := range c.no {
			if got := foundIn(s, text); got != nil {
				t.Errorf("%s in %s: %q, want nothing", c.indicator, text, got)
			}
		}
	}
}

func TestWhatIsInside(t *testing.T) {
	s := setOf(t, "192.0.2.0/24", "192.0.0.0/16", "192.0.2.7", "evil.example", "c2.evil.example", "2001:db8::/32", "2001:db8::5-2001:db8::9")
	for text, want := range map[string][]string{
		"192.0.2.7":                        {"192.0.0.0/16 <", "192.0.2.0/24 <", "192.0.2.7"},
		"192.0.3.7":                        {"192.0.0.0/16 <"},
		"192.1.3.7":                        nil,
		"a.c2.evil.example.":               {"c2.evil.example <", "evil.example <"},
		"c2.evil.example":                  {"c2.evil.example", "evil.example <"},
		"x.evil.example then evil.example": {"evil.example"},
		"2001:db8::5":                      {"2001:db8::/32 <", "2001:db8::5-2001:db8::9"},
		"2001:db8::6":                      {"2001:db8::/32 <", "2001:db8::5-2001:db8::9 <"},
		"2001:db8::a":                      {"2001:db8::/32 <"},
		"2001:db9::":                       nil,
	} {
		if got := foundIn(s, text); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestIDN(t *testing.T) {
	s := setOf(t, "bücher.example")
	for _, text := range []string{"xn--bcher-kva.example", "www.xn--bcher-kva.example", "bücher.example", `"b\u00fccher.example"`, "b%C3%BCcher.example"} {
		if got := foundIn(s, text); len(got) != 1 {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func FuzzFind(f *testing.F) {
	s := setOf(f, "192.0.2.1", "192.0.2.0/24", "2001:db8::1", "evil.example", "https://evil.example/a", "mallory@evil.example", "arn:aws:iam::111122223333:role/Admin",
		"*sqlmap*", "curl/8.4.0", "shop-logs", "d41d8cd98f00b204e9800998ecf8427e")
	for _, seed := range []string{"192.0.2.1", "::ffff:192.0.2.1", "x@evil.example/a?b", `\u0031\"`, "%25%32%46", "arn:aws:sts::111122223333:assumed-role/Admin/x", "[2001:db8::1]:443", `"curl/8.4.0"`, "ip-192-0-2-1", "1.2.0.192.in-addr.arpa"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		one := foundIn(s, text)
		for _, h := range NewScanner(s).Find(text) {
			if len(s.Of(h)) == 0 {
				t.Errorf("a hit of nothing: %+v", h)
			}
		}
		// What stands between blanks is found there too.
		for _, v := range foundIn(s, "x "+text+" x") {
			if !slices.Contains(one, v) && !slices.Contains(one, strings.TrimSuffix(v, " <")) {
				t.Errorf("%q between blanks has %q, alone %q", text, v, one)
			}
		}
	})
}
