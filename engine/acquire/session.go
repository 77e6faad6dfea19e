package acquire

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// Session is who asks AWS, and where. The zero value is what the AWS command
// would use: the environment, the profile, SSO, the role of the machine. A
// session asks for a token at most once, whatever is made of it; it is to be
// passed by pointer, and its fields left alone once one of its methods ran.
type Session struct {
	Profile string
	Region  string // empty: that of the environment or profile
	// RoleARN is a role to assume with the credentials found; ExternalID is what
	// it may want to hear.
	RoleARN, ExternalID string
	// MFASerial is the device whose Token goes with the request for the role, or,
	// without one, for a session of the user.
	MFASerial string
	// Token asks for the six digits; nil: there is nobody to ask.
	Token func() (string, error)
	// Endpoint is asked instead of AWS; PathStyle puts the bucket into the path
	// there, not into the host's name.
	Endpoint  string
	PathStyle bool
	// Attempts is how often a request is made before it fails; 0: 10.
	Attempts int
	// Parallel is how many connections to one host are kept; 0: 64.
	Parallel int
	// Options are further ones for the configuration.
	Options []func(*config.LoadOptions) error

	mu    sync.Mutex
	base  *aws.Config
	token func() (string, error)
}

const (
	// attempts with waits that grow to 20 s come to about a minute.
	attempts = 10
	parallel = 64
	// headWait is how long an answer may take to begin: S3's own limit is below it.
	headWait = time.Minute
)

// Config is the configuration for a Region; empty: that of the session. Where
// there is none, it is an error with a hint.
func (s *Session) Config(ctx context.Context, region string) (aws.Config, error) {
	cfg, err := s.ConfigOr(ctx, region, "")
	if err == nil && cfg.Region == "" {
		err = &Error{Ends: true, Reason: "no Region is named, and the environment and profile name none", Advice: "--region REGION names it"}
	}
	return cfg, err
}

// ConfigOr is [Session.Config] with the Region to take where none is named.
func (s *Session) ConfigOr(ctx context.Context, region, otherwise string) (aws.Config, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.base == nil {
		cfg, err := s.load(ctx)
		if err != nil {
			return aws.Config{}, Explain(err, Asked{Profile: s.Profile})
		}
		s.base = &cfg
	}
	cfg := s.base.Copy()
	for _, r := range []string{region, cfg.Region, otherwise} {
		if cfg.Region = r; r != "" {
			break
		}
	}
	return cfg, nil
}

func (s *Session) load(ctx context.Context) (aws.Config, error) {
	s.token = s.askOnce()
	client := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConnsPerHost = parallelOf(s.Parallel)
		t.MaxIdleConns = 2 * parallelOf(s.Parallel)
		t.ResponseHeaderTimeout = headWait
		// An object is wanted as it lies, and not as it unpacks.
		t.DisableCompression = true
	})
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		// The SDK would write to standard error of its own accord.
		config.WithLogger(logging.Nop{}),
		config.WithRetryer(func() aws.Retryer { return s.retryer() }),
		config.WithAssumeRoleCredentialOptions(func(o *stscreds.AssumeRoleOptions) { o.TokenProvider = s.token }),
	}
	if s.Profile != "" {
		options = append(options, config.WithSharedConfigProfile(s.Profile))
	}
	if s.Region != "" {
		options = append(options, config.WithRegion(s.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, append(options, s.Options...)...)
	if err != nil {
		return cfg, err
	}
	// STS has a global endpoint, for which any Region of the partition will do.
	regional := cfg.Copy()
	if regional.Region == "" {
		regional.Region = partitionRegion(s.RoleARN)
	}
	switch {
	case s.RoleARN != "":
		role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(regional), s.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName = "logquarry"
			if s.ExternalID != "" {
				o.ExternalID = &s.ExternalID
			}
			if s.MFASerial != "" {
				o.SerialNumber, o.TokenProvider = &s.MFASerial, s.token
			}
		})
		cfg.Credentials = aws.NewCredentialsCache(role)
	case s.MFASerial != "":
		cfg.Credentials = aws.NewCredentialsCache(&userSession{sts.NewFromConfig(regional), s.MFASerial, s.token})
	}
	if s.Endpoint != "" {
		cfg.BaseEndpoint = &s.Endpoint
	}
	return cfg, nil
}

func parallelOf(n int) int {
	if n <= 0 {
		return parallel
	}
	return n
}

// partitionRegion is a Region of the partition an ARN is of.
func partitionRegion(arn string) string {
	switch part, _, _ := strings.Cut(strings.TrimPrefix(arn, "arn:"), ":"); part {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	}
	return "us-east-1"
}

// retryer slows down where the service asks for it. The SDK's own bucket of
// tokens, which ends retrying for all once many fail at a time, is left out: the
// limit on the rate does its work, and a fetch is not to lose objects to it. What the
// SDK cannot read was cut off on its way, such as a page of a listing: it is asked for
// again, which the SDK does not do by itself.
func (s *Session) retryer() aws.Retryer {
	return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) {
			o.RateLimiter = ratelimit.None
			if o.MaxAttempts = s.Attempts; s.Attempts == 0 {
				o.MaxAttempts = attempts
			}
			o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(func(err error) aws.Ternary {
				var unread *smithy.DeserializationError
				if errors.As(err, &unread) {
					return aws.TrueTernary
				}
				return aws.UnknownTernary
			}))
		})
	})
}

// askOnce asks for a token the first time alone: a device's digits are good for one
// request, and asking again is for a new session.
func (s *Session) askOnce() func() (string, error) {
	asked := false
	return func() (string, error) {
		switch {
		case s.Token == nil:
			return "", &Error{Ends: true, Reason: "a token of an MFA device is wanted, and there is nobody to ask for it", Advice: "--mfa-token DIGITS gives it"}
		case asked:
			return "", &Error{Ends: true, Reason: "the session is over, and a token of an MFA device is good for one", Advice: "run the same command again with a new token: it goes on where it was"}
		}
		asked = true
		token, err := s.Token()
		if err == nil && len(strings.TrimSpace(token)) == 0 {
			err = &Error{Ends: true, Reason: "no token of the MFA device was given"}
		}
		return strings.TrimSpace(token), err
	}
}

// userSession asks STS for a session of the user with a token: policies may want
// one without a role. STS API Reference, GetSessionToken.
type userSession struct {
	client *sts.Client
	serial string
	token  func() (string, error)
}

func (u *userSession) Retrieve(ctx context.Context) (aws.Credentials, error) {
	token, err := u.token()
	if err != nil {
		return aws.Credentials{}, err
	}
	out, err := u.client.GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: &u.serial, TokenCode: &token})
	if err != nil {
		return aws.Credentials{}, err
	}
	c := out.Credentials
	if c == nil {
		return aws.Credentials{}, fmt.Errorf("STS answered without credentials")
	}
	return aws.Credentials{AccessKeyID: aws.ToString(c.AccessKeyId), SecretAccessKey: aws.ToString(c.SecretAccessKey), SessionToken: aws.ToString(c.SessionToken),
		Source: "GetSessionToken", CanExpire: true, Expires: aws.ToTime(c.Expiration)}, nil
}
