package corpus

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"logquarry/cmd/logmaker/logfile"
	"logquarry/cmd/logmaker/record"
)

const (
	kindTrail = iota + 1
	kindTiny
	kindBig
	kindFlow
	kindWAF
	kindWorld
	kindLines
	kindMany
)

// principal is a caller as it stands in the records of one file.
type principal struct {
	identity []byte
	ip       string
	agent    string
	endpoint string // vpcEndpointId
	console  bool
}

// trail makes CloudTrail events; it is read-only once made.
type trail struct {
	choose chooser
	calls  []compiled
	places map[string]*place // by account and region
}

type compiled struct {
	call
	request, response, resource, extra template
	errors                             []string
}

func newTrail() *trail {
	t := &trail{places: map[string]*place{}}
	var weights []int
	for _, c := range calls {
		weights = append(weights, c.weight)
		t.calls = append(t.calls, compiled{c, parse(c.request), parse(c.response), parse(c.resource), parse(c.extra), strings.Fields(c.errors)})
	}
	t.choose = newChooser(weights)
	for i, a := range accounts {
		for j, r := range regions {
			t.places[a+r] = newPlace(source(kindWorld, uint64(i*100+j)), a, r)
		}
	}
	return t
}

// errorShare is the part of calls that fail, per thousand, of those that may.
const errorShare = 80

// records appends {"Records":[…]} with n events of the five minutes before delivered.
func (t *trail) records(b []byte, r *rand.Rand, account, region string, delivered time.Time, n int) []byte {
	b = append(b, `{"Records":[`...)
	b = t.events(b, r, account, region, delivered, n)
	return append(b, "]}"...)
}

func (t *trail) events(b []byte, r *rand.Rand, account, region string, delivered time.Time, n int) []byte {
	f := newFiller(r, account, region, t.places[account+region])
	who := newPrincipals(f, delivered, min(30, 3+n/12))
	var e record.Event
	var scratch [4][]byte
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		f.begin(delivered.Add(-time.Duration(30+r.IntN(300)) * time.Second))
		c := &t.calls[t.choose.pick(r)]
		for k, tmpl := range []template{c.request, c.response, c.resource, c.extra} {
			scratch[k] = f.append(scratch[k][:0], tmpl)
		}
		e = record.Event{Time: f.now, Source: c.source, Name: c.name, Region: region, Recipient: account, APIVersion: apiVersions[c.source],
			Request: scratch[0], Response: scratch[1], Resources: scratch[2], Additional: scratch[3],
			ReadOnly: strings.Contains(c.flags, "r"), EventID: record.UUID(r), RequestID: f.requestID(c.source)}
		if strings.Contains(c.flags, "d") {
			e.Category = "Data"
		}
		t.caller(&e, f, c, who)
		if len(c.errors) > 0 && e.Type == "" && r.IntN(1000) < errorShare {
			e.ErrorCode = c.errors[skew(r, len(c.errors))]
			e.ErrorText = errorText(&e, f)
			e.Response = nil
		}
		b = e.Append(b)
	}
	return b
}

// apiVersions are those of the services that put one into their records.
var apiVersions = map[string]string{"cloudtrail": "2013-11-01", "lambda": "2015-03-31", "logs": "20140328", "monitoring": "2010-08-01",
	"dynamodb": "2012-08-10", "elasticloadbalancing": "2015-12-01", "route53": "2013-04-01", "tagging": "2017-01-26"}

func (f *filler) requestID(service string) string {
	switch service {
	case "s3":
		return record.Base32(f.r, 16)
	case "dynamodb", "route53":
		return record.Base32(f.r, 52)
	}
	// A template that names the request id got the same one.
	if id := f.value("requestid"); id != "" {
		return id
	}
	return record.UUID(f.r)
}

