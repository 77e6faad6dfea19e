package indicator

import (
	"strings"
	"testing"
)

func TestTypeIsToldByValue(t *testing.T) {
	for _, c := range []struct {
		text, value string
		typ         Type
	}{
		{"192.0.2.1", "192.0.2.1", IP},
		{"192.0.2[.]1", "192.0.2.1", IP},
		{"192[.]0[.]2[.]1", "192.0.2.1", IP},
		{"192.0.2.1:443", "192.0.2.1:443", IP},
		{"2001:db8::1", "2001:db8::1", IP},
		{"2001:db8[:]:1", "2001:db8::1", IP},
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1", IP},
		{"[2001:db8::1]:443", "[2001:db8::1]:443", IP},
		{"192.0.2.0/24", "192.0.2.0/24", Block},
		{"192.0.2.7/24", "192.0.2.7/24", Block},
		{"2001:db8::/32", "2001:db8::/32", Block},
		{"192.0.2.1-192.0.2.9", "192.0.2.1-192.0.2.9", Block},
		{"evil.example", "evil.example", Domain},
		{"evil[.]example", "evil.example", Domain},
		{"evil(dot)example", "evil.example", Domain},
		{"Evil.Example.", "Evil.Example.", Domain},
		{"*.evil.example", "*.evil.example", Domain},
		{"bücher.example", "bücher.example", Domain},
		{"hxxps://evil[.]example/a", "https://evil.example/a", URL},
		{"hXXp://evil.example", "http://evil.example", URL},
		{"http[://]evil.example/a", "http://evil.example/a", URL},
		{"evil.example/a.php", "evil.example/a.php", URL},
		{"ftp://evil.example/a", "ftp://evil.example/a", URL},
		{"mallory[@]evil.example", "mallory@evil.example", Email},
		{"d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e", MD5},
		{"DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709", SHA1},
		{strings.Repeat("0a", 32), strings.Repeat("0a", 32), SHA256},
		{strings.Repeat("0a", 64), strings.Repeat("0a", 64), SHA512},
		{"t13d1516h2_8daaf6152771_e5627efa2ab1", "t13d1516h2_8daaf6152771_e5627efa2ab1", JA4},
		{"AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", AccessKey},
		{"arn:aws:iam::111122223333:role/Admin", "arn:aws:iam::111122223333:role/Admin", ARN},
		{"111122223333", "111122223333", Account},
		{"curl/8.4.0", "curl/8.4.0", UserAgent},
		{"Mozilla/5.0 (X11; Linux x86_64)", "Mozilla/5.0 (X11; Linux x86_64)", UserAgent},
		{"aws-cli/2.15.0 md/Botocore#1.34", "aws-cli/2.15.0 md/Botocore#1.34", UserAgent},
		{"*sqlmap*", "*sqlmap*", Substring},
		{"svc-monitor", "svc-monitor", Text},
		{"kali linux", "kali linux", Text},
	} {
		p, err := parse(c.text, Text, false)
		if err != nil || p.typ != c.typ || p.value != c.value {
			t.Errorf("%s: %s %q, %v; want %s %q", c.text, p.typ, p.value, err, c.typ, c.value)
		}
	}
}

func TestWhatIsNoIndicator(t *testing.T) {
	for text, reason := range map[string]string{
		"999.1.2.3":                      "not an address",
		"192.0.2.0/33":                   "not a block",
		"192.0.2.9-192.0.2.1":            "ends before it begins",
		"ab":                             "shorter than 3",
		"a\x01bc":                        "control character",
		"a\xffbc":                        "not UTF-8",
		"*ab*":                           "needs 4 characters",
		"http://":                        "not a URL",
		strings.Repeat("a", 8<<10) + "b": "longer than",
	} {
		if p, err := parse(text, Text, false); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("%.40q: %+v, %v; want %q", text, p, err, reason)
		}
	}
	if _, err := parse("evil.example", IP, true); err == nil {
		t.Error("a domain passes as an address where the list says that it is one")
	}
}

func TestRanges(t *testing.T) {
	for text, want := range map[string]string{
		"192.0.2.1-192.0.2.9":             "192.0.2.1/32 192.0.2.2/31 192.0.2.4/30 192.0.2.8/31",
		"0.0.0.0-255.255.255.255":         "0.0.0.0/0",
		"192.0.2.255-192.0.2.255":         "192.0.2.255/32",
		"255.255.255.254-255.255.255.255": "255.255.255.254/31",
		"2001:db8::-2001:db8::ffff":       "2001:db8::/112",
	} {
		blocks, err := blocksOf(text)
		var got []string
		for _, b := range blocks {
			got = append(got, b.String())
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %v, %v; want %s", text, got, err, want)
		}
	}
}
