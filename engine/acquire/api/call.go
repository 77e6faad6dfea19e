package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"logquarry/engine/acquire"
	"logquarry/engine/acquire/policy"
)

// service is how one is spoken to.
type service struct {
	name string // as it is told in errors
	id   string // in the SDK, for AWS_ENDPOINT_URL_…
	// target is what stands before the operation in X-Amz-Target; version is that
	// of a service with the Query protocol; one with neither has paths.
	target, version string
}

// services are those that are asked, by their names in endpoints. The targets and
// versions are those of their API references.
var services = map[string]service{
	"cloudtrail":  {"CloudTrail", "CloudTrail", "CloudTrail_20131101", ""},
	"logs":        {"CloudWatch Logs", "CloudWatch Logs", "Logs_20140328", ""},
	"config":      {"Config", "Config Service", "StarlingDoveService", ""},
	"guardduty":   {"GuardDuty", "GuardDuty", "", ""},
	"securityhub": {"Security Hub", "SecurityHub", "", ""},
	"ec2":         {"EC2", "EC2", "", "2016-11-15"},
	"sts":         {"STS", "STS", "", "2011-06-15"},
}

// call is one request to be made.
type call struct {
	op     policy.Operation
	region string
	in     map[string]any // the parameters: JSON, or by name those of a query
	method string         // of a service with paths
	path   string
}

// answer is what a service said to a call.
type answer struct {
	body      []byte // as it came
	requestID string
	at        time.Time
}

// maxAnswer is the longest answer that is taken, in bytes. A page has 10 MB at
// most, of CloudWatch Logs and of Security Hub less than 25.
const maxAnswer = 64 << 20

// ask makes a call, again where that may help. Its error is an *[acquire.Error].
//
// The services are spoken to by the SDK's own signing, retrying and credentials,
// but not by its clients: what a service answered is evidence, and is kept byte for
// byte.
func (f *Fetch) ask(ctx context.Context, c call) (answer, error) {
	out, err := f.send(ctx, c)
	if err == nil {
		return out, nil
	}
	if ctx.Err() != nil {
		return answer{}, context.Cause(ctx)
	}
	asked := acquire.Asked{What: services[c.op.Service].name + " " + c.op.Name, Profile: f.Session.Profile}
	if c.region != "" {
		asked.What += " in " + c.region
	}
	if len(c.op.Actions) > 0 {
		asked.Permission = c.op.Actions[0].Name
	}
	return answer{}, acquire.Explain(err, asked)
}

func (f *Fetch) send(ctx context.Context, c call) (answer, error) {
	cfg, err := f.Session.ConfigOr(ctx, c.region, "us-east-1")
	if err != nil {
		return answer{}, err
	}
	sv := services[c.op.Service]
	base, err := f.endpoint(ctx, cfg, c.op.Service)
	if err != nil {
		return answer{}, err
	}
	r := f.retryer(cfg, c)
	release := func(error) error { return nil } // of what a retry takes from the bucket of retries
	for attempt := 1; ; attempt++ {
		done, err := r.GetAttemptToken(ctx)
		if err != nil {
			return answer{}, err
		}
		got, err := f.once(ctx, cfg, c, sv, base)
		terr := errors.Join(release(err), done(err))
		if err == nil {
			return got, nil
		}
		err = &smithy.OperationError{ServiceID: sv.name, OperationName: c.op.Name, Err: err}
		if terr != nil || ctx.Err() != nil || attempt >= r.MaxAttempts() && r.MaxAttempts() > 0 {
			return answer{}, err
		}
		if f.corrected(err) {
			continue
		}
		if !r.IsErrorRetryable(err) {
			return answer{}, err
		}
		if release, terr = r.GetRetryToken(ctx, err); terr != nil {
			return answer{}, err
		}
		wait, derr := r.RetryDelay(attempt, err)
		if derr != nil {
			return answer{}, err
		}
		if perr := pause(ctx, wait); perr != nil {
			return answer{}, perr
		}
	}
}