func (t *trail) caller(e *record.Event, f *filler, c *compiled, who []principal) {
	r := f.r
	service := c.caller
	switch c.caller {
	case "":
		p := &who[skew(r, len(who))]
		e.Identity, e.SourceIP, e.UserAgent, e.VPCEndpoint, e.FromConsole = p.identity, p.ip, p.agent, p.endpoint, p.console
		e.TLSHost = host(e, f)
		if r.IntN(20) == 0 {
			e.TLSVersion = "TLSv1.2"
		}
		return
	case "console":
		user := f.pick(userNames)
		e.Identity = record.UserIdentity(f.account, "AIDAEXAMPLE"+record.Base32(r, 10), user, "", nil)
		e.SourceIP, e.UserAgent, e.Type = f.publicIP(), agents[5], "AwsConsoleSignIn"
		e.TLSHost, e.RequestID = "signin.aws.amazon.com", ""
		return
	case "saml":
		e.Identity = []byte(`{"type":"SAMLUser","principalId":"` + record.Base64(r, 27) + `=:` + f.pick(userNames) + `@example.com","userName":"` +
			f.pick(userNames) + `@example.com","identityProvider":"` + record.Base64(r, 27) + `="}`)
		e.SourceIP, e.UserAgent = f.publicIP(), "aws-internal/3 aws-sdk-java/1.12.780 Linux/5.10.234 OpenJDK_64-Bit_Server_VM/25.442-b06"
		return
	case "oidc":
		repo := "example-org/" + f.pick(clusterNames)
		e.Identity = []byte(`{"type":"WebIdentityUser","principalId":"arn:aws:iam::` + f.account + `:oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:repo:` +
			repo + `:ref:refs/heads/main","userName":"repo:` + repo + `:ref:refs/heads/main","identityProvider":"arn:aws:iam::` + f.account +
			`:oidc-provider/token.actions.githubusercontent.com"}`)
		e.SourceIP, e.UserAgent, e.TLSHost = f.publicIP(), agents[f.r.IntN(3)], "sts."+f.region+".amazonaws.com"
		return
	case "anonymous":
		e.Identity = []byte(`{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}`)
		e.SourceIP, e.UserAgent, e.TLSHost = f.publicIP(), "["+agents[5]+"]", host(e, f)
		return
	case "foreign":
		e.Identity = []byte(`{"type":"AWSAccount","principalId":"AIDAEXAMPLE` + record.Base32(r, 10) + `","accountId":"888899990000"}`)
		e.SourceIP, e.UserAgent, e.SharedID = f.publicIP(), agents[r.IntN(3)], record.UUID(r)
		e.TLSHost = host(e, f)
		return
	case "event":
		e.Identity = []byte(`{"accountId":"` + f.account + `","invokedBy":"` + c.source + `.amazonaws.com"}`)
		e.SourceIP, e.UserAgent, e.Type, e.RequestID = c.source+".amazonaws.com", c.source+".amazonaws.com", "AwsServiceEvent", ""
		e.Service = []byte(`{"keyId":"` + f.pick(f.place.keys) + `","state":"COMPLETED"}`)
		return
	case "$service":
		service = f.pick(services)
	}
	e.Identity, e.SourceIP, e.UserAgent, e.SharedID = record.ServiceIdentity(service), service, service, record.UUID(r)
}

func host(e *record.Event, f *filler) string {
	switch e.Source {
	case "iam", "organizations", "route53", "health":
		return e.Source + ".amazonaws.com"
	case "s3":
		if bucket := f.value("bucket"); bucket != "" {
			return bucket + ".s3." + f.region + ".amazonaws.com"
		}
	}
	return e.Source + "." + f.region + ".amazonaws.com"
}

func errorText(e *record.Event, f *filler) string {
	name := e.Source + ":" + e.Name
	switch {
	case e.Source == "ec2" && strings.HasSuffix(e.ErrorCode, "UnauthorizedOperation"):
		return "You are not authorized to perform this operation. User: arn:aws:sts::" + f.account + ":assumed-role/app-web/" +
			f.pick(f.place.instances) + " is not authorized to perform: " + name + " because no identity-based policy allows the " + name + " action"
	case strings.HasPrefix(e.ErrorCode, "AccessDenied"):
		return "User: arn:aws:sts::" + f.account + ":assumed-role/" + f.pick(roleNames) + "/session is not authorized to perform: " + name +
			" on resource: * because no identity-based policy allows the " + name + " action"
	case strings.Contains(e.ErrorCode, "hrottl"), strings.HasSuffix(e.ErrorCode, "LimitExceeded"):
		return "Rate exceeded"
	case strings.Contains(e.ErrorCode, "NoSuch"), strings.Contains(e.ErrorCode, "NotFound"):
		return "The specified resource does not exist."
	case e.ErrorCode == "ResourceAlreadyExistsException":
		return "The specified log stream already exists"
	}
	return "The request is not valid: " + e.ErrorCode
}

