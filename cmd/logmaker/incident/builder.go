// Package incident writes the evidence of one made-up break-in at a small company:
// CloudTrail, VPC flow and WAF logs of three days, ordinary work and attack
// together, and the answers that hunts over it must give.
//
// In: nothing but a folder; the content is fixed. Out: the folder, and a list of
// findings and totals. The story stands in the story files, ordinary work in the
// background files, and how files are cut and laid out in files.go.
package incident

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sort"
	"strings"
	"time"

	"logquarry/cmd/logmaker/record"
)

// m is a JSON object; its keys are written in order.
type m = map[string]any

// actor is who calls, and from where.
type actor struct {
	name     string // as principal of a finding
	identity []byte
	account  string // whose trail records the call; empty: the company's
	ip       string
	agent    string
	console  bool
	endpoint string
}

// from is the actor at another address or with another program; empty keeps.
func (a actor) from(ip, agent string) actor {
	if ip != "" {
		a.ip = ip
	}
	if agent != "" {
		a.agent = agent
	}
	return a
}

// call is one API call to be recorded.
type call struct {
	api       string // service:Name
	region    string // empty: us-east-1
	request   any
	response  any
	extra     any
	resources []string // ARNs
	failed    string   // errorCode
	message   string
	kind      string // eventType
	category  string
}

// placed is an event with where it is delivered.
type placed struct {
	record.Event
	account string
}

// flow is a flow record of one of the flow logs.
type flow struct {
	record.Flow
	log string
}

type builder struct {
	r        *rand.Rand
	events   []placed
	flows    []flow
	webs     []record.Web
	findings []Finding
	near     []NearMiss
	times    map[string]time.Time // of every key a finding may name
}

func newBuilder() *builder {
	return &builder{r: rand.New(rand.NewPCG(0x10c6a77e, 2026)), times: map[string]time.Time{}}
}

// at reads a time of the incident, "11 03:04:05" being a day of March 2026.
func at(s string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-03-"+s)
	if err != nil {
		panic("incident: internal error: " + err.Error())
	}
	return t
}

func toJSON(v any) []byte {
	if v == nil {
		return nil
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("incident: internal error: " + err.Error())
	}
	return bytes.TrimSpace(b.Bytes())
}

// call records c made by a at t and gives its eventID.
func (b *builder) call(a actor, t time.Time, c call) string {
	service, name, _ := strings.Cut(c.api, ":")
	e := record.Event{Identity: a.identity, Time: t, Source: service, Name: name, Region: c.region, SourceIP: a.ip, UserAgent: a.agent,
		ErrorCode: c.failed, ErrorText: c.message, Request: toJSON(c.request), Response: toJSON(c.response), Additional: toJSON(c.extra),
		EventID: record.UUID(b.r), RequestID: record.UUID(b.r), ReadOnly: reads(name), Type: c.kind, Category: c.category,
		Recipient: a.account, FromConsole: a.console, VPCEndpoint: a.endpoint}
	if e.Region == "" {
		e.Region = home
	}
	if e.Recipient == "" {
		e.Recipient = company
	}
	if service == "s3" {
		e.RequestID = record.Base32(b.r, 16)
	}
	if c.failed != "" && c.message == "" && strings.Contains(c.failed, "AccessDenied") {
		e.ErrorText = fmt.Sprintf("User: %s is not authorized to perform: %s:%s because no identity-based policy allows the %s:%s action", a.name, service, name, service, name)
	}
	if c.kind == "AwsConsoleSignIn" {
		e.RequestID = ""
	}
	if !strings.HasSuffix(a.ip, ".amazonaws.com") {
		e.TLSHost = service + "." + e.Region + ".amazonaws.com"
	}
	var list []m
	for _, arn := range c.resources {
		list = append(list, m{"ARN": arn, "accountId": e.Recipient, "type": resourceType(arn)})
	}
	if list != nil {
		e.Resources = toJSON(list)
	}
	b.events = append(b.events, placed{e, e.Recipient})
	b.times[e.EventID] = t
	return e.EventID
}