// once makes a request once. A refusal is an *awshttp.ResponseError of a
// smithy.APIError.
func (f *Fetch) once(ctx context.Context, cfg aws.Config, c call, sv service, base string) (answer, error) {
	req, body, err := c.request(ctx, sv, base)
	if err != nil {
		return answer{}, err
	}
	who, err := cfg.Credentials.Retrieve(ctx)
	if err != nil {
		return answer{}, fmt.Errorf("credentials: %w", err)
	}
	hash := sha256.Sum256(body)
	at := time.Now().Add(time.Duration(f.skew.Load()))
	if err := v4.NewSigner().SignHTTP(ctx, who, req, hex.EncodeToString(hash[:]), c.op.Service, cfg.Region, at); err != nil {
		return answer{}, err
	}
	res, err := cfg.HTTPClient.Do(req)
	if err != nil {
		return answer{}, &smithyhttp.RequestSendError{Err: err}
	}
	defer res.Body.Close()
	got, err := read(res, f.now)
	if err == nil {
		got.requestID = requestID(res)
		return got, nil
	}
	return answer{}, &awshttp.ResponseError{RequestID: requestID(res), ResponseError: &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: res}, Err: err}}
}

func requestID(r *http.Response) string {
	if id := r.Header.Get("X-Amzn-Requestid"); id != "" {
		return id
	}
	return r.Header.Get("X-Amz-Request-Id")
}

// mostSkew is how far the clocks may differ before a signature is refused for it:
// AWS takes 5 minutes, or 15.
const mostSkew = 4 * time.Minute

// corrected reports whether a request was refused because the clock of this machine
// is wrong; then the next is signed by that of AWS.
func (f *Fetch) corrected(err error) bool {
	var refused *awshttp.ResponseError
	var api smithy.APIError
	if !errors.As(err, &refused) || !errors.As(err, &api) || !slices.Contains([]string{"InvalidSignatureException", "SignatureDoesNotMatch", "RequestExpired", "RequestTimeTooSkewed", "AuthFailure"}, api.ErrorCode()) {
		return false
	}
	theirs, err := http.ParseTime(refused.HTTPResponse().Header.Get("Date"))
	if err != nil {
		return false
	}
	skew := time.Until(theirs)
	if (skew - time.Duration(f.skew.Load())).Abs() < mostSkew {
		return false
	}
	f.skew.Store(int64(skew))
	return true
}

// retryer is one for all calls of a service in a Region: how fast it may be asked
// is learnt from what it refused.
func (f *Fetch) retryer(cfg aws.Config, c call) aws.RetryerV2 {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := c.op.Service + " " + c.op.Name + " " + cfg.Region
	r, ok := f.retryers[key]
	if !ok {
		if r, ok = cfg.Retryer().(aws.RetryerV2); !ok {
			panic("api: internal error: the session's retryer is of an old make")
		}
		if f.retryers == nil {
			f.retryers = map[string]aws.RetryerV2{}
		}
		f.retryers[key] = r
	}
	return r
}

// request makes the request of a call, and gives its body again to be signed.
func (c call) request(ctx context.Context, sv service, base string) (*http.Request, []byte, error) {
	u, err := url.Parse(base)
	if err != nil {
		return nil, nil, fmt.Errorf("endpoint of %s: %w", sv.name, err)
	}
	method, path, header := http.MethodPost, "/", http.Header{}
	var body []byte
	switch {
	case sv.target != "":
		header.Set("X-Amz-Target", sv.target+"."+c.op.Name)
		header.Set("Content-Type", "application/x-amz-json-1.1")
		body, err = json.Marshal(c.in)
	case sv.version != "":
		header.Set("Content-Type", "application/x-www-form-urlencoded")
		form := url.Values{"Action": {c.op.Name}, "Version": {sv.version}}
		for name, v := range c.in {
			form.Set(name, fmt.Sprint(v))
		}
		body = []byte(form.Encode())
	case c.method == http.MethodGet:
		method, path = c.method, c.path
		q := url.Values{}
		for name, v := range c.in {
			q.Set(name, fmt.Sprint(v))
		}
		u.RawQuery = q.Encode()
	default:
		path = c.path
		header.Set("Content-Type", "application/json")
		body, err = json.Marshal(c.in)
	}
	if err != nil {
		return nil, nil, err
	}
	u.Path = strings.TrimSuffix(u.Path, "/") + path
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	header.Set("Accept", "application/json, text/xml")
	header.Set("User-Agent", "logquarry aws-sdk-go-v2/"+aws.SDKVersion)
	req.Header = header
	return req, body, nil
}