func (f *filler) publicIP() string {
	if f.r.IntN(25) == 0 {
		return "2001:db8:" + record.Hex(f.r, 4) + "::" + strconv.FormatInt(1+f.r.Int64N(999), 16)
	}
	return publicNets[f.r.IntN(len(publicNets))] + strconv.Itoa(1+f.r.IntN(254))
}

// newPrincipals makes the callers of one file: few, as in any five minutes of an account.
func newPrincipals(f *filler, delivered time.Time, n int) []principal {
	r := f.r
	list := make([]principal, n)
	for i := range list {
		p := &list[i]
		p.agent, p.ip = agents[skew(r, len(agents))], f.publicIP()
		s := record.Session{Created: delivered.Add(-time.Duration(5+r.IntN(3000)) * time.Second)}
		role := f.pick(roleNames)
		key := "ASIAEXAMPLE" + record.Base32(r, 9)
		switch x := r.IntN(100); {
		case x < 34: // an instance
			instance := f.pick(f.place.instances)
			s.IMDS = true
			p.identity = record.RoleIdentity(f.account, roleID(role), role, instance, key, "", s)
			if p.ip = fmt.Sprintf("10.0.%d.%d", r.IntN(16), 1+r.IntN(254)); r.IntN(2) == 0 {
				p.endpoint = "vpce-0" + record.Hex(r, 16)
			}
		case x < 58: // a function or task
			p.identity = record.RoleIdentity(f.account, roleID(role), role, f.pick(functionNames), key, "", s)
		case x < 74: // a person through single sign-on
			s.MFA, s.Identity = true, f.pick(userNames)
			role = "aws-reserved/sso.amazonaws.com/" + roleNames[9+r.IntN(2)]
			p.identity = record.RoleIdentity(f.account, roleID(role), role, s.Identity+"@example.com", key, "", s)
			if r.IntN(2) == 0 {
				p.console, p.agent = true, agents[5]
			}
		case x < 86: // a service on behalf of a role
			service := f.pick(services)
			p.identity = record.RoleIdentity(f.account, roleID(role), role, f.pick(functionNames), "", service, s)
			p.ip, p.agent = service, service
		case x < 97: // a long-term key
			user := f.pick(userNames)
			p.identity = record.UserIdentity(f.account, "AIDAEXAMPLE"+pad(user, 10), user, "AKIAEXAMPLE"+pad(user, 9), nil)
		case x < 98:
			p.identity = record.RootIdentity(f.account, key, &s)
			p.console, p.agent = true, agents[5]
		case x < 99:
			p.identity = []byte(`{"type":"IdentityCenterUser","accountId":"` + f.account + `","onBehalfOf":{"userId":"` + record.UUID(r) +
				`","identityStoreArn":"arn:aws:identitystore::` + f.account + `:identitystore/d-9067example"},"credentialId":"` + record.Base64(r, 43) + `"}`)
		default:
			p.identity = []byte(`{"type":"FederatedUser","principalId":"` + f.account + `:` + f.pick(userNames) + `","arn":"arn:aws:sts::` + f.account +
				`:federated-user/` + f.pick(userNames) + `","accountId":"` + f.account + `","accessKeyId":"` + key +
				`","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAEXAMPLEFEDERATION1","arn":"arn:aws:iam::` + f.account +
				`:user/broker","accountId":"` + f.account + `","userName":"broker"},"attributes":{"creationDate":"` + s.Created.Format(time.RFC3339) +
				`","mfaAuthenticated":"false"}}}`)
		}
	}
	return list
}

