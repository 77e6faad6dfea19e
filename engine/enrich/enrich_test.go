package enrich

import (
	"encoding/base32"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/maxmind/mmdbwriter/mmdbtype"

	"logquarry/engine/enrich/geodb"
)

// folder is one with the databases of geodb.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	if err := geodb.Folder(dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// say is all that s knows of an address.
func say(s *Set, ip string) string {
	country, _ := s.Country(ip)
	city, _ := s.City(ip)
	asn, _ := s.ASN(ip)
	org, _ := s.ASOrg(ip)
	service, _ := s.AWSService(ip)
	region, _ := s.AWSRegion(ip)
	text := fmt.Sprintf("%s|%s|%d|%s|%s|%s", country, city, asn, org, service, region)
	if lat, ok := s.Latitude(ip); ok {
		lon, _ := s.Longitude(ip)
		text += fmt.Sprintf("|%.2f %.2f", lat, lon)
	}
	return text
}

func TestAnswers(t *testing.T) {
	s := New(Options{GeoIP: folder(t)})
	for ip, want := range map[string]string{
		"192.0.2.1":          "IE|Dublin|64500|Example Broadband|||53.35 -6.26",
		"::ffff:192.0.2.200": "NL|Amsterdam|64501|Example Hosting|||52.37 4.90",
		"198.51.100.200":     "DE||64500|Example Broadband||",
		"203.0.113.1":        "US|Ashburn|16509|Example Cloud|EC2|us-east-1|39.04 -77.49",
		"203.0.113.200":      "US||0||AMAZON|us-east-1",
		"2001:db8::1":        "IE|Dublin|64500|Example Broadband|||53.35 -6.26",
		"2001:DB8:8000::1":   "AU|Sydney|0||EC2|ap-southeast-2|-33.87 151.21",
		"10.0.0.1":           "||0|||",
		"ec2.amazonaws.com":  "||0|||",
		"AWS Internal":       "||0|||",
		"192.0.2.1:443":      "||0|||",
		"fe80::1%eth0":       "||0|||",
		"192.0.2.01":         "||0|||",
		"":                   "||0|||",
		"\x00":               "||0|||",
	} {
		if got := say(s, ip); got != want {
			t.Errorf("%q: %s, want %s", ip, got, want)
		}
	}
	if notes := s.Notes(); notes != nil {
		t.Errorf("notes: %v", notes)
	}
	for kind, want := range map[string]int64{"geoip": 2, "ip-ranges": 1, "other": 0} {
		if n, ok := s.Count(kind); n != want || ok != (want > 0) {
			t.Errorf("%d databases of %s", n, kind)
		}
	}
	used, err := s.Used()
	if err != nil || len(used) != 3 {
		t.Fatalf("used: %v, %v", used, err)
	}
	for _, d := range used {
		if d.Built.Unix() != geodb.Built || len(d.SHA256) != 64 || d.Bytes == 0 || !filepath.IsAbs(d.Path) {
			t.Errorf("database: %+v", d)
		}
	}
}

