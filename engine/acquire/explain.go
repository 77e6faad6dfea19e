package acquire

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/ssocreds"
	"github.com/aws/smithy-go"
)

// Error is a refusal or failure of AWS, in one line and with advice.
type Error struct {
	What   string // that was asked for, such as s3://bucket/key; may be empty
	Reason string
	Advice string // what to do; may be empty
	// Permission is the IAM action that is missing, such as kms:Decrypt; empty:
	// nothing says that one is.
	Permission string
	Code       string // the service's, such as AccessDenied; empty: it gave none
	Status     int    // of HTTP; 0: there was no answer
	RequestID  string
	// Region is where the bucket is, of an answer that says that it is elsewhere.
	Region string
	// Ends says that no other request of the session would fare better.
	Ends bool
	Err  error // what the SDK said; nil: nothing
}

func (e *Error) Error() string {
	if e.What == "" {
		return e.Reason
	}
	return e.What + ": " + e.Reason
}

func (e *Error) Unwrap() error { return e.Err }

// Hint is the advice, for a line of its own.
func (e *Error) Hint() string { return e.Advice }

// Asked says what a request was about, to explain why it failed.
type Asked struct {
	What       string // as [Error] has it
	Permission string // the IAM action it needs, such as s3:GetObject
	Resource   string // the ARN it needs it on
	Profile    string // of the session
	Parallel   bool   // whether --parallel bounds how many there are at a time
	SSEC       bool   // whether a key of the customer's went with it
}

// Explain makes an *[Error] of what the SDK said. An error that is one already
// keeps what it says; the cause of a context that ended stays as it is, and so
// does nil.
func Explain(err error, a Asked) error {
	var known *Error
	switch {
	case err == nil, errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &known):
		e := *known
		if e.What == "" {
			e.What = a.What
		}
		return &e
	}
	e := &Error{What: a.What, Err: err}
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) {
		e.Status, e.RequestID = answer.HTTPStatusCode(), answer.ServiceRequestID()
		if h := answer.HTTPResponse(); h != nil {
			e.Region = h.Header.Get("X-Amz-Bucket-Region")
		}
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		e.Code = api.ErrorCode()
		e.explainCode(api.ErrorMessage(), a, innermost(err))
		return e
	}
	e.explainOther(a, innermost(err))
	return e
}

// innermost is the operation that failed: getting credentials is one within
// another.
func innermost(err error) (op *smithy.OperationError) {
	for {
		var next *smithy.OperationError
		if !errors.As(err, &next) {
			return op
		}
		op, err = next, next.Err
	}
}

// kmsDenial is how S3 passes on that KMS refused: it gives the code AccessDenied
// for both, and only its words tell them apart. S3 User Guide, "Troubleshoot
// access denied errors"; the second is what it said before it named the action.
var kmsDenial = regexp.MustCompile(`\bkms:[A-Za-z]+|ciphertext refers to a customer master key`)

// deniedAction is the action that a refusal names, and whether a policy says no
// rather than none yes.
var (
	deniedAction = regexp.MustCompile(`not authorized to perform: ([a-z0-9-]+:[A-Za-z*]+)`)
	explicitDeny = regexp.MustCompile(`with an explicit deny in (?:an? |the )?([a-z -]+? (?:policy|boundary))`)
	// expecting is the Region that S3 names in its words alone, with
	// AuthorizationHeaderMalformed.
	expecting  = regexp.MustCompile(`expecting ['"]([a-z0-9-]+)['"]`)
	onResource = regexp.MustCompile(`on resource: "?([^" ]+)`)
)