func reads(name string) bool {
	for _, p := range []string{"Get", "List", "Describe", "Head", "Lookup", "Assume", "Decrypt", "Generate", "Scan", "Query", "CheckMfa"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

func resourceType(arn string) string {
	switch {
	case strings.HasPrefix(arn, "arn:aws:s3:::") && strings.Contains(arn, "/"):
		return "AWS::S3::Object"
	case strings.HasPrefix(arn, "arn:aws:s3:::"):
		return "AWS::S3::Bucket"
	case strings.Contains(arn, ":role/"):
		return "AWS::IAM::Role"
	case strings.Contains(arn, ":kms:"):
		return "AWS::KMS::Key"
	}
	return "AWS::Unknown"
}

// object records an S3 data event and gives its eventID.
func (b *builder) object(a actor, t time.Time, name, bucket, key string, size int64, failed string) string {
	extra := m{"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256", "AuthenticationMethod": "AuthHeader",
		"x-amz-id-2": record.Base64(b.r, 75) + "=", "bytesTransferredIn": 0, "bytesTransferredOut": size}
	if strings.HasPrefix(name, "Put") {
		extra["bytesTransferredIn"], extra["bytesTransferredOut"] = size, 0
	}
	if strings.Contains(string(a.identity), "ANONYMOUS") {
		delete(extra, "SignatureVersion")
		delete(extra, "AuthenticationMethod")
	}
	request := m{"bucketName": bucket, "Host": bucket + ".s3.us-east-1.amazonaws.com", "key": key}
	if name == "DeleteObjects" {
		request = m{"bucketName": bucket, "Host": bucket + ".s3.us-east-1.amazonaws.com", "delete": ""}
	}
	return b.call(a, t, call{api: "s3:" + name, category: "Data", failed: failed, extra: extra, request: request,
		resources: []string{"arn:aws:s3:::" + bucket + "/" + key, "arn:aws:s3:::" + bucket}})
}

// signIn records a console sign-in; outcome is Success or Failure.
func (b *builder) signIn(a actor, t time.Time, outcome, mfa string) string {
	c := call{api: "signin:ConsoleLogin", kind: "AwsConsoleSignIn", response: m{"ConsoleLogin": outcome},
		extra: m{"LoginTo": "https://console.aws.amazon.com/console/home", "MobileVersion": "No", "MFAUsed": mfa}}
	if outcome == "Failure" {
		c.message = "Failed authentication"
	}
	return b.call(a, t, c)
}

// flow records one direction of a conversation as seen by host h and gives its key.
func (b *builder) flow(h host, t time.Time, src, dst string, srcPort, dstPort uint16, protocol uint8, bytes int64, action string) string {
	f := flow{log: h.log, Flow: record.Flow{Account: company, Interface: h.eni, VPC: h.vpc, Subnet: h.subnet, Instance: h.instance, Region: h.region, Zone: h.zone,
		Src: netip.MustParseAddr(src), Dst: netip.MustParseAddr(dst), SrcPort: srcPort, DstPort: dstPort, Protocol: protocol,
		Packets: 1 + bytes/1200, Bytes: bytes, Start: t.Unix(), End: t.Unix() + 58, Action: action, TCPFlags: -1, Direction: "ingress"}}
	if src == h.private || src == h.v6 {
		f.Direction, f.Path = "egress", 8
		if strings.HasPrefix(dst, "10.") {
			f.Path = 1
		}
	}
	if protocol == 6 {
		if f.TCPFlags = 3; action == "REJECT" {
			f.TCPFlags = 2
		}
	}
	b.flows = append(b.flows, f)
	key := fmt.Sprintf("%d %s %s:%d>%s:%d", f.Start, h.eni, src, srcPort, dst, dstPort)
	b.times[key] = t
	return key
}

// both records the two directions of a conversation begun by src.
func (b *builder) both(h host, t time.Time, src, dst string, srcPort, dstPort uint16, there, back int64) []string {
	return []string{b.flow(h, t, src, dst, srcPort, dstPort, 6, there, "ACCEPT"), b.flow(h, t, dst, src, dstPort, srcPort, 6, back, "ACCEPT")}
}

// silent records an interval without data; status is NODATA or SKIPDATA.
func (b *builder) silent(h host, t time.Time, status string) string {
	b.flows = append(b.flows, flow{log: h.log, Flow: record.Flow{Account: company, Interface: h.eni, VPC: h.vpc, Subnet: h.subnet, Instance: h.instance,
		Region: h.region, Zone: h.zone, Start: t.Unix(), End: t.Unix() + 60, Status: status}})
	key := fmt.Sprintf("%d %s %s", t.Unix(), h.eni, status)
	b.times[key] = t
	return key
}

// web records a request to the shop and gives its request id.
func (b *builder) web(t time.Time, w record.Web) string {
	w.Time = t.Add(time.Duration(b.r.IntN(1000)) * time.Millisecond)
	w.WebACL, w.Balancer = shopACL, company+"-app/shop/50dc6c495c0c9188"
	w.RequestID = fmt.Sprintf("1-%08x-%s", t.Unix(), record.Hex(b.r, 24))
	w.Labels = append(w.Labels, "awswaf:clientip:geo:country:"+w.Country)
	b.webs = append(b.webs, w)
	b.times[w.RequestID] = w.Time
	return w.RequestID
}

// found notes that the records with these keys are a planted finding.
func (b *builder) found(hunt, principal, ip, target, says string, keys ...string) {
	f := Finding{Hunt: hunt, Principal: principal, SrcIP: ip, Target: target, Says: says, Count: len(keys)}
	sorted := append([]string(nil), keys...)
	sort.Slice(sorted, func(i, j int) bool { return b.times[sorted[i]].Before(b.times[sorted[j]]) })
	for _, k := range []string{sorted[0], sorted[len(sorted)-1]} {
		if b.times[k].IsZero() {
			panic("incident: internal error: no record with key " + k)
		}
	}
	f.First = b.times[sorted[0]].Format(time.RFC3339)
	f.Last = b.times[sorted[len(sorted)-1]].Format(time.RFC3339)
	f.Keys = sorted
	b.findings = append(b.findings, f)
}

// nearMiss notes ordinary work that a hunt must not take for an attack.
func (b *builder) nearMiss(hunt, who, says string) {
	b.near = append(b.near, NearMiss{Hunt: hunt, Who: who, Says: says})
}

// soon is up to limit seconds after t.
func (b *builder) soon(t time.Time, limit int) time.Time {
	return t.Add(time.Duration(b.r.IntN(limit)) * time.Second)
}

func all(lists ...[]string) []string {
	var sum []string
	for _, l := range lists {
		sum = append(sum, l...)
	}
	return sum
}
