package incident

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"logquarry/cmd/logmaker/record"
)

// others are the logs beside CloudTrail, flow and WAF: what they say follows
// from the same story.
type others struct {
	*folder
	b *builder
	r *rand.Rand // of its own, so that the other logs stay as they are
}

// others writes the files of every further source.
func (f *folder) others(b *builder) error {
	o := &others{f, b, rand.New(rand.NewPCG(0x0770, 2026))}
	for _, step := range []func() error{
		o.bucketLogs, o.balancers, o.edge, o.names, o.firewall, o.transit,
		o.findingsAndEvents, o.configuration, o.functionsAndHosts, o.databases, o.cluster, o.lookups, o.inventory, o.lake,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// file puts a file of rows records, packed where its name says so.
func (o *others) file(source, path, text string, rows int) error {
	data := []byte(text)
	if strings.HasSuffix(path, ".gz") {
		var err error
		if data, err = packed(data); err != nil {
			return err
		}
	}
	o.put(path, data)
	o.add(source, Load{Rows: rows})
	return nil
}

// also counts rows of another source in a file that has been put.
func (o *others) also(source string, l Load) {
	l.Records = l.Rows + l.Duplicates
	o.answers.Totals = o.answers.Totals.plus(l)
	l.Files = 1
	o.answers.Sources[source] = o.answers.Sources[source].plus(l)
}

// planted notes a finding in one of these sources.
func (o *others) planted(hunt string, first, last time.Time, principal, ip, target, says string, records int) {
	o.answers.Findings = append(o.answers.Findings, Finding{Hunt: hunt, First: first.Format(time.RFC3339), Last: last.Format(time.RFC3339),
		Principal: principal, SrcIP: ip, Target: target, Says: says, Count: records})
}

func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func millis(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// line is one JSON object of a line.
func line(v any) string { return string(toJSON(v)) + "\n" }

// bucketLogs are the server access logs of the buckets CloudTrail logs objects of:
// the same requests under the same ids, also of the hours in which it was off.
func (o *others) bucketLogs() error {
	const owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
	type request struct {
		at   time.Time
		text string
	}
	byFile := map[string][]request{}
	for _, e := range o.b.events {
		if e.Category != "Data" || e.Source != "s3" || e.account != company {
			continue
		}
		var p struct {
			Bucket string `json:"bucketName"`
			Key    string `json:"key"`
		}
		var x struct {
			Out float64 `json:"bytesTransferredOut"`
		}
		var id struct {
			ARN string `json:"arn"`
		}
		if json.Unmarshal(e.Request, &p) != nil || json.Unmarshal(e.Additional, &x) != nil || json.Unmarshal(e.Identity, &id) != nil || p.Bucket == "" {
			continue
		}
		operation, method := map[string]string{"GetObject": "REST.GET.OBJECT", "PutObject": "REST.PUT.OBJECT", "DeleteObject": "REST.DELETE.OBJECT",
			"DeleteObjects": "REST.POST.MULTI_OBJECT_DELETE", "CopyObject": "REST.COPY.OBJECT", "HeadObject": "REST.HEAD.OBJECT"}[e.Name], "GET"
		if operation == "" {
			continue
		}
		if parts := strings.Split(operation, "."); parts[1] != "COPY" {
			method = parts[1]
		} else {
			method = "PUT"
		}
		requester, signed, status, failed := id.ARN, "SigV4 TLS_AES_128_GCM_SHA256 AuthHeader", "200", "-"
		if requester == "" {
			requester, signed = "-", "- TLS_AES_128_GCM_SHA256 -"
		}
		if e.ErrorCode != "" {
			status, failed = "403", e.ErrorCode
		}
		sent := "-"
		if x.Out > 0 && e.ErrorCode == "" {
			sent = fmt.Sprintf("%.0f", x.Out)
		}
		key := strings.ReplaceAll(p.Key, " ", "+")
		if key == "" || operation == "REST.POST.MULTI_OBJECT_DELETE" {
			key = "-"
		}
		text := fmt.Sprintf("%s %s [%s] %s %s %s %s %s \"%s /%s HTTP/1.1\" %s %s %s - %d %d \"-\" \"%s\" - %s= %s %s.s3.us-east-1.amazonaws.com TLSv1.3 - - -\n",
			owner, p.Bucket, e.Time.Format("02/Jan/2006:15:04:05 +0000"), e.SourceIP, requester, e.RequestID, operation, key, method, strings.TrimPrefix(key, "-"),
			status, failed, sent, 8+o.r.IntN(90), 5+o.r.IntN(20), strings.Trim(e.UserAgent, "[]"), record.Base64(o.r, 75), signed, p.Bucket)
		name := fmt.Sprintf("s3-access/%s/%s", p.Bucket, e.Time.Truncate(6*time.Hour).Format("2006-01-02-15-04-05"))
		byFile[name] = append(byFile[name], request{e.Time, text})
	}
	var names []string
	for name := range byFile {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		list := byFile[name]
		slices.SortStableFunc(list, func(a, c request) int { return a.at.Compare(c.at) })
		var text strings.Builder
		for _, r := range list {
			text.WriteString(r.text)
		}
		if err := o.file("s3_access", name+"-"+strings.ToUpper(record.Hex(o.r, 16)), text.String(), len(list)); err != nil {
			return err
		}
	}
	return nil
}

// balancers are the logs of the shop's load balancers: each request the WAF saw,
// as it was answered.
func (o *others) balancers() error {
	const lb = "app/shop/50dc6c495c0c9188"
	const group = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73e2d6bc24d8a067"
	keys, lists := group2(o.b.webs, func(w record.Web) string { return w.Time.Truncate(6 * time.Hour).Format("20060102T1504Z") })
	for _, key := range keys {
		var requests, connections strings.Builder
		seen := map[string]bool{}
		n := 0
		for _, w := range lists[key] {
			status, target, times, actions, reason := 200, web1.private+":80", "0.001 0.024 0.000", "waf,forward", "-"
			switch {
			case w.Action == "BLOCK":
				status, target, times, actions, reason = 403, "-", "-1 -1 -1", "waf", "WAFForbidden"
			case strings.HasPrefix(w.URI, "/wp-") || strings.HasSuffix(w.URI, ".php") || strings.Contains(w.URI, "/."):
				status = 404
			}
			targetStatus, list, listStatus := fmt.Sprint(status), target, fmt.Sprint(status)
			if target == "-" {
				targetStatus, listStatus = "-", "-"
			}
			method := w.Method
			if method == "" {
				method = "GET"
			}
			agent := "-"
			for _, h := range w.Headers {
				if strings.EqualFold(h[0], "user-agent") {
					agent = strings.ReplaceAll(h[1], `"`, `\"`)
				}
			}
			url := "https://shop.example.com:443" + w.URI
			if w.Args != "" {
				url += "?" + strings.ReplaceAll(w.Args, `"`, `\"`)
			}
			connection := "TID_" + fixedHex(w.Client+w.Time.Format("15"), 32)
			fmt.Fprintf(&requests, "https %s %s %s:%d %s %s %d %s %d %d \"%s %s HTTP/1.1\" \"%s\" TLS_AES_128_GCM_SHA256 TLSv1.3 %s \"%s\" \"shop.example.com\" \"arn:aws:acm:us-east-1:111122223333:certificate/1111\" 0 %s \"%s\" \"-\" \"%s\" \"%s\" \"%s\" \"-\" \"-\" %s \"-\" \"-\" \"-\" -\n",
				w.Time.Add(25*time.Millisecond).Format("2006-01-02T15:04:05.000000Z"), lb, w.Client, 20000+n%30000, target, times, status, targetStatus, 120+len(url), 500+o.r.IntN(9000), method, url, agent,
				group, "Root="+w.RequestID, w.Time.Format("2006-01-02T15:04:05.000000Z"), actions, reason, list, listStatus, connection)
			if !seen[connection] {
				seen[connection] = true
				fmt.Fprintf(&connections, "%s %s %d 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.004 \"-\" - - - %s x25519\n", w.Time.Add(-time.Second).Format("2006-01-02T15:04:05.000000Z"), w.Client, 20000+n%30000, connection)
			}
			n++
		}
		day := lists[key][0].Time.Format("2006/01/02")
		name := fmt.Sprintf("111122223333_elasticloadbalancing_us-east-1_app.shop.50dc6c495c0c9188_%s_%s_%s.log.gz", key, balancer.public, record.Base62(o.r, 8))
		if err := o.file("alb", "AWSLogs/111122223333/elasticloadbalancing/us-east-1/"+day+"/"+name, requests.String(), n); err != nil {
			return err
		}
		if err := o.file("alb_connection", "AWSLogs/111122223333/elasticloadbalancing/us-east-1/"+day+"/conn_log_"+name, connections.String(), len(seen)); err != nil {
			return err
		}
	}
	var tls, classic strings.Builder
	for i, t := range every(at("11 09:00:00"), 20, 7*time.Minute) {
		fmt.Fprintf(&tls, "tls 2.0 %s net/partners/c6e77e28c25b2234 g3d4b5e8bb8464cd 192.0.2.%d:%d 10.0.3.31:443 %d 3 %d %d - arn:aws:acm:us-east-1:111122223333:certificate/2a10 - TLS_AES_128_GCM_SHA256 tlsv13 x25519 partners.example.com h2 h2 \"h2\",\"http/1.1\" %s\n",
			t.Format("2006-01-02T15:04:05"), 60+i%5, 41000+i, 900+i, 3000+i*7, 9000+i*11, t.Add(-time.Second).Format("2006-01-02T15:04:05"))
		fmt.Fprintf(&classic, "%s old-intranet 192.0.2.10:%d 10.9.0.4:80 0.000073 0.001048 0.000057 200 200 0 %d \"GET http://intranet.example.com:80/page/%d HTTP/1.1\" \"%s\" - -\n",
			t.Format("2006-01-02T15:04:05.000000Z"), 42000+i, 2000+i, i, macBrowser)
	}
	if err := o.file("nlb", "AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/03/11/111122223333_elasticloadbalancing_us-east-1_net.partners.c6e77e28c25b2234_20260311T1200Z_6f1e2d3c.log.gz", tls.String(), 20); err != nil {
		return err
	}
	return o.file("clb", "AWSLogs/111122223333/elasticloadbalancing/us-east-1/2026/03/11/111122223333_elasticloadbalancing_us-east-1_old-intranet_20260311T1200Z_192.0.2.205_4c8scnzy.log", classic.String(), 20)
}

// edge is CloudFront in front of the shop's pictures: the scanner tried it too.
func (o *others) edge() error {
	fields := strings.Fields("date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end")
	row := func(t time.Time, ip, path, status, result, agent string, i int) []string {
		return []string{t.Format("2006-01-02"), t.Format("15:04:05"), "IAD89-C1", fmt.Sprint(400 + i*13), ip, "GET", "d111111abcdef8.cloudfront.net", path, status, "-", strings.ReplaceAll(agent, " ", "%20"), "-", "-",
			result, record.Base64(o.r, 54) + "==", "static.example.com", "https", "87", "0.003", "-", "TLSv1.3", "TLS_AES_128_GCM_SHA256", result, "HTTP/2.0", "-", "-", fmt.Sprint(11000 + i), "0.003", result, "image/png", "300", "-", "-"}
	}
	var legacy, scan strings.Builder
	legacy.WriteString("#Version: 1.0\n#Fields: " + strings.Join(fields, " ") + "\n")
	for i, t := range every(at("10 12:10:00"), 40, 45*time.Second) {
		legacy.WriteString(strings.Join(row(t, fmt.Sprintf("192.0.2.%d", 100+i%9), fmt.Sprintf("/img/%d.png", i%12), "200", "Hit", macBrowser, i), "\t") + "\n")
	}
	for i, t := range every(at("10 12:50:00"), 30, 4*time.Second) {
		cells := row(t, intruderIP, []string{"/.git/config", "/.env", "/backup.zip", "/admin/", "/wp-login.php", "/server-status"}[i%6]+fmt.Sprint("?", i), "403", "Error", "Mozilla/5.0 (compatible; Nuclei)", i)
		v := map[string]string{"DistributionId": "E2EXAMPLE1ABC"}
		for k, name := range fields {
			v[name] = cells[k]
		}
		scan.WriteString(line(v))
	}
	if err := o.file("cloudfront", "cloudfront/E2EXAMPLE1ABC.2026-03-10-12.d740d76b.gz", legacy.String(), 40); err != nil {
		return err
	}
	return o.file("cloudfront", "AWSLogs/111122223333/CloudFront/E2EXAMPLE1ABC.2026-03-10-12.3f0a1b2c.gz", scan.String(), 30)
}

// group2 is group, in the order of time within each list.
func group2(list []record.Web, key func(record.Web) string) ([]string, map[string][]record.Web) {
	sorted := slices.Clone(list)
	slices.SortStableFunc(sorted, func(a, c record.Web) int { return a.Time.Compare(c.Time) })
	return group(sorted, key)
}

// fixedHex makes n hexadecimal digits out of a name.
func fixedHex(name string, n int) string {
	var out []byte
	for _, c := range []byte(fixed(name, n)) {
		out = append(out, "0123456789abcdef"[c&15])
	}
	return string(out)
}

// logEvents is a document of a CloudWatch Logs subscription.
func (o *others) logEvents(group, stream string, from time.Time, step time.Duration, messages []string) string {
	events := make([]m, len(messages))
	for i, text := range messages {
		t := from.Add(time.Duration(i) * step)
		events[i] = m{"id": fmt.Sprintf("38%012d%s%06d", t.Unix(), fixedDigits(group+stream, 30), i), "timestamp": t.UnixMilli(), "message": text}
	}
	return string(toJSON(map[string]any{"messageType": "DATA_MESSAGE", "owner": company, "logGroup": group, "logStream": stream, "subscriptionFilters": []string{"all"}, "logEvents": events}))
}

func fixedDigits(name string, n int) string {
	var out []byte
	for _, c := range []byte(fixed(name, n)) {
		out = append(out, '0'+c%10)
	}
	return string(out)
}

const controlMessage = `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1773140400000,"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}]}`

// members are gzip members one after another, as Firehose writes them.
func members(documents ...string) ([]byte, error) {
	var out bytes.Buffer
	for _, d := range documents {
		part, err := packed([]byte(d))
		if err != nil {
			return nil, err
		}
		out.Write(part)
	}
	return out.Bytes(), nil
}
