package acquire

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/google/go-cmp/cmp"
)

// alone makes the environment say nothing but what the test wants.
func alone(t *testing.T, files string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(path, []byte(files), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HOME", t.TempDir()) // where tokens of SSO are kept
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_ENDPOINT_URL": "", "AWS_CONFIG_FILE": path, "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "", "AWS_CONTAINER_CREDENTIALS_FULL_URI": "", "AWS_WEB_IDENTITY_TOKEN_FILE": ""} {
		t.Setenv(name, value)
	}
}

// tokens is STS: it gives keys to whoever asks, and remembers what was asked.
func tokens(t *testing.T, refuse string) (endpoint string, asked func() []url.Values) {
	t.Helper()
	var mu sync.Mutex
	var all []url.Values
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		mu.Lock()
		all = append(all, r.PostForm)
		mu.Unlock()
		w.Header().Set("Content-Type", "text/xml")
		w.Header().Set("X-Amzn-Requestid", "r1")
		if refuse != "" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>`)
			_ = xml.EscapeText(w, []byte(refuse))
			fmt.Fprint(w, `</Message></Error><RequestId>r1</RequestId></ErrorResponse>`)
			return
		}
		action := r.PostForm.Get("Action")
		fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Credentials><AccessKeyId>AK-%[1]s</AccessKeyId>`+
			`<SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></%[1]sResult></%[1]sResponse>`, action)
	}))
	t.Cleanup(s.Close)
	return s.URL, func() []url.Values { mu.Lock(); defer mu.Unlock(); return all }
}

const someKeys = "aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"

func TestSession(t *testing.T) {
	profiles := "[profile plain]\nregion = eu-west-1\n" + someKeys +
		"[profile role]\nregion = eu-north-1\nsource_profile = plain\nrole_arn = arn:aws:iam::111122223333:role/reader\nmfa_serial = arn:aws:iam::111122223333:mfa/anna\n" +
		"[profile sso]\nregion = eu-west-1\nsso_session = ir\nsso_account_id = 111122223333\nsso_role_name = ir\n[sso-session ir]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n" +
		"[profile oldsso]\nregion = eu-west-1\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\nsso_account_id = 111122223333\nsso_role_name = ir\n" +
		"[profile orphan]\nrole_arn = arn:aws:iam::111122223333:role/reader\nsource_profile = gone\n"
	for _, c := range []struct {
		name       string
		session    *Session
		token      string // to be given; empty: nobody is there
		key        string // that is used then
		asked      map[string]string
		region     string
		wrong      string // what the error says
		wrongs     string // and advises
		askedTimes int
	}{
		{name: "a profile", session: &Session{Profile: "plain"}, key: "AKIDEXAMPLE", region: "eu-west-1"},
		{name: "another Region", session: &Session{Profile: "plain", Region: "us-west-2"}, key: "AKIDEXAMPLE", region: "us-west-2"},
		{name: "a role", session: &Session{Profile: "plain", RoleARN: "arn:aws:iam::444455556666:role/ir", ExternalID: "case-7"}, key: "AK-AssumeRole", region: "eu-west-1",
			asked: map[string]string{"Action": "AssumeRole", "RoleArn": "arn:aws:iam::444455556666:role/ir", "ExternalId": "case-7", "SerialNumber": "", "RoleSessionName": "logquarry"}},
		{name: "a role with a device", session: &Session{Profile: "plain", RoleARN: "arn:aws:iam::444455556666:role/ir", MFASerial: "arn:aws:iam::111122223333:mfa/anna"}, token: " 123456\n",
			key: "AK-AssumeRole", region: "eu-west-1", askedTimes: 1,
			asked: map[string]string{"Action": "AssumeRole", "SerialNumber": "arn:aws:iam::111122223333:mfa/anna", "TokenCode": "123456", "ExternalId": ""}},
		{name: "a device alone", session: &Session{Profile: "plain", MFASerial: "arn:aws:iam::111122223333:mfa/anna"}, token: "123456", key: "AK-GetSessionToken", region: "eu-west-1", askedTimes: 1,
			asked: map[string]string{"Action": "GetSessionToken", "SerialNumber": "arn:aws:iam::111122223333:mfa/anna", "TokenCode": "123456"}},
		{name: "a role of the profile", session: &Session{Profile: "role"}, token: "654321", key: "AK-AssumeRole", region: "eu-north-1", askedTimes: 1,
			asked: map[string]string{"Action": "AssumeRole", "RoleArn": "arn:aws:iam::111122223333:role/reader", "TokenCode": "654321"}},
		{name: "nobody to ask", session: &Session{Profile: "role"}, wrong: "nobody to ask", wrongs: "--mfa-token", region: "eu-north-1"},
		{name: "no token given", session: &Session{Profile: "plain", MFASerial: "m"}, token: " ", wrong: "no token of the MFA device", region: "eu-west-1", askedTimes: 1},
		{name: "SSO that was never begun", session: &Session{Profile: "sso"}, wrong: "the SSO session has expired or was never begun", wrongs: "aws sso login", region: "eu-west-1"},
		{name: "SSO of the older kind", session: &Session{Profile: "oldsso"}, wrong: "the SSO session has expired or was never begun", wrongs: "aws sso login", region: "eu-west-1"},
		{name: "a role whose source is missing", session: &Session{Profile: "orphan"}, wrong: "there is no profile gone", wrongs: "list-profiles"},
		{name: "no such profile", session: &Session{Profile: "plian"}, wrong: "there is no profile plian", wrongs: "list-profiles"},
		{name: "no Region", session: &Session{}, wrong: "no Region is named", wrongs: "--region"},
		{name: "no credentials", session: &Session{Region: "us-east-1"}, wrong: "there are no credentials", wrongs: "aws sso login", region: "us-east-1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			alone(t, profiles)
			endpoint, asked := tokens(t, "")
			t.Setenv("AWS_ENDPOINT_URL_STS", endpoint)
			times := 0
			if c.token != "" {
				c.session.Token = func() (string, error) { times++; return c.token, nil }
			}
			cfg, err := c.session.Config(t.Context(), "")
			if err == nil {
				if cfg.Region != c.region {
					t.Errorf("Region %s", cfg.Region)
				}
				for range 2 {
					keys, kerr := cfg.Credentials.Retrieve(t.Context())
					if err = Explain(kerr, Asked{}); err != nil {
						break
					}
					if keys.AccessKeyID != c.key {
						t.Errorf("key %s", keys.AccessKeyID)
					}
					// Another Region has the same keys, and the device is not asked again.
					if cfg, err = c.session.Config(t.Context(), "ap-south-1"); err != nil || cfg.Region != "ap-south-1" {
						t.Errorf("another Region: %s, %v", cfg.Region, err)
					}
				}
			}
			var e *Error
			switch {
			case c.wrong == "" && err != nil:
				t.Fatal(err)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("error %v", err)
			case c.wrong != "" && errors.As(err, &e) && !strings.Contains(e.Hint(), c.wrongs):
				t.Errorf("hint %q", e.Hint())
			}
			if times != c.askedTimes {
				t.Errorf("the token was asked for %d times", times)
			}
			if c.asked != nil {
				got := map[string]string{}
				for name := range c.asked {
					got[name] = asked()[0].Get(name)
				}
				if d := cmp.Diff(c.asked, got); d != "" || len(asked()) != 1 {
					t.Errorf("asked %d times: %s", len(asked()), d)
				}
			}
		})
	}
}