func (e *Error) explainCode(message string, a Asked, op *smithy.OperationError) {
	service := "AWS"
	if op != nil {
		service = op.Service()
	}
	code := e.Code
	switch {
	case op != nil && (op.Service() == "SSO OIDC" || op.Service() == "SSO" && code == "UnauthorizedException"):
		// The token that is kept is too old, or was taken back.
		e.Ends = true
		e.Reason, e.Advice = "the SSO session has expired or was never begun", login(a.Profile)
	case op != nil && op.Service() == "STS" && denied(code):
		e.Permission = "sts:" + op.Operation()
		e.Ends = true
		e.Reason = "the role or session was refused: " + oneLine(message)
		e.Advice = "the caller needs " + e.Permission + ", and the role must trust it: look at --external-id, --mfa-serial and the role's trust policy"
	case expired[code]:
		e.Ends = true
		e.Reason = "the credentials have expired"
		e.Advice = login(a.Profile)
	case unknownKey[code]:
		e.Ends = true
		e.Reason = "the credentials are not valid (" + code + ")"
		e.Advice = "check --profile and the AWS_… variables of the environment; a key that was deactivated or deleted looks the same"
	case code == "SignatureDoesNotMatch":
		e.Ends = true
		e.Reason = "the signature does not match: the secret key is not the one of the access key"
		e.Advice = "check the secret key, and with an endpoint of your own --region"
	case code == "RequestTimeTooSkewed" || code == "RequestExpired" || code == "InvalidSignatureException" && strings.Contains(message, "Signature expired"):
		e.Ends = true
		e.Reason = "the clock of this machine differs from that of AWS by more than 15 minutes"
		e.Advice = "set the clock, such as with timedatectl set-ntp true"
	case code == "PermanentRedirect" || code == "AuthorizationHeaderMalformed" || code == "IllegalLocationConstraintException" || e.Status == http.StatusMovedPermanently:
		e.Reason = "the bucket is in another Region"
		if m := expecting.FindStringSubmatch(message); m != nil && e.Region == "" {
			e.Region = m[1]
		}
		if e.Region != "" {
			e.Reason = "the bucket is in the Region " + e.Region
			e.Advice = "--region " + e.Region
		} else {
			e.Advice = "--region REGION: aws s3api get-bucket-location tells it"
		}
	case code == "NoSuchBucket":
		e.Reason = "there is no such bucket"
		e.Advice = "check the name; it may have been deleted, which CloudTrail has as DeleteBucket"
	case code == "NoSuchKey" || code == "NoSuchVersion" || (code == "NotFound" && e.Status == http.StatusNotFound):
		e.Reason = "there is no such object"
		e.Advice = "it may have been deleted since it was listed: --all-versions fetches what versioning kept"
	case code == "PreconditionFailed":
		e.Reason = "it was changed while it was read"
	case code == "InvalidObjectState":
		e.Reason = "it is archived in Glacier and has to be restored first"
		e.Advice = restore(a.What)
	case code == "InvalidRequest" && strings.Contains(message, "Server Side Encryption"), code == "BadRequest" && a.Permission == "s3:GetObject" && !a.SSEC:
		// S3 has no code of its own for an object whose key the customer keeps.
		e.Reason = "it is encrypted with a key of the customer (SSE-C), which S3 does not keep"
		e.Advice = "--sse-c-key FILE gives the key"
	case strings.HasPrefix(code, "Lambda"):
		e.Reason = "the Object Lambda function failed (" + code + "): " + oneLine(message)
		e.Advice = "fetch from the bucket or access point behind it: what a function answers is not the evidence"
	case strings.HasPrefix(code, "KMS."):
		e.Permission = "kms:Decrypt"
		e.Reason = "KMS cannot use the key the object is encrypted with (" + strings.TrimPrefix(code, "KMS.") + "): " + oneLine(message)
		e.Advice = "the key may be disabled or about to be deleted: aws kms describe-key; CloudTrail has it as DisableKey or ScheduleKeyDeletion"
	case denied(code) && kmsDenial.MatchString(message):
		e.kmsDenied(message)
	case denied(code):
		e.denied(message, a, service)
	case code == "SlowDown" || code == "ServiceUnavailable" || strings.Contains(code, "Throttl") || code == "TooManyRequestsException":
		e.Reason = service + " asked to slow down, also when asked again (" + code + ")"
		if a.Parallel {
			e.Advice = "--parallel 8 asks for less at a time; what is there is not fetched again"
		}
	default:
		e.Reason = strings.TrimSuffix(code+": "+oneLine(message), ": ")
	}
}

func (e *Error) kmsDenied(message string) {
	e.Permission = "kms:Decrypt"
	if m := deniedAction.FindStringSubmatch(message); m != nil {
		e.Permission = m[1]
	}
	key := "its KMS key"
	if m := onResource.FindStringSubmatch(message); m != nil {
		key = "the KMS key " + m[1]
	}
	e.Reason = "S3 gives it, but KMS does not decrypt it: no " + e.Permission + " on " + key
	e.Advice = "allow " + e.Permission + " on the key, in its key policy too where it is of another account"
}