// read reads an answer; a refusal is a smithy.APIError.
func read(r *http.Response, now func() time.Time) (answer, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxAnswer+1))
	switch {
	case err != nil:
		// A body that broke off is asked for again.
		return answer{}, &smithyhttp.RequestSendError{Err: err}
	case len(body) > maxAnswer:
		return answer{}, fmt.Errorf("the answer is longer than %d MiB", maxAnswer>>20)
	case r.StatusCode >= 200 && r.StatusCode < 300:
		return answer{body: body, at: now().UTC()}, nil
	}
	return answer{}, refusal(r, body)
}

// refusal is what an answer that is an error says, in JSON or XML.
func refusal(r *http.Response, body []byte) error {
	e := &smithy.GenericAPIError{Code: r.Header.Get("X-Amzn-ErrorType"), Fault: smithy.FaultClient}
	if r.StatusCode >= 500 {
		e.Fault = smithy.FaultServer
	}
	var j struct {
		Type    string `json:"__type"`
		Code    string `json:"code"`
		Message string `json:"message"` // or Message: names match in any case
	}
	var x struct {
		Code    string `xml:"Errors>Error>Code"` // of EC2
		Message string `xml:"Errors>Error>Message"`
		Error   struct {
			Code    string
			Message string
		}
	}
	switch {
	case json.Unmarshal(body, &j) == nil:
		if e.Message = j.Message; e.Code == "" {
			if e.Code = j.Type; e.Code == "" {
				e.Code = j.Code
			}
		}
	case xml.Unmarshal(body, &x) == nil:
		if e.Code, e.Message = x.Code, x.Message; e.Code == "" {
			e.Code, e.Message = x.Error.Code, x.Error.Message
		}
	}
	// com.amazonaws.x#Code, Code:http://…
	e.Code = e.Code[strings.LastIndexByte(e.Code, '#')+1:]
	e.Code, _, _ = strings.Cut(e.Code, ":")
	if e.Code == "" {
		e.Code, e.Message = fmt.Sprint("HTTP", r.StatusCode), "no answer of the service itself, but "+r.Status
	}
	return e
}

// endpoint is where a service is asked: where the session or the configuration
// says, else its own host in the Region.
func (f *Fetch) endpoint(ctx context.Context, cfg aws.Config, name string) (string, error) {
	if f.Session.Endpoint != "" {
		return f.Session.Endpoint, nil
	}
	fips := false
	for _, source := range cfg.ConfigSources {
		if s, ok := source.(interface {
			GetServiceBaseEndpoint(context.Context, string) (string, bool, error)
		}); ok {
			if at, found, err := s.GetServiceBaseEndpoint(ctx, services[name].id); err != nil || found {
				return at, err
			}
		}
		if s, ok := source.(interface {
			GetUseFIPSEndpoint(context.Context) (aws.FIPSEndpointState, bool, error)
		}); ok && !fips {
			state, found, err := s.GetUseFIPSEndpoint(ctx)
			if err != nil {
				return "", err
			}
			fips = found && state == aws.FIPSEndpointStateEnabled
		}
	}
	if cfg.BaseEndpoint != nil {
		return *cfg.BaseEndpoint, nil
	}
	return "https://" + host(name, cfg.Region, fips), nil
}

// host is a service's in a Region. In GovCloud the usual hosts are those with
// FIPS, but of Security Hub. AWS General Reference, "Service endpoints".
func host(name, region string, fips bool) string {
	partition := policy.Partition(region)
	if fips && (partition != "aws-us-gov" || name == "securityhub") {
		name += "-fips"
	}
	suffix := map[string]string{
		"aws": "amazonaws.com", "aws-cn": "amazonaws.com.cn", "aws-us-gov": "amazonaws.com", "aws-iso": "c2s.ic.gov",
		"aws-iso-b": "sc2s.sgov.gov", "aws-iso-e": "cloud.adc-e.uk", "aws-iso-f": "csp.hci.ic.gov", "aws-eusc": "amazonaws.eu",
	}[partition]
	return name + "." + region + "." + suffix
}