// A token of SSO that is kept and was taken back is refused by SSO itself.
func TestSSORefused(t *testing.T) {
	alone(t, "[profile sso]\nregion = eu-west-1\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\nsso_account_id = 111122223333\nsso_role_name = ir\n")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Amzn-ErrorType", "UnauthorizedException")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"message":"Session token not found or invalid"}`)
	}))
	defer server.Close()
	t.Setenv("AWS_ENDPOINT_URL_SSO", server.URL)
	cache := filepath.Join(os.Getenv("HOME"), ".aws/sso/cache")
	if err := os.MkdirAll(cache, 0o700); err != nil {
		t.Fatal(err)
	}
	name := sha1.Sum([]byte("https://example.awsapps.com/start"))
	if err := os.WriteFile(filepath.Join(cache, hex.EncodeToString(name[:])+".json"), []byte(`{"accessToken":"x","expiresAt":"2099-01-01T00:00:00Z"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := (&Session{Profile: "sso"}).Config(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = cfg.Credentials.Retrieve(t.Context())
	var e *Error
	if !errors.As(Explain(err, Asked{Profile: "sso"}), &e) || !e.Ends || !strings.HasPrefix(e.Reason, "the SSO session has expired") || !strings.Contains(e.Hint(), "aws sso login --profile sso") {
		t.Errorf("%v", err)
	}
}

func TestRoleRefused(t *testing.T) {
	alone(t, "[default]\n"+someKeys)
	endpoint, _ := tokens(t, "User: arn:aws:iam::111122223333:user/anna is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::444455556666:role/ir")
	t.Setenv("AWS_ENDPOINT_URL_STS", endpoint)
	s := &Session{RoleARN: "arn:aws-cn:iam::444455556666:role/ir", Endpoint: "http://127.0.0.1:1", Attempts: 3}
	cfg, err := s.ConfigOr(t.Context(), "", "us-east-1")
	if err != nil || cfg.Region != "us-east-1" || *cfg.BaseEndpoint != "http://127.0.0.1:1" || cfg.Retryer().MaxAttempts() != 3 {
		t.Fatalf("%+v, %v", cfg, err)
	}
	if _, ok := cfg.Retryer().(*retry.AdaptiveMode); !ok {
		t.Errorf("retried by %T", cfg.Retryer())
	}
	_, err = cfg.Credentials.Retrieve(t.Context())
	var e *Error
	if !errors.As(Explain(err, Asked{What: "s3://b/k"}), &e) || e.Permission != "sts:AssumeRole" || e.RequestID != "r1" ||
		!strings.HasPrefix(e.Error(), "s3://b/k: the role or session was refused: User: ") || !strings.Contains(e.Hint(), "--external-id") {
		t.Errorf("refused: %#v", e)
	}
	for arn, want := range map[string]string{"": "us-east-1", "arn:aws:iam::1:role/x": "us-east-1", "arn:aws-cn:iam::1:role/x": "cn-north-1", "arn:aws-us-gov:iam::1:role/x": "us-gov-west-1"} {
		if got := partitionRegion(arn); got != want {
			t.Errorf("%s: %s", arn, got)
		}
	}
	if n := parallelOf(3); n != 3 || parallelOf(0) != parallel {
		t.Errorf("%d connections", n)
	}
}