// Layouts of others than MaxMind.
func TestLayouts(t *testing.T) {
	for name, c := range map[string]struct {
		record mmdbtype.Map
		want   string
	}{
		"IPinfo country and ASN": {mmdbtype.Map{"country": mmdbtype.String("NL"), "country_name": mmdbtype.String("Netherlands"),
			"asn": mmdbtype.String("AS64501"), "as_name": mmdbtype.String("Example Hosting"), "as_domain": mmdbtype.String("example.com")},
			"NL||64501|Example Hosting||"},
		"IPinfo Lite": {mmdbtype.Map{"country": mmdbtype.String("Netherlands"), "country_code": mmdbtype.String("NL"),
			"asn": mmdbtype.String("AS64501"), "as_name": mmdbtype.String("Example Hosting")}, "NL||64501|Example Hosting||"},
		"IPinfo location": {mmdbtype.Map{"city": mmdbtype.String("Amsterdam"), "country": mmdbtype.String("NL"),
			"lat": mmdbtype.String("52.37"), "lng": mmdbtype.String("4.90"), "region": mmdbtype.String("North Holland")}, "NL|Amsterdam|0||||52.37 4.90"},
		"ip-location-db": {mmdbtype.Map{"country_code": mmdbtype.String("NL")}, "NL||0|||"},
		"Enterprise": {mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String("NL")}, "traits": mmdbtype.Map{
			"autonomous_system_number": mmdbtype.Uint32(64501), "autonomous_system_organization": mmdbtype.String("Example Hosting"),
			"is_anonymous_proxy": mmdbtype.Bool(true)}}, "NL||64501|Example Hosting||"},
		"other kinds": {mmdbtype.Map{"country": mmdbtype.Uint32(7), "city": mmdbtype.Slice{mmdbtype.String("x")},
			"location": mmdbtype.String("here"), "latitude": mmdbtype.Float64(200), "longitude": mmdbtype.Float64(4)}, "||0|||"},
		"a name too long": {mmdbtype.Map{"country_code": mmdbtype.String("NL"), "as_name": mmdbtype.String(strings.Repeat("x", 5000))}, "NL||0|||"},
	} {
		dir := t.TempDir()
		if err := geodb.Write(filepath.Join(dir, "x.mmdb"), name, []geodb.Network{{CIDR: "192.0.2.0/24", Record: c.record}}); err != nil {
			t.Fatal(err)
		}
		if got := say(New(Options{GeoIP: dir}), "192.0.2.9"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestMostSpecificPrefixOfAService(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ranges.json")
	if err := geodb.WriteRanges(path, []geodb.Prefix{
		{CIDR: "203.0.0.0/16", Service: "EC2", Region: "eu-west-1"},
		{CIDR: "203.0.113.0/24", Service: "AMAZON", Region: "us-east-1"}, // narrower, but says less
		{CIDR: "203.0.114.0/28", Service: "EC2_INSTANCE_CONNECT", Region: "eu-west-1"},
		{CIDR: "203.0.115.0/24", Service: "EC2", Region: "eu-west-1"},
		{CIDR: "203.0.115.0/24", Service: "API_GATEWAY", Region: "eu-west-1"},
		{CIDR: "198.51.100.0/24", Service: "AMAZON", Region: "GLOBAL"},
		{CIDR: "2001:db8::/32", Service: "CLOUDFRONT", Region: "GLOBAL"},
	}); err != nil {
		t.Fatal(err)
	}
	s := New(Options{IPRanges: path})
	for ip, want := range map[string]string{
		"203.0.113.7": "EC2 eu-west-1", "203.0.114.7": "EC2_INSTANCE_CONNECT eu-west-1", "203.0.114.99": "EC2 eu-west-1",
		"203.0.115.7": "API_GATEWAY eu-west-1", "198.51.100.7": "AMAZON GLOBAL", "2001:db8::7": "CLOUDFRONT GLOBAL", "192.0.2.7": " ",
	} {
		service, _ := s.AWSService(ip)
		region, _ := s.AWSRegion(ip)
		if got := service + " " + region; got != want {
			t.Errorf("%s: %s, want %s", ip, got, want)
		}
	}
}

func TestWhatIsNotThereIsNotedOnce(t *testing.T) {
	s := New(Options{})
	if n, ok := s.Count("geoip"); n != 0 || ok {
		t.Errorf("%d databases where there are none", n)
	}
	if notes := s.Notes(); notes != nil {
		t.Errorf("notes before anything was asked: %v", notes)
	}
	for range 3 {
		say(s, "192.0.2.1")
	}
	if notes := s.Notes(); len(notes) != 2 || !strings.Contains(notes[0], "--geoip") || !strings.Contains(notes[1], "--ip-ranges") {
		t.Errorf("notes: %q", notes)
	}
	say(s, "192.0.2.1")
	if notes := s.Notes(); notes != nil {
		t.Errorf("told again: %v", notes)
	}
	if err := (Options{GeoIP: filepath.Join(t.TempDir(), "absent")}).Check(); err == nil {
		t.Error("a folder that is not there is taken")
	}
}

// Whatever byte of a database is wrong, nothing panics, the file is named, and
// the other databases answer.
func TestDamagedDatabases(t *testing.T) {
	good := folder(t)
	whole, err := os.ReadFile(filepath.Join(good, "GeoLite2-City.mmdb"))
	if err != nil {
		t.Fatal(err)
	}
	asn, err := os.ReadFile(filepath.Join(good, "GeoLite2-ASN.mmdb"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	city := filepath.Join(dir, "city.mmdb")
	if err := os.WriteFile(filepath.Join(dir, "asn.mmdb"), asn, 0o600); err != nil {
		t.Fatal(err)
	}
	try := func(what string, text []byte) (notes []string) {
		if err := os.WriteFile(city, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s := New(Options{GeoIP: dir})
		s.Country("192.0.2.1")
		s.City("2001:db8::1")
		if n, ok := s.ASN("192.0.2.1"); !ok || n != 64500 {
			t.Errorf("%s: the other database says %d, %v", what, n, ok)
		}
		return s.Notes()
	}
	for what, text := range map[string][]byte{"empty": nil, "text": []byte("hello"), "cut": whole[:len(whole)-300]} {
		if notes := try(what, text); len(notes) != 1 || !strings.Contains(notes[0], city) {
			t.Errorf("%s: notes %q", what, notes)
		}
	}
	step := max(1, len(whole)/400)
	said := 0
	for i := 0; i < len(whole); i += step {
		text := append([]byte{}, whole...)
		text[i] ^= 0xff
		said += len(try(fmt.Sprint("byte ", i), text))
	}
	if said == 0 {
		t.Error("no damage was noted")
	}
}

func TestDamagedRanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ip-ranges.json")
	for text, want := range map[string]string{
		`{`:                  "not used",
		`{"prefixes": 3}`:    "not used",
		`{"hello": "there"}`: "has no prefixes",
		`{"prefixes": [{"ip_prefix": "203.0.113.0/99", "service": "EC2"}, {"ip_prefix": "203.0.113.0/24", "service": "EC2", "region": "r"}, {"ip_prefix": "192.0.2.0/24"}]}`: "2 entries are left out; the first: prefixes 1: ",
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s := New(Options{IPRanges: path})
		service, _ := s.AWSService("203.0.113.1")
		if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0], want) || !strings.Contains(notes[0], path) {
			t.Errorf("%s: notes %q", text, notes)
		}
		if strings.Contains(text, "203.0.113.0/24") && service != "EC2" {
			t.Errorf("%s: the good entry is lost too", text)
		}
	}
}

// key makes the id of a key that does not exist.
func key(prefix string, newer bool, account uint64, rest byte) string {
	bits := account<<7 | uint64(rest)
	if newer {
		bits |= 1 << 47
	}
	raw := []byte{byte(bits >> 40), byte(bits >> 32), byte(bits >> 24), byte(bits >> 16), byte(bits >> 8), byte(bits), 1, 2, 3, 4}
	return prefix + base32.StdEncoding.EncodeToString(raw)
}

func TestAccessKeyAccount(t *testing.T) {
	for k, want := range map[string]string{
		key("AKIA", true, 111122223333, 0):    "111122223333",
		key("ASIA", true, 111122223333, 0x7f): "111122223333",
		key("ASIA", true, 42, 1):              "000000000042",
		key("AKIA", true, 999999999999, 0x55): "999999999999",
		key("AKIA", true, 1000000000000, 0):   "",
		key("AKIA", false, 111122223333, 0):   "",
		key("AIDA", true, 111122223333, 0):    "",
		"AKIAIOSFODNN7EXAMPLE":                "", // of the older format, in AWS's documentation
		"AKIA":                                "",
		"":                                    "",
		strings.ToLower(key("AKIA", true, 111122223333, 0)): "",
		key("AKIA", true, 111122223333, 0) + "A":            "",
		key("AKIA", true, 111122223333, 0)[:19] + "1":       "",
	} {
		if got, ok := AccessKeyAccount(k); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", k, got, ok, want)
		}
	}
}

func TestScanner(t *testing.T) {
	for agent, want := range map[string]string{
		"Mozilla/5.0 zgrab/0.x": "ZGrab",
		"Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)": "Nmap",
		"SQLMAP/1.7#stable (https://sqlmap.org)":                                          "sqlmap",
		"Mozilla/5.0 [en] (X11, U; OpenVAS-VT 22.4.1)":                                    "OpenVAS",
		"httpx - Open-source project (github.com/projectdiscovery/httpx)":                 "httpx",
		"python-httpx/0.27.0": "",
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36": "",
		"aws-cli/2.15.0 md/nuclearium":       "",
		"Scripting Engine; nmap":             "",
		"":                                   "",
		strings.Repeat("x", 9999) + "sqlmap": "",
	} {
		if got, ok := Scanner(agent); got != want || ok != (want != "") {
			t.Errorf("%.60q: %q, want %q", agent, got, want)
		}
	}
	for _, bad := range []string{"sqlmap\tsqlmap", "SQLMap\tsqlmap\thttps://example.com", "a-b\tx\ty", "a\t\ty"} {
		if _, err := parseScanners(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestManyAskAtOnce(t *testing.T) {
	s := New(Options{GeoIP: folder(t)})
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			for i := range 500 {
				ip := fmt.Sprintf("192.0.2.%d", (i+n)%128)
				if got := say(s, ip); !strings.HasPrefix(got, "IE|Dublin|64500|") {
					t.Errorf("%s: %s", ip, got)
				}
				Scanner("Mozilla/5.0 zgrab/0.x")
			}
			if _, err := s.Used(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