func roleID(role string) string { return "AROAEXAMPLE" + pad(role, 10) }

// pad makes n characters of an id out of a name, the same each time.
func pad(name string, n int) string { return record.Base32(rand.New(rand.NewPCG(hash(name), 0)), n) }

// hash is FNV-1a.
func hash(name string) uint64 {
	var h uint64 = 1469598103934665603
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 1099511628211
	}
	return h
}

// trailFile is the plan of one file.
type trailFile struct {
	account, region string
	delivered       time.Time
	events          int
}

// CloudTrail writes 400,000 × scale events in files of 400 to 1,000.
func CloudTrail(dir string, scale float64) (logfile.Totals, error) {
	return writeTrail(dir, kindTrail, int(400_000*scale), 400, 1000, 5)
}

// Tiny writes 20,000 × scale files of one to five events.
func Tiny(dir string, scale float64) (logfile.Totals, error) {
	// The average file holds three.
	return writeTrail(dir, kindTiny, int(60_000*scale), 1, 5, 288*5)
}

// Many writes 20,000 × scale files of one to 39 events: many small files, but no
// smaller than trails deliver.
func Many(dir string, scale float64) (logfile.Totals, error) {
	// The average file holds twenty.
	return writeTrail(dir, kindMany, int(400_000*scale), 1, 39, 288*5)
}

// writeTrail plans files of low to high events until there are total of them;
// perDay is how many files one account and region delivers a day, a fifth of it
// where it is rarely used.
func writeTrail(dir string, kind uint64, total, low, high, perDay int) (logfile.Totals, error) {
	plan := planTrail(source(kindWorld, kind<<32), total, low, high, perDay)
	t := newTrail()
	return logfile.WriteAll(dir, len(plan), func(i int, buf []byte) logfile.Plain {
		r, f := source(kind, uint64(i)), plan[i]
		key := logfile.TrailKey("", f.account, "CloudTrail", f.region, f.delivered, record.Base62(r, 16))
		return logfile.Plain{Key: key, Data: t.records(buf, r, f.account, f.region, f.delivered, f.events), Records: f.events}
	})
}

func planTrail(r *rand.Rand, total, low, high, perDay int) []trailFile {
	account, region := newChooser([]int{50, 25, 15, 10}), newChooser([]int{46, 22, 14, 10, 8})
	step := 24 * time.Hour / time.Duration(perDay*len(accounts)*len(regions))
	var plan []trailFile
	for at := start; total > 0; at = at.Add(step) {
		n := min(total, low+r.IntN(high-low+1))
		plan = append(plan, trailFile{accounts[account.pick(r)], regions[region.pick(r)], at.Truncate(time.Minute), n})
		total -= n
	}
	return plan
}

// Big writes one plain file of about size bytes: {"Records":[…]} on one line.
func Big(dir string, size int64) (sum logfile.Totals, err error) {
	const block = 1000 // events made at a time
	account, region := accounts[0], regions[0]
	path := filepath.Join(dir, filepath.FromSlash(strings.TrimSuffix(
		logfile.TrailKey("", account, "CloudTrail", region, start.Add(24*time.Hour), record.Base62(source(kindBig, 0), 16)), ".gz")))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return sum, err
	}
	file, err := os.Create(path)
	if err != nil {
		return sum, err
	}
	defer func() {
		if cerr := file.Close(); err == nil {
			err = cerr
		}
	}()
	out := bufio.NewWriterSize(file, 1<<20)
	write := func(p []byte) {
		// bufio keeps the first error and gives it at Flush.
		n, _ := out.Write(p)
		sum.PlainBytes += int64(n)
	}
	t := newTrail()
	write([]byte(`{"Records":[`))
	var buf []byte
	for i := uint64(1); sum.PlainBytes < size; i++ {
		if i > 1 {
			write([]byte{','})
		}
		buf = t.events(buf[:0], source(kindBig, i), account, region, start.Add(time.Duration(i)*time.Minute), block)
		write(buf)
		sum.Records += block
	}
	write([]byte("]}"))
	sum.Files, sum.Bytes = 1, sum.PlainBytes
	return sum, out.Flush()
}