func (e *Error) denied(message string, a Asked, service string) {
	e.Permission = a.Permission
	if m := deniedAction.FindStringSubmatch(message); m != nil {
		e.Permission = m[1]
	}
	e.Reason = service + " denies access"
	if e.Permission != "" {
		e.Reason += ": no " + e.Permission
	}
	if m := explicitDeny.FindStringSubmatch(message); m != nil {
		e.Reason += ", by an explicit deny in a " + m[1]
	}
	if e.Permission == "" {
		return
	}
	e.Advice = "allow " + e.Permission
	if a.Resource != "" {
		e.Advice += " on " + a.Resource
	}
	if a.SSEC {
		e.Advice += "; a wrong --sse-c-key is refused in the same words"
	}
}

func denied(code string) bool {
	switch code {
	case "AccessDenied", "AccessDeniedException", "Forbidden", "UnauthorizedOperation", "AuthorizationError", "AllAccessDisabled", "AuthorizationErrorException":
		return true
	}
	return false
}

var (
	expired = map[string]bool{"ExpiredToken": true, "ExpiredTokenException": true, "TokenRefreshRequired": true}
	// unknownKey are the codes of S3, of STS and of the services with JSON.
	unknownKey = map[string]bool{"InvalidAccessKeyId": true, "InvalidClientTokenId": true, "UnrecognizedClientException": true, "InvalidToken": true, "IncompleteSignature": true}
)

func (e *Error) explainOther(a Asked, op *smithy.OperationError) {
	err := e.Err
	var sso *ssocreds.InvalidTokenError
	var file *fs.PathError
	var profile config.SharedConfigProfileNotExistError
	var noARN config.CredentialRequiresARNError
	var role config.SharedConfigAssumeRoleError
	var dns *net.DNSError
	var dial *net.OpError
	var address *url.Error
	var authority x509.UnknownAuthorityError
	e.Ends = true
	switch {
	case errors.As(err, &sso), errors.As(err, &file) && strings.Contains(filepath.ToSlash(file.Path), "/.aws/sso/cache/"):
		e.Reason, e.Advice = "the SSO session has expired or was never begun", login(a.Profile)
	case errors.As(err, &profile):
		e.Reason, e.Advice = "there is no profile "+profile.Profile, "aws configure list-profiles names those there are"
	case errors.As(err, &noARN), errors.As(err, &role):
		e.Reason, e.Advice = oneLine(err.Error()), "look at the profile in ~/.aws/config"
	case errors.As(err, &config.AssumeRoleTokenProviderNotSetError{}):
		e.Reason, e.Advice = "the profile wants the token of an MFA device", "--mfa-token DIGITS gives it"
	case op != nil && op.Service() == "ec2imds":
		e.Reason = "there are no credentials: not in the environment, the profile or the role of the machine"
		e.Advice = "aws configure or aws sso login makes some, --profile NAME takes them"
	case errors.As(err, &dns):
		e.Reason = "the host " + dns.Name + " is not known here"
		e.Advice = "check the network, --region and --endpoint-url; where bucket names cannot be host names, --path-style"
	case errors.As(err, &authority):
		e.Reason = "the certificate of the host is signed by an authority that is not known here"
		e.Advice = "AWS_CA_BUNDLE=FILE names that of a proxy"
	case errors.As(err, &dial) && dial.Op == "dial":
		e.Reason = "no connection: " + oneLine(dial.Error())
		e.Advice = "check the network, the proxy and --endpoint-url"
	case errors.As(err, &address):
		e.Ends = false
		e.Reason = "the connection broke: " + oneLine(address.Err.Error())
	case op != nil:
		e.Ends = false
		e.Reason = oneLine(op.Err.Error())
	default:
		e.Ends = false
		e.Reason = oneLine(err.Error())
	}
}

func login(profile string) string {
	if profile == "" {
		return "get new ones, such as with aws sso login, and run the same command again: it goes on where it was"
	}
	return fmt.Sprintf("aws sso login --profile %s, or new keys; then run the same command again: it goes on where it was", profile)
}

// restore is the command that brings an object back from Glacier.
func restore(what string) string {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(what, "s3://"), "/")
	if !ok {
		return "aws s3api restore-object, and fetch again once it is done"
	}
	return fmt.Sprintf("aws s3api restore-object --bucket %s --key '%s' --restore-request Days=7, and fetch again once it is done", bucket, strings.ReplaceAll(key, "'", `'\''`))
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
