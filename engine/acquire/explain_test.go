package acquire

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// refusal is an answer of S3.
type refusal struct {
	status        int
	code, message string
	region        string
}

// ask asks an S3 that answers so for an object, and explains what comes.
func ask(t *testing.T, r refusal, a Asked) *Error {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if r.region != "" {
			w.Header().Set("x-amz-bucket-region", r.region)
		}
		w.Header().Set("x-amz-request-id", "REQ1")
		w.WriteHeader(r.status)
		if r.code != "" {
			fmt.Fprintf(w, `<?xml version="1.0"?><Error><Code>%s</Code><Message>`, r.code)
			_ = xml.EscapeText(w, []byte(r.message))
			fmt.Fprint(w, `</Message><RequestId>REQ1</RequestId></Error>`)
		}
	}))
	defer server.Close()
	alone(t, "[default]\nregion = eu-west-1\n"+someKeys)
	cfg, err := (&Session{Endpoint: server.URL, Attempts: 1}).Config(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("example-logs"), Key: aws.String("a/b.gz")})
	var e *Error
	if !errors.As(Explain(err, a), &e) {
		t.Fatalf("%v", err)
	}
	return e
}

func TestExplain(t *testing.T) {
	get := Asked{What: "s3://example-logs/a/b.gz", Permission: "s3:GetObject", Resource: "arn:aws:s3:::example-logs/a/b.gz", Profile: "ir", Parallel: true}
	withKey := get
	withKey.SSEC = true
	const who = "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: "
	for _, c := range []struct {
		refusal
		asked                    Asked
		reason, hint, permission string
	}{
		{refusal{403, "AccessDenied", "Access Denied", ""}, get, "S3 denies access: no s3:GetObject", "allow s3:GetObject on arn:aws:s3:::example-logs/a/b.gz", "s3:GetObject"},
		{refusal{403, "AccessDenied", who + `s3:GetObjectVersion on resource: "arn:aws:s3:::example-logs/a/b.gz" because no identity-based policy allows the s3:GetObjectVersion action`, ""}, get,
			"S3 denies access: no s3:GetObjectVersion", "allow s3:GetObjectVersion on", "s3:GetObjectVersion"},
		{refusal{403, "AccessDenied", who + `s3:GetObject on resource: "arn:aws:s3:::example-logs/a/b.gz" with an explicit deny in a resource-based policy`, ""}, get,
			"S3 denies access: no s3:GetObject, by an explicit deny in a resource-based policy", "allow s3:GetObject", "s3:GetObject"},
		{refusal{403, "AccessDenied", "Access Denied", ""}, withKey, "S3 denies access: no s3:GetObject", "a wrong --sse-c-key is refused in the same words", "s3:GetObject"},
		{refusal{403, "AccessDenied", who + "kms:Decrypt on resource: arn:aws:kms:eu-west-1:111122223333:key/1111 because no resource-based policy allows the kms:Decrypt action", ""}, get,
			"S3 gives it, but KMS does not decrypt it: no kms:Decrypt on the KMS key arn:aws:kms:eu-west-1:111122223333:key/1111", "in its key policy too", "kms:Decrypt"},
		{refusal{403, "AccessDenied", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.", ""}, get,
			"S3 gives it, but KMS does not decrypt it: no kms:Decrypt on its KMS key", "allow kms:Decrypt", "kms:Decrypt"},
		{refusal{400, "KMS.DisabledException", "arn:aws:kms:eu-west-1:111122223333:key/1111 is disabled.", ""}, get, "KMS cannot use the key the object is encrypted with (DisabledException): arn", "describe-key", "kms:Decrypt"},
		{refusal{404, "NoSuchBucket", "The specified bucket does not exist", ""}, get, "there is no such bucket", "DeleteBucket", ""},
		{refusal{404, "NoSuchKey", "The specified key does not exist.", ""}, get, "there is no such object", "--all-versions", ""},
		{refusal{404, "NoSuchVersion", "no", ""}, get, "there is no such object", "--all-versions", ""},
		{refusal{301, "PermanentRedirect", "The bucket you are attempting to access must be addressed using the specified endpoint.", "eu-central-1"}, get, "the bucket is in the Region eu-central-1", "--region eu-central-1", ""},
		{refusal{400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'x' is wrong", ""}, get, "the bucket is in another Region", "get-bucket-location", ""},
		{refusal{400, "AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'eu-west-1' is wrong; expecting 'eu-south-2'", ""}, get, "the bucket is in the Region eu-south-2", "--region eu-south-2", ""},
		{refusal{400, "ExpiredToken", "The provided token has expired.", ""}, get, "the credentials have expired", "aws sso login --profile ir", ""},
		{refusal{403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", ""}, get, "the credentials are not valid (InvalidAccessKeyId)", "--profile", ""},
		{refusal{403, "SignatureDoesNotMatch", "no", ""}, get, "the signature does not match", "secret key", ""},
		{refusal{403, "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", ""}, get, "the clock of this machine differs", "set the clock", ""},
		{refusal{403, "InvalidObjectState", "The operation is not valid for the object's storage class", ""}, get, "it is archived in Glacier", "aws s3api restore-object --bucket example-logs --key 'a/b.gz'", ""},
		{refusal{400, "InvalidRequest", "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.", ""}, get, "it is encrypted with a key of the customer (SSE-C)", "--sse-c-key", ""},
		{refusal{400, "InvalidRequest", "Something else", ""}, get, "InvalidRequest: Something else", "", ""},
		{refusal{403, "LambdaPermissionError", "The caller is not authorized to invoke the Lambda function", ""}, get, "the Object Lambda function failed (LambdaPermissionError)", "not the evidence", ""},
		{refusal{503, "SlowDown", "Please reduce your request rate.", ""}, get, "S3 asked to slow down", "--parallel 8", ""},
		{refusal{412, "PreconditionFailed", "At least one of the preconditions you specified did not hold.", ""}, get, "it was changed while it was read", "", ""},
		{refusal{500, "InternalError", "We encountered\nan internal error.", ""}, get, "InternalError: We encountered an internal error.", "", ""},
	} {
		e := ask(t, c.refusal, c.asked)
		if !strings.HasPrefix(e.Error(), "s3://example-logs/a/b.gz: "+c.reason) || strings.Contains(e.Error(), "\n") {
			t.Errorf("%s: %s", c.code, e)
		}
		if !strings.Contains(e.Hint(), c.hint) || c.hint == "" && e.Hint() != "" || e.Permission != c.permission {
			t.Errorf("%s: hint %q, permission %q", c.code, e.Hint(), e.Permission)
		}
		ends := map[string]bool{"ExpiredToken": true, "InvalidAccessKeyId": true, "SignatureDoesNotMatch": true, "RequestTimeTooSkewed": true}[c.code]
		if e.Ends != ends || e.Code != c.code || e.Status != c.status || e.RequestID != "REQ1" || c.region != "" && e.Region != c.region {
			t.Errorf("%s: %+v", c.code, e)
		}
	}
}

func TestExplainWithoutAnswer(t *testing.T) {
	alone(t, "[default]\nregion = eu-west-1\n"+someKeys)
	get := func(endpoint string) error {
		cfg, err := (&Session{Endpoint: endpoint, Attempts: 1}).Config(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		_, err = s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
		return Explain(err, Asked{What: "s3://b/k"})
	}
	broken := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer broken.Close()
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // the refused handshake
	tls.StartTLS()
	defer tls.Close()
	for endpoint, want := range map[string]string{"http://127.0.0.1:1": "s3://b/k: no connection: dial tcp 127.0.0.1:1: ", broken.URL: "s3://b/k: the connection broke: EOF",
		tls.URL: "s3://b/k: the certificate of the host is signed by an authority"} {
		if err := get(endpoint); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	if Explain(nil, Asked{}) != nil {
		t.Error("nothing is an error")
	}
	if err := Explain(context.Canceled, Asked{}); err != context.Canceled {
		t.Errorf("ended: %v", err)
	}
	once := Explain(io.ErrUnexpectedEOF, Asked{})
	if err := Explain(fmt.Errorf("again: %w", once), Asked{What: "w"}); err.Error() != "w: unexpected EOF" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("explained twice: %v", err)
	}
	if got := restore("a listing"); strings.Contains(got, "--bucket") {
		t.Errorf("restored: %s", got)
	}
}
