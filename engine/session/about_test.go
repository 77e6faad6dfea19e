package session

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/schema"
)

// TestPivotFinds has a record for each text and looks which of them a pivot
// about a value finds.
func TestPivotFinds(t *testing.T) {
	texts := []string{
		// 0: addresses
		"10.0.0.1", "10.0.0.12", "110.0.0.1", "1.10.0.0.1", "login from 10.0.0.1.", "::ffff:10.0.0.1", "http://10.0.0.1:8080/x", "q=%2010.0.0.1",
		"ip-10-0-0-1.ec2.internal", "ip-10-0-0-12", "1.0.0.10.in-addr.arpa", "10.0.0.1.example.net",
		// 12: IPv6
		"2001:db8::1", "2001:0DB8:0:0:0:0:0:1", "[2001:db8:0:0::1]:443", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::11", "2001:db8:1::1", "12001:db8::1",
		// 19: roles
		"arn:aws:iam::111122223333:role/service/app", "arn:aws:sts::111122223333:assumed-role/app/s-1", "arn:aws:iam::111122223333:role/app-admin",
		"arn:aws:iam::111122223333:role/service/app@x", "arn:aws:sts::111122223333:assumed-role/app-admin/s-1", "on arn:aws:iam::111122223333:role/service/app.",
		// 25: buckets
		"arn:aws:s3:::shop-logs/a", "GET https://shop-logs.s3.eu-west-1.amazonaws.com/", "shop-logs-old", "111122223333-shop-logs", "shop-logs dir/a%2520b.txt", "shop-logs dir/a+c.txt",
		// 31: domains
		"example.com.", "WWW.example.com", "notexample.com", "example.com.evil.net", "example.com.s3.amazonaws.com", "u=http%3A%2F%2Fexample.com", "GET example.com /a/login", "bad-example.com",
		// 39: ids and others
		"eni-0a1b2c3d4e5f60101-all", "eni-0a1b2c3d4e5f601012", "001122223333", "1001122223333", "Mozilla/5.0%20(X11)", "Mozilla/5.0 (X11)", `CORP\ann`, "line\nsqlmap/1.7", "/a/b/c",
		// 48: no address but a block
		"0.0.0.0/0", "app/shop/50dc6c495c0c9188",
	}
	var b strings.Builder
	for i, text := range texts {
		inside, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		// The last has no time.
		when := ""
		if i < len(texts)-1 {
			when = fmt.Sprintf(`"eventTime":"2026-03-10T03:%02d:00Z",`, len(texts)-i)
		}
		fmt.Fprintf(&b, `{"eventVersion":"1.08",%s"eventSource":"x.amazonaws.com","eventName":"E%02d","awsRegion":"us-east-1","eventID":"e%d","requestParameters":{"deep":[{"er":%s}]}}`+"\n", when, i, i, inside)
	}
	s, _ := over(t, b.String(), true)
	// The others have nothing and take their time.
	s.o.Sources = slices.DeleteFunc(slices.Clone(s.o.Sources), func(src *schema.Source) bool { return src.Name != "cloudtrail" })
	for v, want := range map[string][]int{
		"10.0.0.1":             {0, 4, 5, 6, 7, 8, 10, 11},
		"::FFFF:10.0.0.1":      {0, 4, 5, 6, 7, 8, 10, 11},
		"10.0.0.0/29":          {0, 4, 5, 6, 7, 8, 11},
		"10.0.0.12/30":         {1, 9},
		"::ffff:10.0.0.12/126": {1, 9},
		"2001:DB8:0::1":        {12, 13, 14, 15},
		"2001:db8::/120":       {12, 13, 14, 15, 16},
		"2001:db8:1::/48":      {17},
		"0.0.0.0/0":            {48},
		"arn:aws:iam::111122223333:role/service/app":         {19, 20, 24},
		"arn:aws:sts::111122223333:assumed-role/app":         {20},
		"arn:aws:sts::111122223333:assumed-role/app-admin/s": nil,
		"shop-logs":                   {25, 26, 28, 29, 30},
		"arn:aws:s3:::shop-logs":      {25, 26, 28, 29, 30},
		"s3://shop-logs/dir/a b.txt":  {29},
		"s3://shop-logs/dir/a c.txt":  {30},
		"example.com":                 {31, 32, 35, 36, 37},
		"*.Example.COM.":              {31, 32, 35, 36, 37},
		"https://example.com/a/login": {37},
		"eni-0a1b2c3d4e5f60101":       {39},
		"arn:aws:ec2:us-east-1:111122223333:network-interface/eni-0a1b2c3d4e5f60101": {39},
		"001122223333":      {41},
		"mozilla/5.0 (X11)": {43, 44},
		`corp\ann`:          {45},
		"sqlmap":            {46},
		"/a/b/":             {47},
		"x' OR true --":     nil,
		"arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/app/shop/50dc6c495c0c9188": {49},
	} {
		rows, err := s.Pivot(t.Context(), v)
		var names []string
		for i := len(want) - 1; i >= 0; i-- { // the times go backwards
			names = append(names, fmt.Sprintf("E%02d", want[i]))
		}
		if d := cmp.Diff(names, cells(t, rows, err, "action")); d != "" {
			t.Errorf("%s (-want +got): %s", v, d)
		}
	}
	rows, err := s.Pivot(t.Context(), "us-east-1")
	if got := cells(t, rows, err, "action"); len(got) != len(texts) || got[0] != "E48" || got[len(got)-1] != "E49" {
		t.Errorf("not in the order of time, the one without a time last: %v", got)
	}
}
