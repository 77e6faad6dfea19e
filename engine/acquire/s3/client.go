package s3

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"logquarry/engine/acquire"
)

// clients has a client for each bucket, in the Region where the bucket is.
type clients struct {
	o *Options
	t *tally

	mu     sync.Mutex
	bucket map[string]*service.Client
	region map[string]*service.Client // a Region's is for all its buckets
	forced map[string]string          // the Region a bucket was found in
}

func newClients(o *Options, t *tally) *clients {
	return &clients{o: o, t: t, bucket: map[string]*service.Client{}, region: map[string]*service.Client{}, forced: map[string]string{}}
}

// s3Region is asked where a bucket is where nobody says: every Region knows.
const s3Region = "us-east-1"

func (c *clients) of(ctx context.Context, bucket string) (*service.Client, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if client, ok := c.bucket[bucket]; ok {
		return client, nil
	}
	cfg, err := c.o.Session.ConfigOr(ctx, c.forced[bucket], s3Region)
	if err != nil {
		return nil, err
	}
	client, ok := c.region[cfg.Region]
	if !ok {
		client = service.NewFromConfig(cfg, func(o *service.Options) {
			o.UsePathStyle = c.o.Session.PathStyle
			o.UseARNRegion = true
			o.DisableLogOutputChecksumValidationSkipped = true
		})
		c.region[cfg.Region] = client
	}
	c.bucket[bucket] = client
	return client, nil
}

// endpoint is what is asked where it is not AWS, as flags, the environment or the
// profile say: objects of two servers are two, whatever they are called.
func (c *clients) endpoint(ctx context.Context) (string, error) {
	cfg, err := c.o.Session.ConfigOr(ctx, "", s3Region)
	if err != nil {
		return "", err
	}
	// A service's own variable says it to its client alone.
	return aws.ToString(service.NewFromConfig(cfg).Options().BaseEndpoint), nil
}

// moved says whether err, of a request to used, is that the bucket is in another
// Region, and sees to it that it is asked there from now on.
func (c *clients) moved(ctx context.Context, bucket string, used *service.Client, err error) bool {
	var e *acquire.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
	default:
		return false
	}
	was, region := used.Options().Region, e.Region
	if region == "" || region == was {
		// Some answers name it only when they are asked for nothing else.
		c.t.add(func(s *Summary) { s.Requests++ })
		out, herr := used.HeadBucket(ctx, &service.HeadBucketInput{Bucket: &bucket})
		var named *acquire.Error
		switch {
		case herr == nil:
			region = aws.ToString(out.BucketRegion)
		case errors.As(acquire.Explain(herr, acquire.Asked{}), &named):
			region = named.Region
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case region == "" || region == was:
		return false
	case c.forced[bucket] != "":
		// Another lister found it out, after this one had asked.
		return c.forced[bucket] != was
	}
	c.forced[bucket] = region
	delete(c.bucket, bucket)
	c.t.add(func(s *Summary) {
		s.Notes = append(s.Notes, fmt.Sprintf("the bucket %s is in the Region %s, and not in %s: it is asked there", bucket, region, was))
	})
	return true
}

// payer is what a request says where the caller pays.
func (o *Options) payer() types.RequestPayer {
	if o.RequesterPays {
		return types.RequestPayerRequester
	}
	return ""
}

// customerKey are the three headers of SSE-C; nil without a key. S3 User Guide,
// "Using server-side encryption with customer-provided keys".
func (o *Options) customerKey() (algorithm, key, sum *string) {
	if o.CustomerKey == nil {
		return nil, nil, nil
	}
	hash := md5.Sum(o.CustomerKey)
	return aws.String("AES256"), aws.String(base64.StdEncoding.EncodeToString(o.CustomerKey)), aws.String(base64.StdEncoding.EncodeToString(hash[:]))
}

// explain is err in one line.
func (o *Options) explain(err error, what, permission, resource string) error {
	return acquire.Explain(err, acquire.Asked{What: what, Permission: permission, Resource: resource, Profile: o.Session.Profile, Parallel: true, SSEC: o.CustomerKey != nil})
}

// arn is the ARN of a bucket, or of objects in it.
func arn(bucket, key string) string {
	if strings.HasPrefix(bucket, "arn:") {
		if key != "" {
			key = "/object" + key
		}
		return bucket + key
	}
	return "arn:aws:s3:::" + bucket + key
}

func problemOf(err error) Problem {
	var e *acquire.Error
	if !errors.As(err, &e) {
		return Problem{Reason: err.Error()}
	}
	return Problem{e.What, e.Reason, e.Advice, e.Permission}
}

// fatal says whether no other request would fare better.
func fatal(err error) bool {
	var e *acquire.Error
	return !errors.As(err, &e) || e.Ends
}
