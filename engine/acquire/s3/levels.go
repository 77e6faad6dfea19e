package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"logquarry/engine/acquire"
)

// Levels lists a bucket level by level, to find out what is in it without listing
// all of it. Any number of goroutines may use it.
type Levels struct {
	o      Options
	bucket string
	t      tally
	c      *clients
}

// NewLevels makes a Levels of a bucket: o says by what session, and who pays.
func NewLevels(o Options, bucket string) *Levels {
	l := &Levels{o: o, bucket: bucket}
	l.c = newClients(&l.o, &l.t)
	return l
}

// Requests is how many were made so far.
func (l *Levels) Requests() int64 {
	l.t.mu.Lock()
	defer l.t.mu.Unlock()
	return l.t.s.Requests
}

// Below are the keys that begin with prefix, each cut behind the first delimiter
// after it, and once; those without one are left out. Its error is an
// *[acquire.Error], or the cause of a context that ended.
func (l *Levels) Below(ctx context.Context, prefix, delimiter string) ([]string, error) {
	var all []string
	var token *string
	for {
		client, err := l.c.of(ctx, l.bucket)
		if err != nil {
			return nil, err
		}
		l.t.add(func(s *Summary) { s.Requests++ })
		out, err := client.ListObjectsV2(ctx, &service.ListObjectsV2Input{Bucket: &l.bucket, Prefix: &prefix, Delimiter: &delimiter, ContinuationToken: token,
			EncodingType: types.EncodingTypeUrl, RequestPayer: l.o.payer()})
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			err = l.o.explain(err, Place{l.bucket, prefix}.String(), "s3:ListBucket", arn(l.bucket, ""))
			if l.c.moved(ctx, l.bucket, client, err) {
				continue
			}
			return nil, err
		}
		name := decoder(out.EncodingType)
		for _, p := range out.CommonPrefixes {
			all = append(all, name(p.Prefix))
		}
		if !aws.ToBool(out.IsTruncated) {
			return all, nil
		}
		if token = out.NextContinuationToken; token == nil {
			return nil, &acquire.Error{What: Place{l.bucket, prefix}.String(), Reason: "the listing goes on, and S3 does not say where"}
		}
	}
}
